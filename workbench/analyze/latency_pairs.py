"""Latency, paired: by how much one arm's percentiles differ from another's on the same cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.bootstrap import Percentile, bootstrap
from workbench.analyze.correct import max_t
from workbench.analyze.latency import of_one_workload, percentile_interval, timed

__all__ = ["LATENCY_PAIR_COLUMNS", "latency_differences"]

LATENCY_PAIR_COLUMNS = (
    "arm",
    "against",
    "percentile",
    "n_cases",
    "difference_s",
    "low_s",
    "high_s",
    "p_adjusted",
    "reason",
)
"""Columns of a difference between two arms' percentiles: `arm` minus `against`, in seconds."""

_DRAWS = 2_000
_TOO_FEW = "fewer than two cases were timed for both arms"


@dataclass(slots=True)
class _Samples:
    """What is drawn: each arm's calls on each set of cases that some pair has in common, once."""

    calls: dict[str, pd.DataFrame]
    places: dict[tuple[str, bytes], int] = field(default_factory=dict)
    rows: list[pd.DataFrame] = field(default_factory=list)

    def place(self, arm: str, common: NDArray[np.bool_]) -> int:
        """Return the number of an arm's sample on the cases that `common` marks."""
        key = (arm, common.tobytes())
        if key not in self.places:
            own = self.calls[arm]
            self.places[key] = len(self.rows)
            self.rows.append(own[common[own["case"]]])
        return self.places[key]


def latency_differences(
    frame: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    clusters: pd.Series,
    *,
    percentiles: Sequence[float] = (50, 95),
    alpha: float = 0.05,
    draws: int = _DRAWS,
    seed: int = 1,
) -> pd.DataFrame:
    """Return differences between two arms' percentiles of latency, on the cases that both were timed on.

    ``difference ± t * s``, with the spread s of the difference over a bootstrap of whole clusters of cases
    (all calls of a case, of both arms, stay together; Efron & Tibshirani 1993, "An Introduction to the
    Bootstrap", 13.2), and all pairs of one percentile under one error level by `correct.max_t`. Where a
    percentile of either arm has no bounds of its own (`latency.percentile_interval`), the difference has
    none: a resample knows no slower call than the slowest that was seen.

    Parameters
    ----------
    frame
        A validated trial table; its `latency.timed` rows count, of one workload an arm.
    pairs
        (arm, against), in order.
    clusters
        Indexed by case.
    percentiles
        In (0, 100).
    alpha
        Error of all pairs together, for each percentile, in (0, 1).
    draws, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        The columns of `LATENCY_PAIR_COLUMNS`; one row a percentile and pair, percentiles outermost.
    """
    samples = _Samples(_calls(frame, clusters))
    size = len(clusters)
    seen = {arm: np.bincount(own["case"], minlength=size) > 0 for arm, own in samples.calls.items()}
    nowhere = np.zeros(size, dtype=bool)
    common = [seen.get(one, nowhere) & seen.get(other, nowhere) for one, other in pairs]
    known = [index for index, shared in enumerate(common) if shared.sum() >= 2]
    sides = np.array(
        [[samples.place(arm, common[index]) for arm in pairs[index]] for index in known], dtype=int
    ).reshape(-1, 2)
    parts = [
        Percentile.of(own["latency_s"], own["cluster"].to_numpy(), at)
        for at in percentiles
        for own in samples.rows
    ]
    drawn = bootstrap(parts, int(clusters.nunique()), draws=draws, seed=seed) if parts else []
    tables = []
    for number, at in enumerate(percentiles):
        table = _blank(pairs, at, common)
        if known:
            block = np.hstack(drawn[number * len(samples.rows) : (number + 1) * len(samples.rows)])
            found = _differences(samples.rows, sides, block, at, alpha)
            for name in found:
                table.loc[known, name] = found[name].to_numpy()
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _calls(frame: pd.DataFrame, clusters: pd.Series) -> dict[str, pd.DataFrame]:
    """Return each arm's timed calls: number of the case, number of its cluster, seconds, workload."""
    rows = timed(frame)
    numbers = pd.factorize(clusters)[0]
    case = clusters.index.get_indexer(pd.Index(rows["case_id"]))
    calls = rows[["arm", "workload", "latency_s"]].assign(case=case, cluster=numbers[case])
    return {str(arm): of_one_workload(own) for arm, own in calls.groupby("arm", sort=False)}


def _blank(pairs: Sequence[tuple[str, str]], at: float, common: Sequence[NDArray[np.bool_]]) -> pd.DataFrame:
    table = pd.DataFrame(list(pairs), columns=["arm", "against"]).assign(
        percentile=at,
        n_cases=[int(shared.sum()) for shared in common],
        reason=pd.Series(
            "fewer than two cases were timed for both arms", index=range(len(pairs)), dtype="object"
        ),
    )
    return table.reindex(columns=list(LATENCY_PAIR_COLUMNS)).astype(
        dict.fromkeys(("difference_s", "low_s", "high_s", "p_adjusted"), "float64")
    )


def _differences(
    rows: list[pd.DataFrame], sides: NDArray[np.int64], drawn: NDArray[np.floating], at: float, alpha: float
) -> pd.DataFrame:
    """Return the figures of the pairs of samples in `sides`, shape (pairs, 2)."""
    alone = [
        percentile_interval(own["latency_s"].to_numpy(), at, own["cluster"].to_numpy(), alpha=alpha)
        for own in rows
    ]
    first, second = sides.T
    point = np.array([each.mean for each in alone])
    estimate = point[first] - point[second]
    off = drawn[:, first] - drawn[:, second] - estimate
    off[np.isnan(off)] = 0.0  # a draw without any call of one side; with two cases or more it is rare
    spread = np.sqrt(np.mean(np.square(off), axis=0))
    clusters = np.array([own["cluster"].nunique() for own in rows])
    why = []
    for one, other in sides:
        short = next((alone[side].reason for side in (one, other) if alone[side].reason), None)
        mixed = rows[one]["workload"].iloc[0] != rows[other]["workload"].iloc[0]
        why.append("one is interactive, the other batch" if mixed else short)
    unknown = np.array([reason is not None for reason in why])
    tests = max_t(np.where(unknown, math.nan, estimate), spread, clusters[first] - 1, off, alpha)
    return pd.DataFrame(
        {
            "difference_s": estimate,
            "low_s": tests.low,
            "high_s": tests.high,
            "p_adjusted": tests.p_adjusted,
            "reason": pd.Series(why, dtype="object"),
        }
    )
