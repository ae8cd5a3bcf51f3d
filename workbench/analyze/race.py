"""The result of a race: who was dropped when, who won, and what is known of each against the incumbent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import case_means, scores_with_failures
from workbench.analyze.racing import Racing
from workbench.analyze.sequence import anytime_bounds, anytime_p, confidence_sequence
from workbench.analyze.wording import with_bounds
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["METHOD", "RACE_COLUMNS", "Race", "race_result"]

RACE_COLUMNS = (
    "arm",
    "status",
    "cases",
    "pairs",
    "quality",
    "estimate",
    "low",
    "high",
    "p_value",
    "estimate_if_failures_wrong",
    "low_if_failures_wrong",
    "high_if_failures_wrong",
    "dropped_by",
    "calls",
)
"""Columns of an arm's row; estimates are of its difference from the incumbent, paired by case."""

METHOD = "anytime-valid: betting confidence sequence on paired differences, looked at after every case"
"""How the intervals were made, in words for a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Race(Shown):
    """Where a race stands. Made by `race_result`.

    Parameters
    ----------
    score, incumbent
        What quality is; the arm that all are measured against.
    alpha, within
        Error of the whole race; how much worse an arm must be to be dropped, in the score's unit.
    arms
        One row an arm, in the plan's order, the columns of `RACE_COLUMNS`. ``status`` is eliminated,
        contender or winner; ``cases`` the complete cases it was in the race for; ``dropped_by``
        the arm that spoke most against it, empty where none; ``low`` and ``high`` hold at
        every look and for all challengers at once, with a chance of at least 1 - `alpha`; ``calls`` its rows,
        those that were under way when it was dropped included.
    seen, planned
        Complete cases looked at; cases there are.
    grid
        Calls that the whole grid takes.
    ended
        Why it ended, in words.
    order
        Ids of the cases seen, in their seeded order.
    scores
        Scores of the cases that count, in the score's unit: cases × arms, in order; NaN where missing or not
        asked.
    span
        Greatest minus least possible score.
    execution_id
        Of the calls; empty where there is none.
    run
        The handle of the calls; None where there is none.
    """

    score: str
    incumbent: str
    alpha: float
    within: float
    arms: pd.DataFrame
    seen: int
    planned: int
    grid: int
    ended: str
    order: tuple[str, ...]
    scores: pd.DataFrame
    span: float = 1.0
    execution_id: str = ""
    run: Any = field(default=None, repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.arms

    @property
    def winner(self) -> str | None:
        """The arm that is left; None where several are."""
        won = self.arms.loc[self.arms["status"] == "winner", "arm"]
        return str(won.iloc[0]) if len(won) else None

    @property
    def contenders(self) -> tuple[str, ...]:
        """The arms that were not dropped, the winner among them."""
        return tuple(self.arms.loc[self.arms["status"] != "eliminated", "arm"])

    @property
    def calls(self) -> int:
        """Rows of all arms."""
        return int(self.arms["calls"].sum())

    @property
    def evidence(self) -> dict[str, Any]:
        """What a decision says of where its evidence comes from: plain values."""
        return {
            "kind": "race",
            "method": METHOD,
            "execution_id": self.execution_id,
            "score": self.score,
            "incumbent": self.incumbent,
            "alpha": self.alpha,
            "within": self.within,
            "looks": len(self.scores),
            "cases_seen": self.seen,
            "cases_planned": self.planned,
            "calls": self.calls,
            "grid": self.grid,
            "ended": self.ended,
            "winner": self.winner,
            "arms": {row["arm"]: row["status"] for row in self.arms.to_dict("records")},
        }

    @property
    def summary(self) -> str:
        """Who won or is left, calls used of the grid, and a line an arm."""
        left = self.contenders
        first = f"Winner: {self.winner}" if self.winner else f"No winner: {len(left)} arms are left"
        share = self.calls / self.grid if self.grid else 0.0
        lines = [
            f"{first}. {self.ended}: {self.seen:,} of {self.planned:,} cases seen, {self.calls:,} of "
            f"{self.grid:,} calls ({share:.0%})",
            f"{self.score}, each arm against {self.incumbent}; the intervals hold at every look:",
        ]
        for row in self.arms.to_dict("records"):
            if row["arm"] == self.incumbent:
                found = "the incumbent"
            else:
                found = with_bounds(
                    row["estimate"], row["low"], row["high"], points=self.span == 1, alpha=self.alpha
                )
            by = f" after {row['cases']:,} cases by {row['dropped_by']}" if row["dropped_by"] else ""
            lines.append(f"{row['arm']}: {row['status']}{by}, {found}")
        return "\n".join(lines)

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a trial table that the race rests on.

        Left out is what had landed beyond the complete prefix, or for an arm after it was dropped: fast
        replies are no fair sample.
        """
        places = {case: index for index, case in enumerate(self.order)}
        until = dict(zip(self.arms["arm"], self.arms["cases"], strict=True)) | {self.incumbent: self.seen}
        place = frame["case_id"].map(places)
        return frame[place.notna() & (place < frame["arm"].map(until))]

    def sequence(self, arm: str, looks: int = 100) -> pd.DataFrame:
        """Return the interval of an arm's difference at so many looks: cases, estimate, low, high.

        Raises
        ------
        DatasetError
            Where no arm but the incumbent has this name.
        """
        if arm not in self.scores or arm == self.incumbent:
            known = ", ".join(str(name) for name in self.scores if name != self.incumbent)
            raise DatasetError("race", f"there is no challenger {arm!r}", f"Challengers: {known}.")
        gains = (self.scores[arm] - self.scores[self.incumbent]).to_numpy() / self.span
        last = int(np.flatnonzero(~np.isnan(gains)).max(initial=-1)) + 1
        at = np.unique(np.linspace(1, max(1, last), looks, dtype=int))
        found = confidence_sequence(gains, self.alpha / (len(self.arms) - 1), at=at.tolist())
        return found.assign(**{name: found[name] * self.span for name in ("estimate", "low", "high")})


