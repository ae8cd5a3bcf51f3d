"""All pairs: every arm against every other, under one error level."""

from __future__ import annotations

import itertools
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.bootstrap import DRAWS, Means, bootstrap
from workbench.analyze.cells import case_clusters, case_means, scores
from workbench.analyze.correct import Family, max_t
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.verdicts import judged
from workbench.analyze.wording import with_bounds
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["PAIR_COLUMNS", "AllPairs", "all_pairs"]

PAIR_COLUMNS = (
    "arm",
    "against",
    "n_cases",
    "difference",
    "low",
    "high",
    "p_value",
    "p_adjusted",
    "verdict",
    "verdict_against",
    "cost_difference_usd_per_1000",
    "cost_low",
    "cost_high",
    "reason",
)
"""Columns of a pair: `arm` minus `against`, paired by case; costs in USD per 1,000 requests."""

_TURNED = (("arm", "against"), ("verdict", "verdict_against"), ("low", "high"), ("cost_low", "cost_high"))
_SWAPPED = {one: other for pair in _TURNED for one, other in (pair, pair[::-1])}


@dataclass(frozen=True, slots=True, kw_only=True)
class AllPairs(Shown):
    """Every arm against every other. Made by `all_pairs`.

    Parameters
    ----------
    score, margin, alpha, draws, seed
        As given.
    arms
        Names of the arms, best first.
    table
        One row a pair, the better arm in `arm`: the columns of `PAIR_COLUMNS`. `verdict` is of `arm`
        against the other, `verdict_against` of the other against `arm`.
    points
        Whether all scores lie in [0, 1], so that differences can be said in points of 100.
    """

    score: str
    margin: float
    alpha: float
    draws: int
    seed: int
    arms: tuple[str, ...]
    table: pd.DataFrame
    points: bool = True

    @property
    def frame(self) -> pd.DataFrame:
        """One row a pair."""
        return self.table

    def against(self, arm: str) -> pd.DataFrame:
        """Return one row for each other arm: its difference from `arm`, still as one of all pairs.

        Raises
        ------
        DatasetError
            Where there is no such arm.
        """
        if arm not in self.arms:
            raise DatasetError("all pairs", f"there is no arm {arm!r}", f"Arms: {', '.join(self.arms)}.")
        own, turned = self.table[self.table["against"] == arm], self.table[self.table["arm"] == arm]
        names = {
            "arm": "against",
            "against": "arm",
            "verdict": "verdict_against",
            "verdict_against": "verdict",
        }
        turned = turned.rename(columns=names | _SWAPPED)
        signed = ["difference", "low", "high", "cost_difference_usd_per_1000", "cost_low", "cost_high"]
        turned = turned.assign(**{name: -turned[name] for name in signed})[list(PAIR_COLUMNS)]
        return pd.concat([own, turned]).sort_index().reset_index(drop=True)

    @property
    def matrix(self) -> pd.DataFrame:
        """Differences, row minus column, arms × arms, best first; NaN where unknown."""
        out = pd.DataFrame(0.0, index=list(self.arms), columns=list(self.arms))
        for row in self.table.to_dict("records"):
            out.loc[row["arm"], row["against"]] = row["difference"]
            out.loc[row["against"], row["arm"]] = -row["difference"]
        return out

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """The arms than which no other is shown to be better, best first."""
        beaten = set(self.table.loc[self.table["verdict"] == "better", "against"])
        beaten |= set(self.table.loc[self.table["verdict_against"] == "better", "arm"])
        return tuple(arm for arm in self.arms if arm not in beaten)

    @property
    def summary(self) -> str:
        """How many pairs differ, who is unbeaten, and the closest pair at the top."""
        apart = int((self.table[["verdict", "verdict_against"]] == "better").any(axis=1).sum())
        lines = [
            f"{self.score}, {len(self.arms)} arms, {len(self.table):,} pairs by case, {self.alpha:.0%} error"
            f" for all together: {apart:,} pairs differ.",
            f"Not shown to be worse than any other: {', '.join(self.unbeaten)}.",
        ]
        for row in self.table.head(1).to_dict("records"):
            found = with_bounds(
                row["difference"], row["low"], row["high"], points=self.points, alpha=self.alpha
            )
            lines.append(f"{row['arm']} against {row['against']}: {row['verdict']}, {found}.")
        return "\n".join(lines)


