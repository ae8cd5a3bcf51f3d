"""Flips: case by case, what a challenger fixed and what it broke, and how much of that is chance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analyze.cells import check_arm, scores
from workbench.analyze.worddiff import Piece, word_diff
from workbench.analyze.wording import signed
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["FLIP_COLUMNS", "KINDS", "Flips", "flips"]

KINDS = ("broken", "fixed", "unchanged right", "unchanged wrong", "unknown")
"""What became of a case, from the incumbent to the challenger; the order of the table.

``unknown``: one of the arms has no score for it."""

FLIP_COLUMNS = (
    "case_id",
    "kind",
    "score_incumbent",
    "score_challenger",
    "n_incumbent",
    "n_challenger",
    "expected",
    "output_incumbent",
    "output_challenger",
)
"""Columns of a case: mean scores over `n_*` scored repeats, and an output of either arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips(Shown):
    """What became of every case. Made by `flips`.

    Parameters
    ----------
    score, incumbent, challenger, right_above
        As given.
    table
        One row a case: the columns of `FLIP_COLUMNS`, in the order of `KINDS`, the largest change first.
    noise_share
        Of the cases on which one draw of either arm differ in being right, the share that two draws of one
        arm would show as well, in [0, 1]; NaN where it cannot be told.
    noise_cases
        How many cases, with repeats in both arms, it rests on.
    """

    score: str
    incumbent: str
    challenger: str
    right_above: float
    table: pd.DataFrame
    noise_share: float
    noise_cases: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row a case."""
        return self.table

    @property
    def counts(self) -> dict[str, int]:
        """Number of cases by kind, every kind named."""
        found = self.table["kind"].value_counts()
        return {kind: int(found.get(kind, 0)) for kind in KINDS}

    @property
    def noise(self) -> str:
        """What is known of the share that is sampling noise, in words."""
        if not self.noise_cases:
            return "One repeat a case: what is sampling noise among the flips cannot be told."
        if math.isnan(self.noise_share):
            return f"No two draws differ on the {self.noise_cases} cases with repeats."
        return (
            f"Of the flips between single draws {self.noise_share:.0%} are sampling noise: two draws of one"
            f" arm differ that often too ({self.noise_cases} cases with repeats)."
        )

    @property
    def summary(self) -> str:
        """How many were fixed, broken and unchanged, and how much of the flips is noise."""
        of = self.counts
        known = len(self.table) - of["unknown"]
        net = (of["fixed"] - of["broken"]) / known if known else math.nan
        return "\n".join(
            [
                f"{self.incumbent} to {self.challenger}, by {self.score}: {of['fixed']} fixed,"
                f" {of['broken']} broken, {of['unchanged right']} unchanged right,"
                f" {of['unchanged wrong']} unchanged wrong of {known} cases; net {signed(net, points=True)}"
                + (f"; {of['unknown']} unknown" if of["unknown"] else ""),
                f"A case is right where its mean score over the repeats is above {self.right_above:g}.",
                self.noise,
            ]
        )

    def diff(self, case_id: str) -> tuple[Piece, ...]:
        """Return the word diff of a case's two outputs, redacted; empty where one of them is missing.

        Raises
        ------
        DatasetError
            Where there is no such case.
        """
        rows = self.table[self.table["case_id"] == case_id]
        if rows.empty:
            raise DatasetError("flips", f"there is no case {case_id!r}", "See frame for the cases.")
        before, after = rows.iloc[0][["output_incumbent", "output_challenger"]]
        if pd.isna(before) or pd.isna(after):
            return ()
        # Redacted as a whole: the pieces of a secret would no longer look like one.
        return word_diff(str(redact(before)), str(redact(after)))


def flips(
    frame: pd.DataFrame,
    score: str,
    incumbent: str,
    challenger: str,
    *,
    right_above: float | None = None,
) -> Flips:
    """Return what became of every case from the incumbent to the challenger.

    An arm is right on a case where its mean score over the scored repeats is above `right_above`: with
    yes/no scores, in more than half of them; a tie is not right. The output shown is of the first repeat
    on that side (of the first one scored, where none is).

    Noise: for a case on which the arms are right with chances p and q, single draws of either differ with
    chance ``p (1 - q) + q (1 - p) = [p (1 - p) + q (1 - q)] + (p - q)^2``. The bracket is what two draws
    within one arm show (the mean of both arms), the rest is a real change. Each is estimated without bias
    from pairs of repeats (U statistics: k of m right give ``k (m - k) / (m (m - 1))``), over the cases
    with at least two scored repeats in both arms; `noise_share` is the bracket over the left side, at most
    1. By majority over the repeats the share is smaller than between the single draws it is said of.

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    incumbent, challenger
        Names of arms.
    right_above
        Above this a score is right; None: 0.5, for scores in [0, 1].

    Raises
    ------
    DatasetError
        Where there is no such score or arm, or `right_above` is needed.
    """
    table = validate(frame)
    for arm in (incumbent, challenger):
        check_arm(table, arm)
    values = scores(table, score)
    if right_above is None:
        if not values.dropna().between(0, 1).all():
            raise DatasetError(
                "flips", f"the score {score!r} is not within 0 and 1", "Say what is right: right_above=…"
            )
        right_above = 0.5
    wide = table.assign(value=values, right=(values > right_above).astype("float64").where(values.notna()))
    before, after = (_side(wide[wide["arm"] == arm], right_above) for arm in (incumbent, challenger))
    joined = before.add_suffix("_incumbent").join(after.add_suffix("_challenger"), how="outer")
    share, count = _noise(joined)
    return Flips(
        score=score,
        incumbent=incumbent,
        challenger=challenger,
        right_above=right_above,
        table=_cases(joined, right_above),
        noise_share=share,
        noise_cases=count,
    )


def _side(own: pd.DataFrame, right_above: float) -> pd.DataFrame:
    """Return one arm's cases: mean score, scored repeats, how many of them are right, and one output."""
    cases = own.groupby("case_id", sort=False)
    out = pd.DataFrame(
        {"score": cases["value"].mean(), "n": cases["value"].count(), "right": cases["right"].sum()}
    )
    scored = own[own["value"].notna()].sort_values("repeat")
    side = scored["case_id"].map(out["score"]) > right_above
    typical = scored[(scored["right"] == 1) == side].groupby("case_id")[["output", "expected"]].first()
    first = scored.groupby("case_id")[["output", "expected"]].first()
    return out.join(typical.combine_first(first).reindex(columns=["output", "expected"]))


