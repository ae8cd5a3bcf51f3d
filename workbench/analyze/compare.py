"""Compare the arms of a study: each alone, each against the incumbent, and what to beware of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analyze.arms import ARM_COLUMNS, arm_table
from workbench.analyze.cells import case_clusters, case_means, check_arm, scores, scores_with_failures
from workbench.analyze.chances import point_front
from workbench.analyze.correct import family
from workbench.analyze.deeper import Deeper
from workbench.analyze.frontier import front_status
from workbench.analyze.latency_pairs import latency_differences
from workbench.analyze.notes import notes
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.verdicts import judged
from workbench.analyze.wording import usd, with_bounds
from workbench.core.show import Shown
from workbench.core.table import validate

__all__ = ["DIFFERENCE_COLUMNS", "Comparison", "compare"]

DIFFERENCE_COLUMNS = (
    "arm",
    "n_cases",
    "difference",
    "low",
    "high",
    "p_value",
    "p_adjusted",
    "verdict",
    "difference_if_failures_wrong",
    "verdict_if_failures_wrong",
    "cost_difference_usd_per_1000",
    "cost_low",
    "cost_high",
    "latency_p50_difference_s",
    "latency_p50_low_s",
    "latency_p50_high_s",
    "latency_p95_difference_s",
    "latency_p95_low_s",
    "latency_p95_high_s",
    "latency_reason",
    "share_gap",
    "sd",
    "reason",
)
"""Columns of a challenger's row: challenger minus incumbent, paired by case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Deeper, Shown):
    """The arms of a study, side by side and against the incumbent. Made by `compare`.

    What it can be asked further is in `deeper.Deeper`: `frontier`, `all_pairs`, `slices`, `flips`,
    `variance`, `confirm`.

    Parameters
    ----------
    score
        Name of the score that quality is.
    incumbent
        Name of the arm that the others are compared with.
    margin
        A loss of quality that does not matter, in the score's unit, >= 0.
    alpha
        Two-sided error of the whole family of challengers.
    arms
        One row an arm, the incumbent first, then by quality: the columns of `ARM_COLUMNS` and ``front``.
    differences
        One row a challenger: the columns of `DIFFERENCE_COLUMNS`.
    notes
        What a reader must know before believing it.
    points
        Whether all scores lie in [0, 1], so that differences can be said in points of 100.
    trials
        The trial table it was made from; None where it was put together otherwise.
    labels
        People's labels that correct the score (`corrected.corrected`); None: the scores are as they are.
    """

    score: str
    incumbent: str
    margin: float
    alpha: float
    arms: pd.DataFrame
    differences: pd.DataFrame
    notes: tuple[str, ...] = ()
    points: bool = True
    trials: pd.DataFrame | None = None
    labels: int | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.arms

    @property
    def front(self) -> pd.DataFrame:
        """The quality–cost front by point estimates, cheapest first; `front` says what is known for sure."""
        on = point_front(self.arms["quality_mean"], self.arms["cost_usd_per_1000"])
        columns = ["arm", "quality_mean", "cost_usd_per_1000", "front"]
        return self.arms.loc[on, columns].sort_values("cost_usd_per_1000", ignore_index=True)

    @property
    def summary(self) -> str:
        """One line a challenger, then the notes."""
        lines = [f"{self.score}, each arm against {self.incumbent}, paired by case:"]
        for row in self.differences.to_dict("records"):
            change = row["cost_difference_usd_per_1000"]
            more = "more" if change >= 0 else "less"
            cost = (
                "cost unknown" if np.isnan(change) else f"costs {usd(abs(change))} {more} per 1,000 requests"
            )
            found = with_bounds(
                row["difference"], row["low"], row["high"], points=self.points, alpha=self.alpha
            )
            lines.append(f"{row['arm']}: {row['verdict']}, {found}, {cost}")
        lines.extend(f"Note: {note}" for note in self.notes)
        return "\n".join(lines)


