"""The quality–cost front: which arms no other arm beats on both."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.analyze.correct import family
from workbench.analyze.pairs import Scale, paired_columns

__all__ = ["front_status", "point_front"]


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


def front_status(
    quality: pd.DataFrame,
    cost: pd.DataFrame,
    clusters: pd.Series,
    *,
    scale: Scale,
    margin: float = 0.0,
    alpha: float = 0.05,
) -> pd.Series:
    """Return what is known of each arm's place, by simultaneous paired intervals over all pairs of arms.

    - ``best``: of higher quality than every other arm.
    - ``on front``: of every other arm it is known that it is of lower quality, or dearer.
    - ``dominated``: some arm is cheaper and not worse by more than `margin`, or better and not dearer.
    - ``cannot tell``: neither is known.

    Parameters
    ----------
    quality, cost
        Cases × arms, means over repeats; NaN where missing.
    clusters
        Indexed by case.
    scale
        Of the score.
    margin
        A loss of quality that does not matter, >= 0.
    alpha
        Error of all quality comparisons together, and of all cost comparisons together (Bonferroni).

    Returns
    -------
    Series
        Indexed by arm, in the order of the columns of `quality`.
    """
    arms = list(quality.columns)
    pairs = list(itertools.combinations(arms, 2))
    worse, cheaper = (
        _known(quality, pairs, clusters, scale, alpha),
        _known(cost, pairs, clusters, None, alpha),
    )
    status = {}
    for arm in arms:
        others = [other for other in arms if other != arm]
        if others and all(worse[arm, other][0] > 0 for other in others):
            status[arm] = "best"
        elif any(_dominates(worse[other, arm][0], cheaper[other, arm][1], margin) for other in others):
            status[arm] = "dominated"
        elif all(worse[arm, other][0] > 0 or cheaper[arm, other][1] < 0 for other in others):
            status[arm] = "on front"
        else:
            status[arm] = "cannot tell"
    return pd.Series(status, name="front", dtype="object")


def _dominates(quality_low: float, cost_high: float, margin: float) -> bool:
    """Whether the bounds of (other - arm) show that the other arm makes this one pointless."""
    return (cost_high < 0 and quality_low > -margin) or (quality_low > 0 and cost_high <= 0)


def _known(
    matrix: pd.DataFrame, pairs: list[tuple[str, str]], clusters: pd.Series, scale: Scale | None, alpha: float
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return simultaneous bounds of (first - second) for every ordered pair; NaN where unknown."""
    found = paired_columns(matrix, pairs, clusters, scale)
    bounds = family(found["center"], found["se"], found["df"], alpha)
    ordered = {}
    for (first, second), low, high in zip(pairs, bounds.low, bounds.high, strict=True):
        ordered[first, second] = (float(low), float(high))
        ordered[second, first] = (-float(high), -float(low))
    return ordered
