"""Figures as a person says them."""

from __future__ import annotations

import math

__all__ = ["clock", "signed", "usd", "with_bounds"]


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, ``4:05``, from an hour on with hours: ``1:02:05``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
    """Return a difference with its interval, ``+12.1 points (95 % 9.8 to 14.4)``.

    A bound that is not zero is not written as zero: whether the interval holds zero decides.
    """
    if math.isnan(low) or math.isnan(high):
        return f"{signed(value, points=points)} (no interval)"
    bounds = [_points(100 * bound) if points else f"{bound:.3g}" for bound in (low, high)]
    return f"{signed(value, points=points)} ({100 * (1 - alpha):g} % {bounds[0]} to {bounds[1]})"


def _points(value: float) -> str:
    for digits in range(1, 5):
        text = f"{value:.{digits}f}"
        if float(text) != 0 or value == 0:
            return text
    return f"just {'above' if value > 0 else 'below'} 0"
