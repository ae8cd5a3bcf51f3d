"""Chances: in how many bootstrap draws an arm is on the front, or is the cheapest that is good enough."""

from __future__ import annotations

from concurrent.futures import Executor

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.analyze.bootstrap import Means, Percentile, bootstrap
from workbench.analyze.latency import of_one_workload, timed
from workbench.analyze.pairs import Scale

__all__ = ["CHANCE_COLUMNS", "chances", "point_front"]

CHANCE_COLUMNS = (
    "cases",
    "quality_mean",
    "cost_usd_per_1000",
    "latency_p95_s",
    "on_point_front",
    "p_front",
    "p_cheapest",
    "p_front_with_latency",
)
"""Columns of an arm's chances, in [0, 1]; NaN below two cases or where its cost (or latency) is unknown."""

_CHUNK = 1_000


def point_front(quality: ArrayLike, cost: ArrayLike) -> NDArray[np.bool_]:
    """Return which arms are on the front by their point estimates (Pareto).

    An arm is off the front where another has at least its quality for at most its cost, and one of the two
    strictly. An arm whose quality or cost is NaN is never on it, and takes nobody off.

    Parameters
    ----------
    quality, cost
        Shape (arms,).
    """
    q, c = np.asarray(quality, dtype=float), np.asarray(cost, dtype=float)
    as_good = (q[:, None] >= q) & (c[:, None] <= c)
    better = as_good & ((q[:, None] > q) | (c[:, None] < c))
    return np.asarray(~better.any(axis=0) & ~np.isnan(q) & ~np.isnan(c))


def chances(
    table: pd.DataFrame,
    quality: pd.DataFrame,
    cost: pd.DataFrame,
    clusters: pd.Series,
    kind: Scale,
    *,
    margin: float,
    draws: int,
    seed: int,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Return the arms' figures, and the shares of draws in which each is on the front, or the cheapest.

    Parameters
    ----------
    table
        A validated trial table.
    quality, cost
        Cases × arms, means over repeats; NaN where missing.
    clusters
        Indexed by case.
    kind
        Of the score.
    margin
        A loss of quality that does not matter, >= 0.
    draws, seed, executor
        As for `bootstrap.bootstrap`.

    Returns
    -------
    DataFrame
        The columns of `CHANCE_COLUMNS`; one row an arm, in the order of the columns of `quality`.
    """
    numbers = pd.Series(pd.factorize(clusters)[0], index=clusters.index)
    good, money = (Means.of(each, numbers.reindex(each.index).to_numpy()) for each in (quality, cost))
    slow = [_p95(table[table["arm"] == arm], numbers) for arm in quality.columns]
    drawn = bootstrap(
        [good, money, *slow], int(clusters.nunique()), draws=draws, seed=seed, executor=executor
    )
    counts = quality.notna().sum().to_numpy()
    q = _smoothed(good.middle + drawn[0], counts, kind, seed)
    c, s = money.middle + drawn[1], np.hstack(drawn[2:])
    p95 = np.array([np.percentile(one.values, 95) if len(one.values) else np.nan for one in slow])
    # One case alone has no draws that differ: that would look like certainty.
    known = ~np.isnan(good.middle + money.middle) & (counts >= 2)
    return pd.DataFrame(
        {
            "cases": counts,
            "quality_mean": good.middle,
            "cost_usd_per_1000": money.middle,
            "latency_p95_s": p95,
            "on_point_front": point_front(good.middle, money.middle),
            "p_front": np.where(known, _on_front(q, c), np.nan),
            "p_cheapest": np.where(known, _cheapest(q, c, margin), np.nan),
            "p_front_with_latency": np.where(known & ~np.isnan(p95), _on_front(q, c, s), np.nan),
        },
        columns=list(CHANCE_COLUMNS),
    )


def _p95(own: pd.DataFrame, numbers: pd.Series) -> Percentile:
    rows = of_one_workload(timed(own))
    return Percentile.of(rows["latency_s"], rows["case_id"].map(numbers).to_numpy(dtype=np.int64), 95)


def _smoothed(
    q: NDArray[np.float64], counts: NDArray[np.int64], kind: Scale, seed: int
) -> NDArray[np.float64]:
    """Return means after one right and one wrong case more in each arm, each Poisson(1) times."""
    if kind.bounds is None:
        return q
    wrong, right = np.random.default_rng([seed, 1 << 32]).poisson(1.0, size=(2, *q.shape))
    low, high = kind.bounds
    number = np.maximum(counts + wrong + right, 1)
    smoothed: NDArray[np.float64] = (counts * q + low * wrong + high * right) / number
    return smoothed


def _on_front(q: NDArray[np.float64], *lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of draws, (draws, arms), in which each arm is on the front; NaN never is."""
    hits = np.zeros(q.shape[1])
    for start in range(0, len(q), _CHUNK):
        high, *lows = (each[start : start + _CHUNK, :, None] for each in (q, *lower))
        as_good, better = high >= high.swapaxes(1, 2), high > high.swapaxes(1, 2)
        for low in lows:
            as_good &= low <= low.swapaxes(1, 2)
            better |= low < low.swapaxes(1, 2)
        there = ~np.isnan(sum((low[:, :, 0] for low in lows), high[:, :, 0]))
        hits += (~(as_good & better).any(axis=1) & there).sum(axis=0)
    return hits / len(q)


def _cheapest(q: NDArray[np.float64], c: NDArray[np.float64], margin: float) -> NDArray[np.float64]:
    """Return the share of draws in which each arm is the cheapest of those good enough."""
    quality = np.where(np.isnan(q), -np.inf, q)
    cost = np.where((quality >= quality.max(axis=1, keepdims=True) - margin) & ~np.isnan(c), c, np.inf)
    least = cost.min(axis=1, keepdims=True)
    pick = np.where((cost == least) & (cost < np.inf), quality, -np.inf)
    chosen = np.bincount(pick.argmax(axis=1)[least[:, 0] < np.inf], minlength=q.shape[1])
    return chosen / len(q)
