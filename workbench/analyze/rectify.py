"""Arms by what people would say: a judge's verdicts corrected by people's labels on some of the cases."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from workbench.analyze.cells import check_arm
from workbench.analyze.correct import family
from workbench.analyze.labeled import Labeled, labeled
from workbench.analyze.labels_needed import labels_needed
from workbench.analyze.ppi import Rectified
from workbench.analyze.verdicts import judged
from workbench.analyze.wording import signed, with_bounds
from workbench.core.show import Shown

__all__ = ["CORRECTED_COLUMNS", "Corrected", "rectify"]

CORRECTED_COLUMNS = (
    "arm",
    "cases",
    "labeled",
    "judge_mean",
    "quality_mean",
    "quality_low",
    "quality_high",
    "quality_if_failures_wrong",
    "tuning",
    "labels_worth",
    "rank_low",
    "rank_high",
    "reason",
)
"""Columns of an arm's row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected(Shown):
    """Arms by what people would say, from a judge's verdicts and people's labels. Made by `rectify`.

    Parameters
    ----------
    score, incumbent, margin, alpha
        As of a `Comparison`.
    arms
        One row an arm, best first: the columns of `CORRECTED_COLUMNS`. ``judge_mean`` is the judge's alone;
        ``labels_worth`` as many labels alone would be as sure; ``rank_low`` to ``rank_high`` hold the true
        rank (1 is best) of all arms at once (Chatzi et al. 2024, arXiv 2402.17826).
    differences
        One row a challenger: the columns of `verdicts.VERDICT_COLUMNS`, ``arm``, ``labeled`` cases,
        ``judge_difference``, ``tuning``, difference and verdict with failures as wrong, and ``more_labels``:
        0 where it is settled, NaN where labels on all cases would not do.
    pairs
        (arm, other) -> simultaneous bounds of the difference, of every ordered pair.
    labels
        Labels that count, over all arms and cases.
    assumed
        Whether the labels are taken for a simple random sample because nobody said how they were drawn.
    points
        Whether differences can be said in points of 100.
    """

    score: str
    incumbent: str
    margin: float
    alpha: float
    arms: pd.DataFrame
    differences: pd.DataFrame
    pairs: Mapping[tuple[str, str], tuple[float, float]]
    labels: int
    assumed: bool
    points: bool

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.arms

    @property
    def summary(self) -> str:
        """One line a challenger: corrected, as the judge said it, how many more labels would settle it."""
        lines = [f"{self.score} by people, from {self.labels:,} labels and the judge on all cases:"]
        for row in self.differences.to_dict("records"):
            found = with_bounds(
                row["difference"], row["low"], row["high"], points=self.points, alpha=self.alpha
            )
            line = f"{row['arm']}: {row['verdict']}, {found}"
            line += f"; the judge alone said {signed(row['judge_difference'], points=self.points)}"
            more = row["more_labels"]
            if row["reason"] is not None and math.isnan(row["low"]):
                line += f"; {row['reason']}"
            elif math.isnan(more):
                line += "; labels on all cases would not settle it: it needs more cases"
            elif more > 0:
                line += f"; about {more:,.0f} more labeled cases would settle it, if it stays as it is"
            lines.append(line)
        if self.assumed:
            lines.append("Note: taken as if the labeled cases had been drawn at random")
        return "\n".join(lines)


def rectify(
    table: pd.DataFrame,
    score: str,
    labels: pd.DataFrame,
    incumbent: str,
    margin: float = 0.0,
    alpha: float = 0.05,
    *,
    strata: pd.Series | None = None,
) -> Corrected:
    """Return the arms by what people would say: means, paired differences, ranks (`ppi.rectified_mean`).

    Right for any judge, also one that is useless or wrong, as long as the labeled cases were drawn with the
    probabilities that the labels carry. A bad judge costs width and no truth.

    Parameters
    ----------
    table
        A trial table.
    score
        Name of the judge's score.
    labels, strata
        As in `labeled.labeled`.
    incumbent
        Name of an arm.
    margin
        A loss that does not matter, in the score's unit, >= 0.
    alpha
        Two-sided error of all challengers together, and of all ranks together, in (0, 1).

    Raises
    ------
    DatasetError
        Where the table has no such score or arm, or the labels do not fit (`labeled.labeled`).
    """
    check_arm(table, incumbent)
    both = labeled(table, score, labels, strata)
    names = list(both.judged.columns)
    challengers = [name for name in names if name != incumbent]
    pairs = _pairs(both, alpha)
    return Corrected(
        score=score,
        incumbent=incumbent,
        margin=margin,
        alpha=alpha,
        arms=_arms(both, pairs, alpha),
        differences=_differences(both, challengers, incumbent, margin, alpha),
        pairs=pairs,
        labels=int(both.people.notna().to_numpy().sum()),
        assumed=both.assumed,
        points=both.kind.bounds is not None,
    )