def _cases(joined: pd.DataFrame, right_above: float) -> pd.DataFrame:
    was, now = joined["score_incumbent"], joined["score_challenger"]
    kind = np.select(
        [
            was.isna() | now.isna(),
            (was > right_above) & (now <= right_above),
            (was <= right_above) & (now > right_above),
            was > right_above,
        ],
        ["unknown", "broken", "fixed", "unchanged right"],
        "unchanged wrong",
    )
    counts = {name: joined[name].fillna(0).astype("int64") for name in ("n_incumbent", "n_challenger")}
    expected = joined["expected_incumbent"].where(
        joined["expected_incumbent"].notna(), joined["expected_challenger"]
    )
    rows = joined.assign(
        kind=pd.Series(kind, index=joined.index, dtype="object"), expected=expected, **counts
    )
    rows = rows.assign(place=rows["kind"].map(KINDS.index), change=-(now - was).abs())
    rows = rows.rename_axis("case_id").reset_index().sort_values(["place", "change"], kind="stable")
    return rows[list(FLIP_COLUMNS)].reset_index(drop=True)


def _noise(joined: pd.DataFrame) -> tuple[float, int]:
    m, k = (
        joined[[f"{name}_incumbent", f"{name}_challenger"]].to_numpy(dtype=float) for name in ("n", "right")
    )
    repeated = (np.nan_to_num(m) >= 2).all(axis=1)
    m, k = m[repeated], k[repeated]
    within = (k * (m - k) / (m * (m - 1))).sum()
    p = k / m
    between = (p * (1 - p[:, ::-1])).sum()
    return (float(min(1.0, within / between)) if between > 0 else math.nan), int(repeated.sum())
