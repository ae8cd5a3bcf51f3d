"""Many comparisons at once: one error level for the whole family of arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Family", "family", "holm"]


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
        The same by Holm over the family, shape (m,).
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
    from scipy.special import stdtr, stdtrit

    at, spread = np.asarray(center, dtype=float), np.asarray(se, dtype=float)
    freedom = np.maximum(np.asarray(df, dtype=float), 1)
    known = ~np.isnan(at) & ~np.isnan(spread)
    size = max(1, int(known.sum()))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((spread == 0) & (at == 0), 0.0, np.abs(at) / spread)
    p_value = np.where(known, 2 * stdtr(freedom, -ratio), np.nan)
    p_adjusted = holm(p_value)
    half = stdtrit(freedom, 1 - alpha / (2 * size)) * spread
    low, high = at - half, at + half
    shown = p_adjusted <= alpha
    low = np.where(shown & (at > 0), np.maximum(low, 0.0), low)
    high = np.where(shown & (at < 0), np.minimum(high, 0.0), high)
    return Family(low=low, high=high, p_value=p_value, p_adjusted=p_adjusted)