def compare(
    frame: pd.DataFrame, score: str, incumbent: str, margin: float = 0.0, alpha: float = 0.05
) -> Comparison:
    """Compare every arm with the incumbent, paired by case.

    The unit is the case: repeats are averaged first, and cases that share a call are one cluster. What is
    missing is left out of a pair and counted; beside it stands the difference with failures counted as
    wrong. Verdicts, under one error level for all challengers (`correct.family`):

    - ``better``, ``worse``: the difference is not zero by Holm's test.
    - ``not worse``: the interval's lower bound is above -margin (only where `margin` > 0). It goes before
      ``worse``: a loss smaller than the margin does not matter, and that was said beforehand.
    - ``cannot tell``: none of these.

    Cost differences have simultaneous intervals at the same level, of their own family; so have differences
    of the median and of the 95th percentile of latency, on the cases both arms were timed on
    (`latency_pairs.latency_differences`).

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score that quality is, without ``score_``.
    incumbent
        Name of an arm.
    margin
        In the score's unit, >= 0.
    alpha
        In (0, 1).

    Raises
    ------
    DatasetError
        Where the table is empty, has no such score or no such arm, or a cell occurs twice.
    """
    table = validate(frame)
    check_arm(table, incumbent)
    values, wrong = scores(table, score), scores_with_failures(table, score)
    clusters, kind = case_clusters(table), scale(values)
    quality, cost = case_means(table, values), case_means(table, 1000 * table["cost_usd"])
    arms = arm_table(table, score, clusters, scale=kind, alpha=alpha)
    arms["first"] = arms["arm"] == incumbent
    arms = arms.sort_values(["first", "quality_mean"], ascending=False, ignore_index=True, kind="stable")
    status = front_status(quality, cost, clusters, scale=kind, margin=margin, alpha=alpha)
    arms["front"] = arms["arm"].map(status)
    arms = arms[[*ARM_COLUMNS, "front"]]
    names = [name for name in arms["arm"] if name != incumbent]
    differences = _differences(
        names, incumbent, quality, case_means(table, wrong), cost, clusters, kind, margin=margin, alpha=alpha
    )
    differences = differences.join(_late(table, names, incumbent, clusters, alpha))
    differences["share_gap"] = _share_gaps(arms)[names].to_numpy()
    return Comparison(
        score=score,
        incumbent=incumbent,
        margin=margin,
        alpha=alpha,
        arms=arms,
        differences=differences[list(DIFFERENCE_COLUMNS)],
        notes=notes(table, arms, differences, incumbent),
        points=kind.bounds is not None,
        trials=table,
    )


def _late(
    table: pd.DataFrame, names: list[str], incumbent: str, clusters: pd.Series, alpha: float
) -> pd.DataFrame:
    """Return each challenger's differences of latency percentiles, in the order of `names`."""
    found = latency_differences(table, [(name, incumbent) for name in names], clusters, alpha=alpha)
    out = pd.DataFrame(index=range(len(names)))
    for at in (50, 95):
        rows = found[found["percentile"] == at]
        for end in ("difference", "low", "high"):
            out[f"latency_p{at}_{end}_s"] = rows[f"{end}_s"].to_numpy()
        out["latency_reason"] = rows["reason"].to_numpy()
    return out


def _differences(
    names: list[str],
    incumbent: str,
    quality: pd.DataFrame,
    wrong: pd.DataFrame,
    cost: pd.DataFrame,
    clusters: pd.Series,
    kind: Scale,
    *,
    margin: float,
    alpha: float,
) -> pd.DataFrame:
    pairs = [(name, incumbent) for name in names]
    out = judged(paired_columns(quality, pairs, clusters, kind), kind, margin, alpha)
    counted = judged(paired_columns(wrong, pairs, clusters, kind), kind, margin, alpha)
    money = paired_columns(cost, pairs, clusters)
    bounds = family(money["center"], money["se"], money["df"], alpha)
    return out.assign(
        arm=names,
        difference_if_failures_wrong=counted["difference"],
        verdict_if_failures_wrong=counted["verdict"],
        cost_difference_usd_per_1000=money["estimate"],
        cost_low=bounds.low,
        cost_high=bounds.high,
    )


def _share_gaps(arms: pd.DataFrame) -> pd.Series:
    """Return, by arm, the answered or the scored share minus the incumbent's (first row), the larger gap."""
    table = arms.set_index("arm")
    answered, scored = table["answered"] / table["attempted"], table["scored"] / table["attempted"]
    first: pd.Series = answered - answered.iloc[0]
    second: pd.Series = scored - scored.iloc[0]
    return first.where(first.abs() >= second.abs(), second)
