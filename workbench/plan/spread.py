"""The spread of earlier paired differences: from case to case, and by chance within a case."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.analyze.pairs import paired, scale

__all__ = ["ENOUGH_CASES", "ENOUGH_DRAWS", "Spread", "spread"]

ENOUGH_CASES = 10
"""Fewer earlier cases than this give no spread: the assumption is safer."""

ENOUGH_DRAWS = 10
"""Fewer repeated draws than this do not split the variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a challenger's differences from the incumbent varied.

    Parameters
    ----------
    arm
        The challenger.
    cases
        Cases that both have a score for.
    variance
        Of the per-case mean differences, in squared units of the score.
    within
        Variance of a single draw's difference within its case; None where too little was repeated.
    draws
        Mean over the cases of 1 / repeats, in (0, 1]: the part of `within` that is in `variance`.
    """

    arm: str
    cases: int
    variance: float
    within: float | None
    draws: float


def spread(arm: str, differences: pd.Series, *, seen: pd.Series) -> Spread | None:
    """Return the spread of a challenger's differences, draw by draw; None where there is too little.

    The variance of the case means is that of the comparison (`workbench.analyze.pairs.paired`), so that a
    plan and its result speak of the same spread. Within a case it is pooled over the cases (one-way analysis
    of variance, e.g. Searle, Casella & McCulloch 1992, Variance Components, section 3.5). Draws are paired
    by repeat: where a model honors seeds both arms drew on the same random numbers, and part of the chance
    cancels.

    Parameters
    ----------
    differences
        Challenger minus incumbent, indexed by case; one row a draw; NaN is left out.
    seen
        All scores seen, of any arm: they tell the score's range.
    """
    known = differences.dropna()
    groups = known.groupby(level=0)
    means, counts = groups.mean(), groups.size()
    if len(means) < ENOUGH_CASES:
        return None
    variance = paired(means.to_numpy(dtype=float), scale=scale(seen)).sd ** 2
    if not variance > 0:
        return None
    freedom = int((counts - 1).sum())
    squares = float(((known - groups.transform("mean")) ** 2).sum())
    return Spread(
        arm=arm,
        cases=len(means),
        variance=variance,
        within=squares / freedom if freedom >= ENOUGH_DRAWS else None,
        draws=float((1 / counts).mean()),
    )
