"""Prediction-powered inference: a judge's verdict on all units, corrected by people's labels on some."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.analyze.intervals import RARE_CLUSTERS, Clusters, wilson

__all__ = ["Rectified", "rectified_mean"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rectified:
    """A mean of what people would say of every unit. Made by `rectified_mean`.

    Parameters
    ----------
    estimate, se
        NaN where there are too few labels, and `reason` says so.
    df
        Degrees of freedom of Student's distribution for it, >= 1.
    tuning
        How much the judge counts, in [0, 1]: 0 are labels alone, 1 is a judge taken at its word and
        corrected. A mean over the labels.
    units, labeled, clusters
        Units in all, those with a label, independent groups of the labeled.
    labels_se
        Standard error that would stay if every unit were labeled: what more labels cannot mend.
    pseudo
        Shape (units,): values whose mean is the estimate, and whose spread between clusters its error.
    reason
        Why there is no error, or what to beware of; None where there is nothing to say.
    """

    estimate: float
    se: float
    df: float
    tuning: float
    units: int
    labeled: int
    clusters: int
    labels_se: float
    pseudo: Floats
    reason: str | None = None

    def interval(
        self, *, binary: bool = False, bounds: tuple[float, float] | None = None, alpha: float = 0.05
    ) -> tuple[float, float]:
        """Return the bounds of the mean; NaN where there are none.

        Student's; for yes/no scores Wilson's on the effective number ``p (1 - p) / se^2`` with Student's
        quantile, since a share's errors are lopsided (as in `intervals.mean_interval`).

        Parameters
        ----------
        binary
            Whether a label is 0 or 1.
        bounds
            Least and greatest possible mean; None: unknown.
        alpha
            1 - confidence, in (0, 1).
        """
        from scipy.special import stdtrit

        if math.isnan(self.se):
            return math.nan, math.nan
        quantile = float(stdtrit(self.df, 1 - alpha / 2))
        low, high = self.estimate - quantile * self.se, self.estimate + quantile * self.se
        share = self.estimate
        if binary and 0 < share < 1:
            low, high = wilson(share, share * (1 - share) / self.se**2, quantile)
        return (low, high) if bounds is None else (max(low, bounds[0]), min(high, bounds[1]))


def rectified_mean(
    judged: ArrayLike,
    labels: ArrayLike,
    probability: ArrayLike,
    *,
    judged_labeled: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    clusters: Clusters = None,
    reach: float | None = None,
    tuning: float | None = None,
) -> Rectified:
    """Return the mean of people's labels over all units, from the labels of some and the judge's of all.

    PPI++ (Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453), for labels drawn with known inclusion
    probabilities (Zrnic & Candès 2024, arXiv 2403.03208; the survey literature's difference estimator):
    ``mean over the labeled, by 1 / probability, of label - tuning * (judge - mean judge of all)``. It is
    right for any judge; a good one makes it narrower: with random labels of a share s of the units the
    variance is ``1 - r^2 (1 - s)`` of that of labels alone, r the correlation of judge and label.

    Deviations, stated because they differ from the paper:

    - The labeled units are among all, not a second sample; tuning here is the paper's times ``N / (N - n)``.
    - Weights add up to the units of each stratum (Hájek), which a fixed number of labels needs.
    - The tuning that minimizes the variance, clipped to [0, 1], is reckoned for each cluster without its own
      labels (cross-fitting, one out): the same labels would make the error look too small.
    - Student's quantile with Kish's effective number of labeled clusters, less one a stratum; residuals are
      widened by ``sqrt(n / (n - 1))``.
    - Where fewer than `RARE_CLUSTERS` labeled clusters show judge and people apart, or the label less the
      judge is not the same, one more such disagreement of the size `reach` is allowed for.

    Parameters
    ----------
    judged
        The judge's value of each unit, shape (units,); NaN where its verdict is unusable: such a unit gets
        the mean of the others, which any label on it corrects.
    labels
        People's value, shape (units,); NaN where there is none.
    probability
        Chance of each unit to be labeled, in (0, 1]: one for all, or shape (units,). Only that of labeled
        units is used.
    judged_labeled
        The judge's value of what was labeled, where that is a part of the unit (one repeat of several).
    strata
        Shape (units,): groups within which labels were drawn; None: one.
    clusters
        Shape (units,): units that are not independent; None: all are.
    reach
        The largest possible difference of two values; None: the range seen.
    tuning
        In [0, 1]; None: by the labels. 0 gives labels alone.
    """
    y = np.asarray(labels, dtype=float)
    there = np.flatnonzero(~np.isnan(y))
    units = len(y)
    f = _filled(np.asarray(judged, dtype=float))
    own = f if judged_labeled is None else np.where(np.isnan(judged_labeled), f, judged_labeled)
    stratum = np.zeros(units, dtype=np.int64) if strata is None else _numbered(strata)
    cluster = np.arange(units) if clusters is None else _numbered(np.asarray(clusters))
    size = np.bincount(stratum)
    n = np.bincount(stratum[there], minlength=len(size))
    reason = _too_few(size, n, len(np.unique(cluster[there])))
    if reason is not None:
        estimate = float(y[there].mean()) if len(there) else math.nan
        return _unknown(estimate, units, len(there), reason)
    at, w = stratum[there], 1 / np.broadcast_to(np.asarray(probability, dtype=float), (units,))[there]
    raw = w
    w = w * (size / np.bincount(at, weights=w, minlength=len(size)))[at]
    middle = np.bincount(stratum, f) / size
    x, label = own[there] - middle[at], y[there]
    each = _tuning(x, label, w, raw * (raw - 1), at, size, cluster[there]) if tuning is None else tuning
    each = np.broadcast_to(np.asarray(each, dtype=float), x.shape)
    error = label - each * x
    level = np.bincount(at, w * error, minlength=len(size)) / size
    share = np.bincount(at, w * each, minlength=len(size)) / size
    widened = np.where(n < size, np.sqrt(n / np.maximum(n - 1, 1)), 1.0)
    pseudo = share[stratum] * (f - middle[stratum]) + level[stratum]
    estimate = float(pseudo.mean())
    pseudo[there] += w * (error - level[at]) * widened[at]
    return _with_error(
        estimate, pseudo, there, w, label, own[there], error, cluster, len(size), float(each.mean()), reach
    )


def _with_error(
    estimate: float,
    pseudo: Floats,
    there: NDArray[np.int64],
    w: Floats,
    label: Floats,
    judged: Floats,
    error: Floats,
    cluster: NDArray[np.int64],
    strata: int,
    tuning: float,
    reach: float | None,
) -> Rectified:
    units, groups = len(pseudo), int(cluster.max()) + 1
    by_cluster = np.bincount(cluster, pseudo - estimate)
    variance = groups / (groups - 1) * float(by_cluster @ by_cluster) / units**2
    labeled = np.unique(cluster[there])
    weight = np.bincount(cluster[there], w, minlength=groups)[labeled]
    effective = float(weight.sum() ** 2 / (weight @ weight))
    spread = w @ (label - w @ label / units) ** 2 / units
    reason = None
    off = [error - float(np.median(error)), *([label - judged] if tuning > 0 else [])]
    rare = min(len(np.unique(cluster[there[np.abs(each) > 1e-9]])) for each in off)
    if rare < RARE_CLUSTERS:
        far = reach if reach is not None else float(max(np.ptp(label), np.ptp(judged)))
        variance += (far / len(labeled)) ** 2
        reason = (
            f"judge and people differ in fewer than {RARE_CLUSTERS} labeled cases: one more is allowed for"
        )
        if far == 0:
            variance, reason = math.nan, "all values are equal, and the range of the score is unknown"
    return Rectified(
        estimate=estimate,
        se=math.sqrt(variance),
        df=max(1.0, effective - strata),
        tuning=tuning,
        units=units,
        labeled=len(there),
        clusters=len(labeled),
        labels_se=math.sqrt(min(variance, float(spread) / units)) if variance == variance else math.nan,
        pseudo=pseudo,
        reason=reason,
    )


def _tuning(
    x: Floats,
    label: Floats,
    w: Floats,
    importance: Floats,
    at: NDArray[np.int64],
    size: NDArray[np.int64],
    cluster: NDArray[np.int64],
) -> Floats:
    """Return the tuning for each label, by the labels of other clusters.

    It minimizes the sum of ``importance * (label - tuning * judge)^2`` about the strata's means: what of the
    variance comes from not labeling everything. Where everything is labeled the judge does not matter: 0.
    """
    strata = len(size)
    dx, dy = (side - (np.bincount(at, w * side, minlength=strata) / size)[at] for side in (x, label))
    _, codes = np.unique(cluster, return_inverse=True)
    along, across = (np.bincount(codes, importance * dx * side) for side in (dx, dy))
    rest, both = along.sum() - along, across.sum() - across
    best = np.divide(both, rest, out=np.zeros_like(both), where=rest > 1e-12)
    return np.asarray(np.clip(best, 0.0, 1.0)[codes])


def _filled(judged: Floats) -> Floats:
    known = ~np.isnan(judged)
    if known.all():
        return judged
    return np.where(known, judged, judged[known].mean() if known.any() else 0.0)


def _numbered(groups: ArrayLike) -> NDArray[np.int64]:
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _too_few(size: NDArray[np.int64], n: NDArray[np.int64], clusters: int) -> str | None:
    if clusters < 2:
        return "fewer than two cases are labeled"
    if ((n < 2) & (n < size)).any():
        return "a stratum has fewer than two labels"
    return None


def _unknown(estimate: float, units: int, labeled: int, reason: str) -> Rectified:
    return Rectified(
        estimate=estimate,
        se=math.nan,
        df=1.0,
        tuning=math.nan,
        units=units,
        labeled=labeled,
        clusters=min(labeled, 1),
        labels_se=math.nan,
        pseudo=np.full(units, np.nan),
        reason=reason,
    )
