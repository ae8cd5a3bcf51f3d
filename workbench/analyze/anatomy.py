"""Anatomy of a prompt: what each of its blocks costs, what it brings, and how short it may be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from workbench.analyze.cells import case_means
from workbench.analyze.compare import Comparison
from workbench.analyze.wording import usd, with_bounds
from workbench.core.show import Shown

__all__ = ["ANATOMY_COLUMNS", "Anatomy", "anatomy"]

ANATOMY_COLUMNS = (
    "block",
    "kind",
    "text",
    "verdict",
    "tokens",
    "usd_per_1000",
    "usd_low",
    "usd_high",
    "effect",
    "low",
    "high",
    "n_cases",
    "arm",
    "reason",
)
"""Columns of a block's row: what it costs and what it adds, the whole prompt minus the one without it."""

WORDS = {"worse": "needed", "not worse": "not needed", "better": "harmful", "cannot tell": "cannot tell"}
"""What the verdict on the variant without a block says of the block."""

SUPERFLUOUS = ("not needed", "harmful")

_SHOWN = 60  # characters of a block that the summary quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy(Shown):
    """What each block of a prompt is worth. Made by `anatomy`.

    Parameters
    ----------
    variant
        Arm of the whole prompt.
    blocks
        One row a block, in order, the columns of `ANATOMY_COLUMNS`. ``verdict`` is needed (without it the
        prompt is worse), not needed (not worse by the margin), harmful (better without), cannot tell, or kept
        (it cannot be left out, and `reason` says why; its figures are missing). ``tokens`` are input tokens a
        request, ``usd_per_1000`` what 1,000 requests pay for it, its effect on the output's length included.
    tokens
        Input tokens of a request with the whole prompt, mean over the cases; NaN where unknown.
    drop
        Numbers of the blocks that are not needed or harmful, each taken alone.
    shortest
        Arm of the shortest variant that was shown not to be worse by the margin; `variant` itself where none
        was.
    shortest_tokens
        Input tokens of its requests.
    comparison
        Every variant without a block, against the whole.
    confirmation
        The variant without all blocks of `drop` against the whole, on cases that did not choose them; None:
        not asked.
    runs
        Handles of the calls, in order; empty where there are none.
    """

    variant: str
    blocks: pd.DataFrame
    tokens: float
    drop: tuple[int, ...]
    shortest: str
    shortest_tokens: float
    comparison: Comparison
    confirmation: Comparison | None = None
    runs: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a block."""
        return self.blocks

    @property
    def summary(self) -> str:
        """The shortest prompt that is not worse, then a line a block."""
        margin, points = self.comparison.margin, self.comparison.points
        lost = f"{100 * margin:g} points" if points else f"{margin:g}"
        lines = [self._verdict(lost)]
        for row in self.blocks.to_dict("records"):
            text = " ".join(str(row["text"]).split())
            text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
            if row["verdict"] == "kept":
                found = f"kept: {row['reason']}"
            else:
                effect = with_bounds(
                    row["effect"], row["low"], row["high"], points=points, alpha=self.comparison.alpha
                )
                price = usd(row["usd_per_1000"])
                size = "unknown" if math.isnan(row["tokens"]) else f"{row['tokens']:,.0f}"
                found = f"{row['verdict']}: adds {effect}, {size} tokens, {price} per 1,000 requests"
            lines.append(f"{row['block']}. “{text}” {found}")
        lines += [f"Note: {note}" for note in self.comparison.notes]
        return "\n".join(lines)

    def _verdict(self, lost: str) -> str:
        if self.shortest == self.variant:
            words = f"No block of {self.variant} is shown to be superfluous (a loss below {lost} is none)"
        else:
            saved = 1 - self.shortest_tokens / self.tokens
            share = "" if math.isnan(saved) else f": {saved:.0%} fewer input tokens"
            words = f"Shortest that is not worse by {lost}: {self.shortest}{share}"
        if len(self.drop) > 1 and self.confirmation is None:
            each = ", ".join(map(str, self.drop))
            words += (
                f". Blocks {each} are each superfluous alone; together they were not tried: give cases to "
                "confirm on"
            )
        return f"{words}."


def anatomy(
    frame: pd.DataFrame,
    comparison: Comparison,
    blocks: pd.DataFrame,
    *,
    confirmation: tuple[pd.DataFrame, Comparison] | None = None,
    runs: Sequence[Any] = (),
) -> Anatomy:
    """Return what each block of a prompt is worth, from arms that each leave one out.

    The intervals are the comparison's, which hold for all blocks at once. A block's effect is that of leaving
    it out while everything else stays, and it is superfluous only where that also holds with failures as
    wrong. Of two blocks that say the same each is superfluous, and both together may not be: all of them are
    left out together only in a variant of its own, judged on cases that did not choose it (`confirmation`).

    Parameters
    ----------
    frame
        The trial table of the comparison.
    comparison
        The whole prompt is the incumbent.
    blocks
        Columns block (its number), kind, text, arm (of the variant without it; missing where it is kept) and
        reason (why it is kept).
    confirmation
        Trial table and comparison of the variant without all blocks that are not needed; None: not asked.
    runs
        Handles of the calls.
    """
    whole = comparison.incumbent
    sizes = case_means(frame, frame["tokens_in"].astype("float64"))
    found = comparison.differences.set_index("arm")
    rows = [_row(row, found, sizes, whole) for row in blocks.to_dict("records")]
    table = pd.DataFrame(rows, columns=list(ANATOMY_COLUMNS))
    gone = table["verdict"].isin(SUPERFLUOUS)
    candidates = {row["arm"]: row["tokens"] for row in table[gone].to_dict("records")}
    confirmed = None
    if confirmation is not None:
        rest, confirmed = confirmation
        sized = case_means(rest, rest["tokens_in"].astype("float64"))
        for row in confirmed.differences.to_dict("records"):
            if all(WORDS[row[name]] in SUPERFLUOUS for name in ("verdict", "verdict_if_failures_wrong")):
                candidates[row["arm"]] = _saved(sized, row["arm"], confirmed.incumbent)
    # Of unknown size: the one that leaves out more comes later, and wins.
    shortest = max(reversed(candidates), key=lambda arm: np.nan_to_num(candidates[arm]), default=whole)
    tokens = float(sizes[whole].mean()) if whole in sizes else math.nan
    return Anatomy(
        variant=whole,
        blocks=table,
        tokens=tokens,
        drop=tuple(int(number) for number in table.loc[gone, "block"]),
        shortest=shortest,
        shortest_tokens=tokens - candidates.get(shortest, 0.0),
        comparison=comparison,
        confirmation=confirmed,
        runs=tuple(runs),
    )


def _saved(sizes: pd.DataFrame, arm: str, whole: str) -> float:
    """Return the input tokens that an arm saves a request, over the cases of both; NaN where unknown."""
    if arm not in sizes or whole not in sizes:
        return math.nan
    return float((sizes[whole] - sizes[arm]).mean())


def _row(row: dict[Any, Any], found: pd.DataFrame, sizes: pd.DataFrame, whole: str) -> dict[str, Any]:
    same = {name: row[name] for name in ("block", "kind", "text")}
    arm = row["arm"]
    if pd.isna(arm) or arm not in found.index:
        nothing = dict.fromkeys(ANATOMY_COLUMNS[4:11], math.nan)
        why = row["reason"] if pd.isna(arm) else "nothing was asked of the variant without it"
        kind = "kept" if pd.isna(arm) else "cannot tell"
        return {**same, **nothing, "verdict": kind, "n_cases": 0, "arm": "", "reason": why}
    left = found.loc[arm]
    verdict, reason = WORDS[left["verdict"]], left["reason"]
    counted = WORDS[left["verdict_if_failures_wrong"]]
    if verdict in SUPERFLUOUS and counted not in SUPERFLUOUS:
        verdict, reason = "cannot tell", f"with failures as wrong it is {counted}"
    return {
        **same,
        "verdict": verdict,
        "tokens": _saved(sizes, arm, whole),
        "usd_per_1000": -left["cost_difference_usd_per_1000"],
        "usd_low": -left["cost_high"],
        "usd_high": -left["cost_low"],
        "effect": -left["difference"],
        "low": -left["high"],
        "high": -left["low"],
        "n_cases": left["n_cases"],
        "arm": arm,
        "reason": reason,
    }
