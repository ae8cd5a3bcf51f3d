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
    - Where fewer than `RARE_CLUSTERS` labeled clusters show judge and people apart, or labels less the
      tuned judge unlike, one more such disagreement of the size `reach` is allowed for.

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
    y, f = np.asarray(labels, dtype=float), _filled(np.asarray(judged, dtype=float))
    there, units = np.flatnonzero(~np.isnan(y)), len(y)
    stratum = np.zeros(units, dtype=np.int64) if strata is None else _numbered(strata)
    cluster = np.arange(units) if clusters is None else _numbered(np.asarray(clusters))
    own = f if judged_labeled is None else np.where(np.isnan(judged_labeled), f, judged_labeled)
    drawn = _Drawn(
        place=there,
        label=y[there],
        judged=own[there],
        odds=1 / np.broadcast_to(np.asarray(probability, dtype=float), (units,))[there],
        stratum=stratum[there],
        cluster=cluster[there],
    )
    reason = drawn.too_few(np.bincount(stratum))
    if reason is not None:
        return _unknown(float(y[there].mean()) if len(there) else math.nan, units, drawn, reason)
    return _estimated(f, stratum, cluster, drawn, tuning, reach)


def _estimated(
    f: Floats,
    stratum: NDArray[np.int64],
    cluster: NDArray[np.int64],
    drawn: _Drawn,
    tuning: float | None,
    reach: float | None,
) -> Rectified:
    size, units = np.bincount(stratum), len(f)
    middle = np.bincount(stratum, f) / size
    weight, error, each = drawn.errors(size, middle, tuning)
    level = np.bincount(drawn.stratum, weight * error, minlength=len(size)) / size
    share = np.bincount(drawn.stratum, weight * each, minlength=len(size)) / size
    pseudo = share[stratum] * (f - middle[stratum]) + level[stratum]
    estimate = float(pseudo.mean())
    pseudo[drawn.place] += weight * (error - level[drawn.stratum]) * drawn.widened(size)
    added, reason = drawn.unseen(error, reach, trusted=float(each.max()) > 0)
    variance = _variance(pseudo - estimate, cluster) + added
    total = np.bincount(drawn.cluster, weight)
    spread = float(weight @ (drawn.label - weight @ drawn.label / units) ** 2) / units
    return Rectified(
        estimate=estimate,
        se=math.sqrt(variance),
        df=max(1.0, float(total.sum() ** 2 / (total @ total)) - len(size)),
        tuning=float(each.mean()),
        units=units,
        labeled=len(drawn.place),
        clusters=drawn.clusters,
        labels_se=math.sqrt(min(variance, spread / units)) if variance == variance else math.nan,
        pseudo=pseudo,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """The labeled units: their place among all, both values, 1 / chance, stratum and cluster."""

    place: NDArray[np.int64]
    label: Floats
    judged: Floats
    odds: Floats
    stratum: NDArray[np.int64]
    cluster: NDArray[np.int64]

    @property
    def clusters(self) -> int:
        """How many clusters have a label."""
        return len(np.unique(self.cluster))

    def too_few(self, size: NDArray[np.int64]) -> str | None:
        """Return why there can be no error; None where there can."""
        n = np.bincount(self.stratum, minlength=len(size))
        if self.clusters < 2:
            return "fewer than two cases are labeled"
        return "a stratum has fewer than two labels" if ((n < 2) & (n < size)).any() else None

    def widened(self, size: NDArray[np.int64]) -> Floats:
        """Return ``sqrt(n / (n - 1))`` of each one's stratum; 1 where all of it is labeled."""
        n = np.bincount(self.stratum, minlength=len(size))
        return np.where(n < size, np.sqrt(n / np.maximum(n - 1, 1)), 1.0)[self.stratum]

    def errors(
        self, size: NDArray[np.int64], middle: Floats, tuning: float | None
    ) -> tuple[Floats, Floats, Floats]:
        """Return weights that add up to each stratum, label less tuned judge, and the tuning of each."""
        total = np.bincount(self.stratum, self.odds, minlength=len(size))
        weight = self.odds * (size / total)[self.stratum]
        x = self.judged - middle[self.stratum]
        each = self._tuning(x, weight, size) if tuning is None else np.full(len(x), float(tuning))
        return weight, self.label - each * x, each

    def _tuning(self, x: Floats, weight: Floats, size: NDArray[np.int64]) -> Floats:
        """Return the tuning for each label, by the labels of other clusters.

        It minimizes the sum of ``odds * (odds - 1) * (label - tuning * judge)^2`` about the strata's means:
        what of the variance comes from not labeling everything. Where all is labeled the judge does not
        matter: 0.
        """
        dx, dy = (
            side - (np.bincount(self.stratum, weight * side, minlength=len(size)) / size)[self.stratum]
            for side in (x, self.label)
        )
        _, codes = np.unique(self.cluster, return_inverse=True)
        pull = self.odds * (self.odds - 1) * dx
        along, across = (np.bincount(codes, pull * side) for side in (dx, dy))
        rest, both = along.sum() - along, across.sum() - across
        best = np.divide(both, rest, out=np.zeros_like(both), where=rest > 1e-12)
        return np.asarray(np.clip(best, 0.0, 1.0)[codes])

    def unseen(self, error: Floats, reach: float | None, *, trusted: bool) -> tuple[float, str | None]:
        """Return what of variance one more disagreement adds where few are seen, and the words for it."""
        off = [error - float(np.median(error)), *([self.label - self.judged] if trusted else [])]
        if min(len(np.unique(self.cluster[np.abs(each) > 1e-9])) for each in off) >= RARE_CLUSTERS:
            return 0.0, None
        far = reach if reach is not None else float(max(np.ptp(self.label), np.ptp(self.judged)))
        if far == 0:
            return math.nan, "all values are equal, and the range of the score is unknown"
        said = f"judge and people differ in fewer than {RARE_CLUSTERS} labeled cases: one more is allowed for"
        return (far / self.clusters) ** 2, said


def _variance(off: Floats, cluster: NDArray[np.int64]) -> float:
    """Return the cluster-robust variance of a mean from what each unit is off it."""
    by_cluster = np.bincount(cluster, off)
    count = len(by_cluster)
    return count / (count - 1) * float(by_cluster @ by_cluster) / len(off) ** 2


def _filled(judged: Floats) -> Floats:
    known = ~np.isnan(judged)
    if known.all():
        return judged
    return np.where(known, judged, judged[known].mean() if known.any() else 0.0)


def _numbered(groups: ArrayLike) -> NDArray[np.int64]:
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _unknown(estimate: float, units: int, drawn: _Drawn, reason: str) -> Rectified:
    return Rectified(
        estimate=estimate,
        se=math.nan,
        df=1.0,
        tuning=math.nan,
        units=units,
        labeled=len(drawn.place),
        clusters=drawn.clusters,
        labels_se=math.nan,
        pseudo=np.full(units, np.nan),
        reason=reason,
    )