def race_result(
    racing: Racing,
    frame: pd.DataFrame,
    score: str,
    *,
    ended: str,
    grid: int,
    execution_id: str = "",
    run: Any = None,
) -> Race:
    """Return where a race stands.

    Parameters
    ----------
    racing
        Of `workbench.analyze.racing.replay`.
    frame
        The trial table that it was made from.
    score
        Name of the score.
    ended, grid, execution_id, run
        As in `Race`.
    """
    rules, table = racing.rules, validate(frame)
    span = rules.bounds[1] - rules.bounds[0]
    plain = pd.DataFrame(racing.matrix, index=racing.counted, columns=list(racing.arms))
    wrong = plain.copy()
    if racing.counted:
        means = (case_means(table, scores_with_failures(table, score)) - rules.bounds[0]) / span
        wrong = means.reindex(index=plain.index, columns=plain.columns).clip(0, 1)
    places = {case: place for place, case in enumerate(racing.cases)}
    at = np.array([places[case] for case in racing.counted])
    for arm, left in racing.left_at.items():
        if arm != rules.incumbent:
            wrong.loc[at >= left, arm] = np.nan
    rows = [_row(racing, arm, plain, wrong, span) for arm in racing.arms]
    arms = pd.DataFrame(rows)
    arms["calls"] = arms["arm"].map(table["arm"].value_counts()).fillna(0).astype("int64")
    return Race(
        score=score,
        incumbent=rules.incumbent,
        alpha=rules.alpha,
        within=rules.within,
        arms=arms[list(RACE_COLUMNS)],
        seen=racing.seen,
        planned=len(racing.cases),
        grid=grid,
        ended=ended,
        order=racing.cases[: racing.seen],
        scores=rules.bounds[0] + span * plain,
        span=span,
        execution_id=execution_id,
        run=run,
    )


def _row(racing: Racing, arm: str, plain: pd.DataFrame, wrong: pd.DataFrame, span: float) -> dict[str, Any]:
    rules = racing.rules
    level = rules.alpha / (len(racing.arms) - 1)
    place = racing.arms.index(arm)
    by = int(racing.elimination.left_by[place])
    status = "eliminated" if arm in racing.left_at else "contender"
    if racing.contenders == (arm,):
        status = "winner"
    row: dict[str, Any] = {
        "arm": arm,
        "status": status,
        "cases": racing.left_at.get(arm, racing.seen),
        "quality": rules.bounds[0] + span * plain[arm].mean(),
        "dropped_by": racing.arms[by] if by >= 0 else "",
    }
    for table, ending in ((plain, ""), (wrong, "_if_failures_wrong")):
        gains = (table[arm] - table[rules.incumbent]).to_numpy()
        known = gains[~np.isnan(gains)]
        row |= _found(known if arm != rules.incumbent else known[:0], level, span, ending)
        if not ending:
            row |= {"pairs": len(known), "p_value": anytime_p(known) if arm != rules.incumbent else np.nan}
    return row


def _found(known: NDArray[np.float64], level: float, span: float, ending: str) -> dict[str, float]:
    low, high = anytime_bounds(known, level) if len(known) else (np.nan, np.nan)
    estimate = float(known.mean()) if len(known) else np.nan
    return {
        f"{name}{ending}": span * value
        for name, value in (("estimate", estimate), ("low", low), ("high", high))
    }