def _pairs(both: Labeled, alpha: float) -> dict[tuple[str, str], tuple[float, float]]:
    names = list(itertools.combinations(both.judged.columns, 2))
    found = [both.difference(*pair) for pair in names]
    bounds = family(
        [one.estimate for one in found], [one.se for one in found], [one.df for one in found], alpha
    )
    out = {}
    for (one, other), low, high in zip(names, bounds.low, bounds.high, strict=True):
        out[one, other] = (float(low), float(high))
        out[other, one] = (-float(high), -float(low))
    return out


def _arms(both: Labeled, pairs: Mapping[tuple[str, str], tuple[float, float]], alpha: float) -> pd.DataFrame:
    rows = []
    names = list(both.judged.columns)
    for arm in names:
        found, alone = both.mean(arm), both.mean(arm, tuning=0.0)
        low, high = found.interval(binary=both.kind.binary, bounds=both.kind.bounds, alpha=alpha)
        rivals = [pairs[other, arm] for other in names if other != arm]
        ranked = not any(math.isnan(low) for low, _ in rivals)
        rows.append(
            {
                "arm": arm,
                "cases": found.units,
                "labeled": found.labeled,
                "judge_mean": float(both.judged[arm].mean()),
                "quality_mean": found.estimate,
                "quality_low": low,
                "quality_high": high,
                "quality_if_failures_wrong": both.mean(arm, wrong=True).estimate,
                "tuning": found.tuning,
                "labels_worth": found.labeled * (alone.se / found.se) ** 2 if found.se > 0 else math.nan,
                "rank_low": 1 + sum(low > 0 for low, _ in rivals) if ranked else math.nan,
                "rank_high": len(names) - sum(high < 0 for _, high in rivals) if ranked else math.nan,
                "reason": found.reason,
            }
        )
    out = pd.DataFrame(rows, columns=list(CORRECTED_COLUMNS))
    return out.sort_values("quality_mean", ascending=False, ignore_index=True, kind="stable")


def _differences(
    both: Labeled, names: list[str], incumbent: str, margin: float, alpha: float
) -> pd.DataFrame:
    plain = [both.difference(name, incumbent) for name in names]
    wrong = [both.difference(name, incumbent, wrong=True) for name in names]
    out = judged(_moments(plain), both.kind, margin, alpha)
    counted = judged(_moments(wrong), both.kind, margin, alpha)
    level = alpha / max(1, len(names))
    return out.assign(
        arm=names,
        labeled=[one.labeled for one in plain],
        judge_difference=[float((both.judged[name] - both.judged[incumbent]).mean()) for name in names],
        tuning=[one.tuning for one in plain],
        difference_if_failures_wrong=counted["difference"],
        verdict_if_failures_wrong=counted["verdict"],
        more_labels=[
            _more(one, str(verdict), margin, level)
            for one, verdict in zip(plain, out["verdict"], strict=True)
        ],
    )


def _moments(found: list[Rectified]) -> pd.DataFrame:
    rows = [
        {
            "estimate": one.estimate,
            "center": one.estimate,
            "se": one.se,
            "df": one.df,
            "n": one.units,
            "sd": one.se * math.sqrt(one.units),
            "reason": one.reason,
        }
        for one in found
    ]
    return pd.DataFrame(rows, columns=["estimate", "center", "se", "df", "n", "sd", "reason"])


def _more(found: Rectified, verdict: str, margin: float, level: float) -> float:
    """Return how many labels more would give a verdict; 0 where there is one, NaN where none would."""
    if verdict != "cannot tell":
        return 0.0
    lines = [0.0, *([-margin] if margin > 0 and found.estimate > -margin else [])]
    needed = [count for line in lines if (count := labels_needed(found, line, alpha=level)) is not None]
    return float(max(1, min(needed) - found.labeled)) if needed else math.nan
