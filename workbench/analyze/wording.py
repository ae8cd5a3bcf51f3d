"""Figures as a person says them."""

from __future__ import annotations

import math

__all__ = ["signed", "usd", "with_bounds"]


def usd(amount: float) -> str:
    """Return an amount in USD: cents, or two significant digits below one; NaN is ``unknown``."""
    if math.isnan(amount):
        return "unknown"
    size = abs(amount)
    digits = 2 if size >= 0.1 or size == 0 else 1 - math.floor(math.log10(size))
    return f"{'-' if amount < 0 else ''}${size:,.{digits}f}"


def signed(value: float, *, points: bool) -> str:
    """Return a difference with its sign.

    Parameters
    ----------
    value
        In the score's unit; NaN is ``unknown``.
    points
        Whether the score lies in [0, 1], so that a difference is said in points of 100.
    """
    if math.isnan(value):
        return "unknown"
    return f"{100 * value:+.1f} points" if points else f"{value:+.3g}"


def with_bounds(value: float, low: float, high: float, *, points: bool, alpha: float) -> str:
    """Return a difference with its interval, ``+12.1 points (95 % 9.8 to 14.4)``."""
    if math.isnan(low) or math.isnan(high):
        return f"{signed(value, points=points)} (no interval)"
    factor = 100 if points else 1
    bounds = [f"{factor * bound:.1f}" if points else f"{bound:.3g}" for bound in (low, high)]
    return f"{signed(value, points=points)} ({100 * (1 - alpha):g} % {bounds[0]} to {bounds[1]})"