def all_pairs(
    frame: pd.DataFrame,
    score: str,
    margin: float = 0.0,
    alpha: float = 0.05,
    *,
    draws: int = DRAWS,
    seed: int = 1,
    executor: Executor | None = None,
) -> AllPairs:
    """Compare every arm with every other, paired by case, under one error level for all pairs.

    Each pair is what `compare` makes of it (`pairs.paired`); the family's tests and intervals are those of
    `correct.max_t`, with the dependence between pairs from a bootstrap of whole clusters of cases. Costs are
    a family of their own. Verdicts as in `verdicts.judged`. Cells may be missing: a pair rests on the cases
    that both its arms have.

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    margin
        A loss that does not matter, in the score's unit, >= 0.
    alpha
        Two-sided error of all pairs together, in (0, 1).
    draws, seed
        Of the bootstrap.
    executor
        Of blocks of draws; None: this thread.

    Raises
    ------
    DatasetError
        Where there is no such score, or the table has fewer than two arms.
    """
    table = validate(frame)
    names = list(table["arm"].unique())
    if len(names) < 2:
        raise DatasetError("all pairs", f"the table has {len(names)} arm(s)", "Give a table of two or more.")
    values, clusters = scores(table, score), case_clusters(table)
    kind, quality = scale(values), case_means(table, values)
    cost = case_means(table, 1000 * table["cost_usd"])
    arms = list(quality.mean().reindex(names).sort_values(ascending=False, kind="stable").index)
    pairs = list(itertools.combinations(arms, 2))
    found, money = paired_columns(quality, pairs, clusters, kind), paired_columns(cost, pairs, clusters)
    parts = [_means(matrix[arms], pairs, clusters) for matrix in (quality, cost)]
    drawn = bootstrap(parts, clusters.nunique(), draws=draws, seed=seed, executor=executor)
    tests, bill = (
        max_t(each["center"], each["se"], each["df"], _of_pairs(off, len(pairs)), alpha)
        for each, off in zip((found, money), drawn, strict=True)
    )
    rows = _both_verdicts(found, kind, margin, alpha, tests).assign(
        cost_difference_usd_per_1000=money["estimate"], cost_low=bill.low, cost_high=bill.high
    )
    rows[["arm", "against"]] = pairs
    return AllPairs(
        score=score,
        margin=margin,
        alpha=alpha,
        draws=draws,
        seed=seed,
        arms=tuple(arms),
        table=rows[list(PAIR_COLUMNS)],
        points=kind.bounds is not None,
    )


def _both_verdicts(
    found: pd.DataFrame, kind: Scale, margin: float, alpha: float, tests: Family
) -> pd.DataFrame:
    """Return the pairs as `judged`, and what the second arm's verdict is against the first."""
    turned = Family(low=-tests.high, high=-tests.low, p_value=tests.p_value, p_adjusted=tests.p_adjusted)
    back = found.assign(center=-found["center"], estimate=-found["estimate"])
    against = judged(back, kind, margin, alpha, turned)["verdict"]
    return judged(found, kind, margin, alpha, tests).assign(verdict_against=against)


def _means(matrix: pd.DataFrame, pairs: list[tuple[str, str]], clusters: pd.Series) -> Means:
    """Return the means to draw: of the arms where no cell is missing, else of each pair's common cases."""
    codes = pd.factorize(clusters.reindex(matrix.index))[0]
    if matrix.notna().all(axis=None):
        return Means.of(matrix, codes)
    first, second = (matrix[[pair[side] for pair in pairs]].to_numpy(dtype=float) for side in (0, 1))
    return Means.of(first - second, codes)


def _of_pairs(off: NDArray[np.floating], pairs: int) -> NDArray[np.floating]:
    """Return how far each pair's difference is off, shape (draws, pairs)."""
    if off.shape[1] == pairs:
        return off
    first, second = np.triu_indices(off.shape[1], 1)
    return off[:, first] - off[:, second]
