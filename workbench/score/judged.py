"""What judges gave: verdicts, abstentions and unusable replies counted; each judge's verdicts as ratings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.core.records import Score
from workbench.core.show import Shown
from workbench.score.asking import ABSTAINED, FAILED, UNPARSABLE

__all__ = ["JUDGED_COLUMNS", "Judged", "judged", "ratings"]

JUDGED_COLUMNS = (
    "scorer",
    "rater",
    "digest",
    "scores",
    "verdicts",
    "abstained",
    "unparsable",
    "failed",
    "other",
    "calls",
    "tokens_in",
    "tokens_out",
    "usage_unknown",
    "usd",
)
"""Columns of a judge's row; ``other`` counts what was missing for another reason (no answer, no majority)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged(Shown):
    """What judges gave, and what they took. Made by `judged`.

    Parameters
    ----------
    table
        One row a judge: the columns of `JUDGED_COLUMNS`. Tokens are of the calls whose usage is known;
        ``usd`` is NaN where any call's cost is unknown.
    """

    table: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row a judge."""
        return self.table

    @property
    def summary(self) -> str:
        """A line a judge: its verdicts, and what was none."""
        lines = []
        for row in self.table.to_dict("records"):
            cost = "cost unknown" if np.isnan(row["usd"]) else f"{row['usd']:.4g} USD"
            lost = [f"{row[name]:,} {name}" for name in ("abstained", "unparsable", "failed") if row[name]]
            lines.append(
                f"{row['scorer']} by {row['rater']}: {row['verdicts']:,} of {row['scores']:,} have a verdict"
                f"{''.join(f', {each}' for each in lost)}; {row['calls']:,} calls, {cost}"
            )
        return "\n".join(lines) or "No judge gave a score."


def judged(scores: Iterable[Score]) -> Judged:
    """Return what each judge gave: a verdict, an abstention, a reply that is none, a failure.

    A panel's and a cascade's judges have rows of their own, named ``panel/judge``; their calls are counted
    once, with the whole.
    """
    rows = list(scores)
    # A trial without an answer is missing before its judge hears of it: the definition says whose it is.
    raters = {(one.scorer, one.digest): one.rater for one in rows if one.source == "LLM_JUDGE"}
    groups: dict[tuple[str, str, str], list[Score]] = {}
    for score in rows:
        who = (score.scorer, score.digest)
        if who not in raters:
            continue
        groups.setdefault((score.scorer, raters[who] or "", score.digest), []).append(score)
        for part in score.parts:
            name = f"{score.scorer}/{part.scorer}"
            groups.setdefault((name, part.rater or "", part.digest), []).append(part)
    table = [_row(who, own) for who, own in groups.items()]
    return Judged(table=pd.DataFrame(table, columns=list(JUDGED_COLUMNS)))


def _row(who: tuple[str, str, str], scores: list[Score]) -> Mapping[str, Any]:
    whys = [score.missing for score in scores if score.missing is not None]
    lost = {
        "abstained": sum(why == ABSTAINED for why in whys),
        "unparsable": sum(why.startswith(UNPARSABLE) for why in whys),
        "failed": sum(why.startswith(FAILED) for why in whys),
    }
    attempts = [attempt for score in scores for attempt in score.attempts]
    known = [attempt.usage for attempt in attempts if attempt.usage is not None]
    costs = [np.nan if attempt.cost_usd is None else attempt.cost_usd for attempt in attempts]
    return {
        **dict(zip(("scorer", "rater", "digest"), who, strict=True)),
        "scores": len(scores),
        "verdicts": len(scores) - len(whys),
        **lost,
        "other": len(whys) - sum(lost.values()),
        "calls": len(attempts),
        "tokens_in": sum(usage.tokens_in for usage in known),
        "tokens_out": sum(usage.tokens_out for usage in known),
        "usage_unknown": len(attempts) - len(known),
        "usd": float(np.sum(costs)),
    }


def ratings(scores: Iterable[Score], name: str) -> pd.DataFrame:
    """Return each judge's verdicts on the same answers: the table that `agreement` takes.

    Parameters
    ----------
    scores
        Of any scorers.
    name
        Of a panel or a cascade: a column each of its judges. Of one judge: its column alone.

    Returns
    -------
    DataFrame
        Indexed by trial id; NaN where a judge gave no verdict or was not asked.
    """
    found = {score.trial_id: score.parts or (score,) for score in scores if score.scorer == name}
    rows = [{part.scorer: part.value for part in parts} for parts in found.values()]
    return pd.DataFrame(rows, index=pd.Index(found, name="trial_id"), dtype="float64")
