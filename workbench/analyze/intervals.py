"""Intervals of a mean: right at the edges, clustered where trials are not independent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "RARE_CLUSTERS",
    "ClusteredMean",
    "Interval",
    "clustered_mean",
    "mean_interval",
    "t_interval",
    "wilson",
]

Clusters = Sequence[Any] | NDArray[Any] | None
"""The group of each value, shape (n,); None: each value is its own."""

RARE_CLUSTERS = 10
"""With fewer clusters than this holding the rarer of two outcomes, how alike repeats are cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate and how sure it is.

    Parameters
    ----------
    mean
        The estimate; NaN where there is no value.
    low, high
        Its bounds; NaN where they cannot be told.
    n, clusters
        Values and independent groups of values it rests on.
    method
        How the bounds were made.
    reason
        Why a bound is NaN, or what to beware of; None where there is nothing to say.
    """

    mean: float
    low: float
    high: float
    n: int
    clusters: int
    method: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredMean:
    """A weighted mean and its cluster-robust standard error.

    Parameters
    ----------
    mean, se
        NaN where there is no value; `se` also below two clusters.
    n, clusters
        Values and clusters.
    effective
        Kish's effective number of values, ``(sum w)^2 / sum w^2``: `n` where the weights are equal.
    """

    mean: float
    se: float
    n: int
    clusters: int
    effective: float


def wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's score interval of a proportion (Wilson 1927, JASA 22:209).

    Parameters
    ----------
    share
        The observed proportion, in [0, 1].
    n
        Observations, > 0; an effective number need not be whole.
    quantile
        Of the normal distribution, or of Student's, > 0.
    """
    ratio = quantile**2 / n
    center = (share + ratio / 2) / (1 + ratio)
    half = math.sqrt(ratio * share * (1 - share) + ratio**2 / 4) / (1 + ratio)
    # At 0 and 1 one bound is the share itself; rounding must neither miss nor pass it.
    return min(share, max(0.0, center - half)), max(share, min(1.0, center + half))


