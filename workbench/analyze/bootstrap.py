"""The cluster bootstrap: oracle of the intervals that have a formula, and the way where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["DRAWS", "Means", "Percentile", "Statistic", "bootstrap", "resamples"]

DRAWS = 10_000
"""Draws where nobody says otherwise: a probability is then known to one point (95 %)."""

Statistic = Callable[[NDArray[np.float32]], NDArray[np.floating]]
"""From how often each cluster stands in each of some draws, (draws, clusters), to (draws, figures)."""

_BLOCK = 2_000_000
_SIGMAS = 6


def resamples(clusters: int, draws: int, seed: Sequence[int]) -> NDArray[np.float32]:
    """Return how often each cluster stands in each resample, (draws, clusters); a row adds up to `clusters`.

    Whole clusters are drawn with replacement, as many as there are (Davison & Hinkley 1997, "Bootstrap
    Methods and their Application", 3.8, strategy 1): all trials of a case, under all arms, come along
    together, so that whatever is compared stays paired. float32 holds such counts exactly.
    """
    drawn = np.random.default_rng(seed).integers(0, clusters, size=(draws, clusters))
    drawn += clusters * np.arange(draws)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=draws * clusters)
    return counts.reshape(draws, clusters).astype(np.float32)


def bootstrap(
    statistics: Sequence[Statistic],
    clusters: int,
    *,
    draws: int = DRAWS,
    seed: int = 1,
    executor: Executor | None = None,
) -> list[NDArray[np.floating]]:
    """Return what each statistic gives on the same resamples.

    Draws are made block by block, each from a seed of its own, so that memory stays at some tens of MB and
    the result does not depend on who computes which block.

    Parameters
    ----------
    statistics
        `Means`, `Percentile`, or the like; to be pickled where `executor` has processes.
    clusters
        Independent groups of values, >= 1.
    draws
        Resamples, >= 1.
    seed
        The same seed, clusters and draws give the same resamples, whatever is reckoned on them.
    executor
        Of blocks; None: this thread.

    Returns
    -------
    list of ndarray
        One a statistic, shape (draws, figures).
    """
    size = max(1, min(draws, _BLOCK // clusters))
    sizes = [min(size, draws - start) for start in range(0, draws, size)]
    work = partial(_block, tuple(statistics), clusters, seed)
    parts = list((executor.map if executor else map)(work, range(len(sizes)), sizes))
    return [np.concatenate([part[index] for part in parts]) for index in range(len(statistics))]


def _block(
    statistics: tuple[Statistic, ...], clusters: int, seed: int, index: int, draws: int
) -> list[NDArray[np.floating]]:
    counts = resamples(clusters, draws, [seed, index])
    return [statistic(counts) for statistic in statistics]


@dataclass(frozen=True, slots=True)
class Means:
    """How far the mean of each column, over the values that are known, is off in each draw.

    A matrix product in float32, good to about 1e-6 of the column's spread: add `middle` for the mean itself.

    Parameters
    ----------
    middle
        Mean of each column, shape (columns,); NaN where there is no value.
    sums, counts
        Sum of deviations and number of values by cluster, shape (clusters, columns); `counts` has one column
        where all columns miss the same.
    """

    middle: NDArray[np.float64]
    sums: NDArray[np.float32]
    counts: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: ArrayLike, codes: NDArray[np.int64]) -> Means:
        """Return it for a table.

        Parameters
        ----------
        matrix
            Shape (values, columns); NaN where missing.
        codes
            Shape (values,): number of each row's cluster, from 0; every cluster has a row.
        """
        x = np.asarray(matrix, dtype=float)
        known = ~np.isnan(x)
        number = known.sum(axis=0)
        total = np.where(known, x, 0.0).sum(axis=0)
        middle = np.divide(total, number, out=np.full(x.shape[1], np.nan), where=number > 0)
        same = bool((known == known[:, :1]).all())
        return cls(
            middle=middle,
            sums=_by_cluster(np.where(known, x - middle, 0.0), codes),
            counts=_by_cluster((known[:, :1] if same else known).astype(float), codes),
        )

    def __call__(self, counts: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return drawn less actual means, shape (draws, columns); NaN where a draw holds no value."""
        off = counts @ self.sums
        with np.errstate(invalid="ignore", divide="ignore"):
            off /= counts @ self.counts
        off[:, np.isnan(self.middle)] = np.nan
        return off


def _by_cluster(x: NDArray[np.float64], codes: NDArray[np.int64]) -> NDArray[np.float32]:
    out = np.zeros((int(codes.max()) + 1 if len(codes) else 0, x.shape[1]))
    np.add.at(out, codes, x)
    return out.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of values that stand in clusters, draw by draw; numpy's linear one.

    Parameters
    ----------
    values
        Shape (n,), ascending.
    codes
        Shape (n,): number of each value's cluster.
    share
        In [0, 1].
    """

    values: NDArray[np.float64]
    codes: NDArray[np.int64]
    share: float

    @classmethod
    def of(cls, values: ArrayLike, codes: NDArray[np.int64], percentile: float) -> Percentile:
        """Return it for values in any order; `percentile` in [0, 100]."""
        x = np.asarray(values, dtype=float)
        order = np.argsort(x, kind="stable")
        return cls(values=x[order], codes=codes[order], share=percentile / 100)

    def __call__(self, counts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the percentile, shape (draws, 1); NaN where a draw holds no value."""
        n = len(self.values)
        if n == 0:
            return np.full((len(counts), 1), np.nan)
        # Only values near the percentile can be it. Should a draw leave the window, all are looked at.
        each = np.bincount(self.codes).max()
        half = _SIGMAS * math.sqrt(n * self.share * (1 - self.share) * each) + _SIGMAS * each
        start, stop = max(0, int(self.share * n - half)), min(n, int(self.share * n + half) + 1)
        found, inside = self._within(counts, start, stop)
        return found if inside else self._within(counts, 0, n)[0]

    def _within(self, counts: NDArray[np.float32], start: int, stop: int) -> tuple[NDArray[np.float64], bool]:
        clusters, n = counts.shape[1], len(self.values)
        size = np.bincount(self.codes, minlength=clusters)
        before = np.bincount(self.codes[:start], minlength=clusters)
        total = counts @ size.astype(np.float32)
        offset = counts @ before.astype(np.float32)
        upto = np.cumsum(counts[:, self.codes[start:stop]], axis=1) + offset[:, None]
        place = self.share * np.maximum(total - 1, 0).astype(float)
        below = np.floor(place)
        # The value number k of a resample, from 0, is the first up to which more than k were drawn.
        ends = [
            start + (upto <= rank[:, None]).sum(axis=1)
            for rank in (below, np.minimum(below + 1, np.maximum(total - 1, 0)))
        ]
        inside = (start == 0 or bool((offset <= below).all())) and (stop == n or bool((ends[1] < stop).all()))
        low, high = (self.values[np.minimum(end, n - 1)] for end in ends)
        out = np.where(total > 0, low + (place - below) * (high - low), np.nan)
        return out[:, None], inside
