"""Confidence sequences of a bounded mean: bounds that hold at every look at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError

__all__ = ["BETS", "anytime_bounds", "anytime_p", "confidence_sequence", "log_capital"]

BETS: tuple[float, ...] = tuple(0.9 * (2 / 3) ** step for step in range(10))
"""Shares of the capital that are bet, 0.9 down to 0.023.

Each is the best one for some difference: the optimal bet is about ``d / (sd^2 + d^2)``. A bet that is off by
the square root of the step, 1.22, still grows at 95 % of the best rate.
"""

_STEPS = 60
"""Halvings of [-1, 1]: beyond the digits of a float."""


def log_capital(differences: ArrayLike, mean: float = 0.0) -> NDArray[np.float64]:
    """Return, after each case, the log of the capital that bets on a mean above `mean` have made of 1.

    The capital is a non-negative supermartingale for every true mean of at most `mean`, so that the chance
    that it ever reaches 1 / alpha is at most alpha (Ville's inequality), however often one looks: it is an
    e-process. This is the betting martingale of Waudby-Smith & Ramdas (2024, Estimating means of bounded
    random variables by betting, J. R. Statist. Soc. B 86:1), ``prod(1 + bet * (d - mean))``. Deviation: in
    place of one bet that follows the data, the capital is split evenly over fixed bets (their grid Kelly):
    `BETS` times the largest one that cannot ruin, ``1 / (1 + mean)``. So it is the same in whatever order the
    cases came, costs one multiplication a case and bet, and falls with `mean`.

    Parameters
    ----------
    differences
        Shape (..., n), each in [-1, 1]. NaN: a pair that is missing, on which nothing is bet.
    mean
        In (-1, 1).

    Returns
    -------
    array
        Shape (..., n).

    Raises
    ------
    InputError
        Where a difference is outside of [-1, 1].
    """
    d = _checked(differences)
    moves = np.nan_to_num(d - mean) / (1 + mean)
    logs = np.stack([np.cumsum(np.log1p(bet * moves), axis=-1) for bet in BETS])
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).mean(axis=0)))


def anytime_bounds(differences: ArrayLike, alpha: float = 0.05) -> tuple[float, float]:
    """Return the confidence sequence's bounds after all the cases given.

    The means that neither the bets above nor those below have refuted at 2 / alpha: the hedged capital
    process of Waudby-Smith & Ramdas (2024, section 4.4), its two halves equal. Over all looks together the
    true mean is ever outside with a chance of at most alpha. Wider than the interval of a number of cases
    that was fixed beforehand: that is the price of looking.

    Parameters
    ----------
    differences
        Shape (n,), in [-1, 1]; NaN are left out.
    alpha
        Two-sided, in (0, 1).

    Returns
    -------
    tuple
        (low, high); (-1, 1) without a case.
    """
    d = _checked(differences)
    d = d[~np.isnan(d)]
    limit = math.log(2 / alpha)
    return _lowest(d, limit), -_lowest(-d, limit)


def anytime_p(differences: ArrayLike) -> float:
    """Return the two-sided p-value that holds whenever one stopped, for a mean of 0: 2 / capital, at most 1.

    Parameters
    ----------
    differences
        Shape (n,), in [-1, 1]; NaN are left out.
    """
    d = _checked(differences)
    if not len(d):
        return 1.0
    best = max(float(log_capital(side)[-1]) for side in (d, -d))
    return min(1.0, 2 * math.exp(-best))


def confidence_sequence(
    differences: ArrayLike, alpha: float = 0.05, *, at: Sequence[int] | None = None
) -> pd.DataFrame:
    """Return the bounds of `anytime_bounds` at several looks, as a person draws them.

    Parameters
    ----------
    differences, alpha
        As `anytime_bounds` takes them, in the order in which they were seen.
    at
        After how many cases to look; None: 100 looks, evenly.

    Returns
    -------
    DataFrame
        Columns cases, estimate (NaN without a pair), low, high.
    """
    d = _checked(differences)
    looks = np.unique(np.linspace(1, max(1, len(d)), 100, dtype=int)) if at is None else at
    rows = []
    for look in looks:
        seen = d[:look][~np.isnan(d[:look])]
        estimate = float(seen.mean()) if len(seen) else math.nan
        rows.append((int(look), estimate, *anytime_bounds(seen, alpha)))
    return pd.DataFrame(rows, columns=["cases", "estimate", "low", "high"])


def _checked(differences: ArrayLike) -> NDArray[np.float64]:
    d = np.asarray(differences, dtype=float)
    if (np.abs(d) > 1 + 1e-9).any():
        raise InputError(
            "differences",
            f"one is {d.flat[np.nanargmax(np.abs(d))]:.4g}, outside of -1 to 1",
            "Scale the score to 0 to 1 by its least and greatest possible value: bounds=(low, high).",
        )
    return np.asarray(np.clip(d, -1, 1))


def _lowest(d: NDArray[np.float64], limit: float) -> float:
    """Return the smallest mean that bets on a larger one have not refuted: capital falls with it."""
    low, high = -1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _last(d, middle) >= limit:
            low = middle
        else:
            high = middle
    return low


def _last(d: NDArray[np.float64], mean: float) -> float:
    logs = np.log1p(np.multiply.outer(BETS, (d - mean) / (1 + mean))).sum(axis=-1)
    top = logs.max()
    return float(top + np.log(np.exp(logs - top).mean()))
