"""How many cases show a difference, and which difference so many cases can show."""

from __future__ import annotations

import math

__all__ = ["MOST_CASES", "cases_needed", "smallest_difference"]

MOST_CASES = 10_000_000
"""Above this many cases a number is no longer a plan: `cases_needed` gives None."""


def smallest_difference(
    sd: float, n_cases: int, alpha: float = 0.05, power: float = 0.8, arms: int = 1
) -> float:
    """Return the smallest true paired difference that n cases show with the given power.

    ``(t[1 - alpha/(2 arms), n-1] + t[power, n-1]) * sd / sqrt(n)``: the usual normal formula for a paired
    comparison (Lachin 1981, Controlled Clinical Trials 2:93; for evaluations with repeats: Miller 2024,
    "Adding error bars to evals") with Student quantiles in place of normal ones, which follows the exact
    noncentral t within 2 % from 10 cases on.

    Parameters
    ----------
    sd
        Standard deviation between cases of the per-case mean differences, in the score's unit, >= 0. More
        repeats make it smaller; that is where repeats enter.
    n_cases
        Cases that both arms answer.
    alpha
        Two-sided family-wise level, in (0, 1).
    power
        Chance to show it, in (0, 1).
    arms
        Challengers compared with the incumbent; the level is divided by it (Bonferroni, the first step of
        Holm).

    Returns
    -------
    float
        In the score's unit; NaN below 2 cases or where `sd` is NaN.
    """
    _check(alpha, power, arms)
    if n_cases < 2 or math.isnan(sd):
        return math.nan
    from scipy.stats import t

    quantiles = t.ppf([1 - alpha / (2 * arms), power], n_cases - 1)
    return float(quantiles.sum()) * sd / math.sqrt(n_cases)


def cases_needed(
    sd: float, difference: float, alpha: float = 0.05, power: float = 0.8, arms: int = 1
) -> int | None:
    """Return the fewest cases that show a true paired difference with the given power.

    The inverse of `smallest_difference`, whose parameters and sources it shares.

    Parameters
    ----------
    difference
        The true difference, in the score's unit; its sign does not matter.

    Returns
    -------
    int or None
        At least 2. None where no number up to `MOST_CASES` suffices (a difference of zero), or where a
        figure is NaN.
    """
    _check(alpha, power, arms)
    size = abs(difference)
    if math.isnan(sd) or math.isnan(size) or smallest_difference(sd, MOST_CASES, alpha, power, arms) > size:
        return None
    low, high = 1, MOST_CASES  # `low` does not suffice, `high` does
    while high - low > 1:
        middle = (low + high) // 2
        if smallest_difference(sd, middle, alpha, power, arms) <= size:
            high = middle
        else:
            low = middle
    return high


def _check(alpha: float, power: float, arms: int) -> None:
    if not 0 < alpha < 1 or not 0 < power < 1 or arms < 1:
        raise ValueError(
            f"alpha and power lie between 0 and 1, arms is at least 1: {alpha=}, {power=}, {arms=}"
        )
