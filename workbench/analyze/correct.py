"""Many comparisons at once: one error level for the whole family of arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Family", "family", "holm", "max_t"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Tests and intervals of several estimates, under one family-wise error level.

    Parameters
    ----------
    low, high
        Simultaneous bounds, shape (m,).
    p_value
        Two-sided, of each alone, shape (m,).
    p_adjusted
        The same over the family, by Holm or by the largest of joint draws, shape (m,).
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_adjusted: NDArray[np.float64]


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Return Holm's step-down adjusted p-values (Holm 1979, Scand. J. Statistics 6:65).

    A p of at most alpha after adjustment is a rejection; the chance of any false one is at most alpha,
    however the tests depend on each other.

    Parameters
    ----------
    p_values
        Shape (m,); NaN stays NaN and does not count in the family.
    """
    p = np.asarray(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def family(center: ArrayLike, se: ArrayLike, df: ArrayLike, alpha: float = 0.05) -> Family:
    """Return tests by Holm, and simultaneous intervals that agree with them.

    The bounds are Bonferroni's, ``center ± t[1 - alpha/(2m), df] * se``, which hold for all m at once and may
    be held against any margin. Holm's later steps reject more; where one does and the interval still
    reaches over 0, the bound beyond 0 is set to 0. So an interval never contradicts its adjusted p.
    (Intervals made from Holm alone would end at 0 for every rejected arm: Strassburger & Bretz 2008,
    Statistics in Medicine 27:4914; intervals at each arm's own step would not hold against a margin.)

    Parameters
    ----------
    center, se
        Estimates and standard errors, shape (m,); NaN where there is none, which then is not in the family.
        A zero `se` is a certainty.
    df
        Degrees of freedom, shape (m,), >= 1.
    alpha
        Error of the whole family, two-sided, in (0, 1).
    """
    at, spread, freedom = _arrays(center, se, df)
    p_value = _p_values(at, spread, freedom)
    size = max(1, int((~np.isnan(p_value)).sum()))
    return _agreeing(at, spread, freedom, p_value, holm(p_value), alpha, alpha / size)


def max_t(
    center: ArrayLike, se: ArrayLike, df: ArrayLike, deviations: NDArray[np.floating], alpha: float = 0.05
) -> Family:
    """Return tests and intervals as `family` does, by how the estimates vary together.

    The largest deviation of all in each of many joint draws says how many independent tests the family
    amounts to (Westfall & Young 1993, "Resampling-Based Multiple Testing", 2.3); the tests step down as in
    Romano & Wolf (2005, Econometrica 73:1237, algorithm 4.1 with draws kept), the intervals are
    single-step. Estimates that share an arm or cases vary together, so this costs less than Holm's and
    Bonferroni's, and it is never stricter than they are. Deviations: draws give the dependence only,
    Student's distribution each estimate's own tail; so the edges (`pairs.paired`) stay as they are.

    Parameters
    ----------
    center, se, df, alpha
        As in `family`.
    deviations
        Shape (draws, m): drawn less actual estimate; of any scale, columns that are constant never matter.
    """
    from scipy.special import ndtr, ndtri

    at, spread, freedom = _arrays(center, se, df)
    p_value = _p_values(at, spread, freedom)
    order = np.flatnonzero(~np.isnan(p_value))
    order = order[np.argsort(p_value[order], kind="stable")]
    if not len(order):
        return _agreeing(at, spread, freedom, p_value, p_value, alpha, alpha)
    size = np.abs(deviations[:, order[::-1]])
    scale = np.sqrt(np.mean(np.square(size), axis=0))
    size /= np.where(scale > 0, scale, 1)
    # Column j, from the last: the largest among the hypotheses whose p is at least the j-th.
    largest = np.maximum.accumulate(size, axis=1, out=size)[:, ::-1]
    each = float(np.clip(2 * ndtr(-np.quantile(largest[:, 0], 1 - alpha)), alpha / len(order), alpha))
    beyond = (largest >= -ndtri(p_value[order] / 2)).sum(axis=0)
    p_adjusted = np.full(len(p_value), np.nan)
    p_adjusted[order] = np.maximum.accumulate((1 + beyond) / (1 + len(size)))
    p_adjusted = np.minimum(np.maximum(p_adjusted, p_value), holm(p_value))
    # A quantile lies between two draws, a share on one: at that line the interval decides.
    p_adjusted = np.where(p_value <= each, np.minimum(p_adjusted, alpha), p_adjusted)
    return _agreeing(at, spread, freedom, p_value, p_adjusted, alpha, each)


def _arrays(center: ArrayLike, se: ArrayLike, df: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    freedom = np.maximum(np.asarray(df, dtype=float), 1)
    return np.asarray(center, dtype=float), np.asarray(se, dtype=float), freedom


def _p_values(
    at: NDArray[np.float64], spread: NDArray[np.float64], freedom: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((spread == 0) & (at == 0), 0.0, np.abs(at) / spread)
    return np.where(np.isnan(at) | np.isnan(spread), np.nan, 2 * stdtr(freedom, -ratio))


def _agreeing(
    at: NDArray[np.float64],
    spread: NDArray[np.float64],
    freedom: NDArray[np.float64],
    p_value: NDArray[np.float64],
    p_adjusted: NDArray[np.float64],
    alpha: float,
    each: float,
) -> Family:
    """Return intervals at the level `each`, cut at 0 where the adjusted p says that 0 is excluded."""
    from scipy.special import stdtrit

    half = stdtrit(freedom, 1 - each / 2) * spread
    low, high = at - half, at + half
    shown = p_adjusted <= alpha
    low = np.where(shown & (at > 0), np.maximum(low, 0.0), low)
    high = np.where(shown & (at < 0), np.minimum(high, 0.0), high)
    return Family(low=low, high=high, p_value=p_value, p_adjusted=p_adjusted)