def clustered_mean(
    values: ArrayLike, clusters: Clusters = None, weights: ArrayLike | None = None
) -> ClusteredMean:
    """Return a mean with its cluster-robust standard error.

    The linearized (sandwich) variance of a ratio mean with the factor G / (G - 1) for G clusters, "CR1":
    what statsmodels gives for a regression on a constant with ``cov_type="cluster"`` (Liang & Zeger 1986,
    Biometrika 73:13). Without clusters it is the usual s / sqrt(n).

    Parameters
    ----------
    values
        Shape (n,), without NaN.
    clusters
        Shape (n,): the group of each value; None: each value is its own.
    weights
        Shape (n,), > 0; None: equal.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    w = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    if n == 0:
        return ClusteredMean(mean=math.nan, se=math.nan, n=0, clusters=0, effective=0.0)
    total = w.sum()
    mean = float((w * x).sum() / total)
    if np.ptp(x) == 0:
        mean = float(x[0])  # exactly: rounding must not make a spread of it
    sums: NDArray[Any] = w * (x - mean)
    if clusters is not None:
        sums = np.bincount(np.unique(np.asarray(clusters), return_inverse=True)[1], weights=sums)
    count = len(sums)
    se = math.sqrt(count / (count - 1) * float((sums**2).sum())) / total if count > 1 else math.nan
    effective = float(total**2 / (w**2).sum())
    return ClusteredMean(mean=mean, se=float(se), n=n, clusters=count, effective=effective)


def t_interval(
    values: ArrayLike,
    clusters: Clusters = None,
    *,
    weights: ArrayLike | None = None,
    alpha: float = 0.05,
) -> Interval:
    """Return ``mean ± t[1 - alpha/2, G - 1] * se`` with the standard error of `clustered_mean`.

    For amounts (USD, tokens), where equal values are plain facts: such an interval has no width, and its
    reason says so. Below two clusters the bounds are NaN. NaN values are left out.
    """
    x, groups, w = _known(values, clusters, weights)
    moments = clustered_mean(x, groups, w)
    method = f"t, {moments.clusters} clusters" if moments.clusters < moments.n else "t"
    if moments.clusters < 2:
        return _unsure(moments, method)
    half = _t_quantile(1 - alpha / 2, moments.clusters - 1) * moments.se
    return Interval(
        mean=moments.mean,
        low=moments.mean - half,
        high=moments.mean + half,
        n=moments.n,
        clusters=moments.clusters,
        method=method,
        reason="all values are equal" if moments.se == 0 else None,
    )


def mean_interval(
    values: ArrayLike,
    clusters: Clusters = None,
    *,
    weights: ArrayLike | None = None,
    binary: bool | None = None,
    bounds: tuple[float, float] | None = None,
    alpha: float = 0.05,
) -> Interval:
    """Return the interval of a mean score; it never has zero width.

    - Yes/no without repeats: Wilson.
    - Yes/no with repeats: Wilson on the effective sample size ``p (1 - p) / se^2`` with Student's quantile
      for G - 1 degrees of freedom, which is Korn & Graubard's (1998, Survey Methodology 24:193) with
      Wilson in place of Clopper-Pearson, as Dean & Pagano (2015, J. Survey Statistics and Methodology
      3:484) found best. Deviation: where fewer than `RARE_CLUSTERS` clusters hold the rarer outcome, the
      size is at most the number of clusters (there all repeats might as well be one), and `reason` says so.
    - Else: `t_interval`, cut to `bounds`. Where all values are equal, up to ``1 - alpha^(1/G)`` of the cases
      may still be different (the rule of three, Hanley & Lippman-Hand 1983, JAMA 249:1743) and as far
      away as `bounds` allow; without bounds the interval is NaN.

    Parameters
    ----------
    values
        Shape (n,); NaN are left out.
    clusters
        Shape (n,): values of one cluster (a case's repeats, trials that share a call) are not independent.
        None: each value is its own.
    weights
        Shape (n,), > 0; None: equal.
    binary
        Whether the values are 0 or 1; None: look.
    bounds
        Least and greatest possible value; None: unknown.
    alpha
        1 - confidence, in (0, 1).
    """
    x, groups, w = _known(values, clusters, weights)
    if binary is None:
        binary = bool(np.isin(x, (0.0, 1.0)).all())
    if binary:
        return _proportion(x, groups, w, alpha)
    found = t_interval(x, groups, weights=w, alpha=alpha)
    low, high, reason = found.low, found.high, found.reason
    if found.clusters >= 2 and low == high:
        if bounds is None:
            low = high = math.nan
            reason = "all values are equal, and the range of the score is unknown"
        else:
            unseen = 1 - alpha ** (1 / found.clusters)
            low, high = low - unseen * (low - bounds[0]), high + unseen * (bounds[1] - high)
    elif bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Interval(
        mean=found.mean,
        low=low,
        high=high,
        n=found.n,
        clusters=found.clusters,
        method=found.method,
        reason=reason,
    )


def _proportion(
    x: NDArray[np.float64], groups: NDArray[Any] | None, w: NDArray[np.float64] | None, alpha: float
) -> Interval:
    moments = clustered_mean(x, groups, w)
    independent = moments.clusters == moments.n and math.isclose(moments.effective, moments.n)
    method = "Wilson" if independent else f"Wilson, {moments.clusters} clusters"
    if moments.clusters < 2:
        return _unsure(moments, method)
    reason = None
    if independent:
        size: float = moments.n
        quantile = NormalDist().inv_cdf(1 - alpha / 2)
    else:
        quantile = _t_quantile(1 - alpha / 2, moments.clusters - 1)
        spread = moments.mean * (1 - moments.mean)
        size = min(moments.effective, spread / moments.se**2) if moments.se > 0 else moments.effective
        rarer = 1.0 if moments.mean < 0.5 else 0.0
        rare = len(np.unique(groups[x == rarer])) if groups is not None else int((x == rarer).sum())
        if rare < RARE_CLUSTERS:
            size = min(size, moments.clusters)
            reason = f"the rarer outcome stands in fewer than {RARE_CLUSTERS} cases: repeats count as one"
    low, high = wilson(moments.mean, size, quantile)
    return Interval(
        mean=moments.mean,
        low=low,
        high=high,
        n=moments.n,
        clusters=moments.clusters,
        method=method,
        reason=reason,
    )


def _known(
    values: ArrayLike, clusters: Clusters, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[Any] | None, NDArray[np.float64] | None]:
    x = np.asarray(values, dtype=float)
    keep = ~np.isnan(x)
    groups = None if clusters is None else np.asarray(clusters)[keep]
    w = None if weights is None else np.asarray(weights, dtype=float)[keep]
    return x[keep], groups, w


def _unsure(moments: ClusteredMean, method: str) -> Interval:
    reason = "there is no value" if moments.n == 0 else "one case alone says nothing about others"
    return Interval(
        mean=moments.mean,
        low=math.nan,
        high=math.nan,
        n=moments.n,
        clusters=moments.clusters,
        method=method,
        reason=reason,
    )


def _t_quantile(level: float, df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, level))
