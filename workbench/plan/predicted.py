"""The mean of what is still to come, from what has been seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, pstdev, stdev

__all__ = ["predicted_mean"]


def predicted_mean(seen: Sequence[float], new: int) -> tuple[float, float]:
    """Return a 95 % prediction interval for the mean of new values, none below 0.

    Student's t on the values seen, for the mean of `new` further ones (Hahn & Meeker 1991, Statistical
    Intervals, section 4.7): what the seen ones do not tell and what the new ones will draw are both in it.
    Answers' lengths have a long tail, so that the interval is stretched to the side of it by Johnson's
    correction for skewness (1978, J. American Statistical Association 73:536). Deviation: the other bound,
    which the correction would draw in, stays.

    Parameters
    ----------
    seen
        At least two values, all at least 0, independent of each other (one a case).
    new
        How many are to come, at least 1.
    """
    from scipy.stats import t

    n, mean, sd = len(seen), fmean(seen), stdev(seen)
    if sd == 0:
        return mean, mean
    quantile = float(t.ppf(0.975, n - 1))
    spread = sd * math.sqrt(1 / n + 1 / new)
    skewness = fmean((value - mean) ** 3 for value in seen) / pstdev(seen) ** 3
    shift = spread * skewness / math.sqrt(n) * (1 + 2 * quantile**2) / 6
    low = mean - quantile * spread + min(0.0, shift)
    return max(0.0, low), mean + quantile * spread + max(0.0, shift)
