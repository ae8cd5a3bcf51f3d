"""How many more labels until the decision settles."""

from __future__ import annotations

import math

from workbench.analyze.ppi import Rectified

__all__ = ["labels_needed"]


def labels_needed(found: Rectified, line: float, *, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return about how many labeled units in all show that a mean is not at `line`, if it is as estimated.

    The part of the variance that comes from not labeling everything shrinks as ``1 / n - 1 / N``; the rest
    stays. Quantiles as in `size.smallest_difference`.

    Parameters
    ----------
    found
        From the labels at hand.
    line
        What is to be excluded, e.g. 0.
    alpha
        Two-sided level, divided by the number of challengers, in (0, 1).
    power
        Chance to show it, in (0, 1).

    Returns
    -------
    int or None
        At least 2; None where labels on all units would not do, or there is no error to start from.
    """
    from scipy.special import stdtrit

    n, units, gap = found.labeled, found.units, abs(found.estimate - line)
    if math.isnan(found.se) or n >= units or gap == 0:
        return None
    rest = found.labels_se**2
    shrinking = (found.se**2 - rest) / (1 / n - 1 / units)

    def settles(more: int) -> bool:
        se = math.sqrt(rest + shrinking * (1 / more - 1 / units))
        return float(stdtrit(more - 1, 1 - alpha / 2) + stdtrit(more - 1, power)) * se <= gap

    if not settles(units):
        return None
    low, high = 1, units  # `low` does not settle it, `high` does
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if settles(middle) else (middle, high)
    return high
