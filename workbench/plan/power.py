"""Power: the smallest paired difference a plan can show, and the cases a difference needs.

The unit is the case: repeats of a case are averaged first, so that they cannot pass for more cases. The
closed form is `workbench.analyze.size`; here is where its standard deviation comes from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.analyze import size
from workbench.plan.spread import Spread

__all__ = ["ASSUMED_DISAGREEMENT", "ASSUMED_SAMPLING_SHARE", "Power", "from_assumption", "from_pilot"]

ASSUMED_DISAGREEMENT = 0.2
"""Assumed share of single trials in which two arms differ on a yes/no score."""

ASSUMED_SAMPLING_SHARE = 0.5
"""Assumed part of that variance that is chance within a case; repeats average it out, more cases do both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a plan can show.

    Parameters
    ----------
    cases, repeats
        Numbers of them, at least 1.
    between, within
        Variance of a challenger's difference from the incumbent, in squared units of the score: from case to
        case, and by chance within a case at one draw of each.
    challengers
        Number of arms compared with the incumbent, at least 1.
    alpha
        Two-sided error of the whole family.
    power
        Chance of showing a difference that is there, in (0, 1).
    basis
        Where the variances come from, in words.
    """

    cases: int
    between: float
    within: float
    repeats: int = 1
    challengers: int = 1
    alpha: float = 0.05
    power: float = 0.8
    basis: str = ""

    @property
    def sd(self) -> float:
        """Standard deviation of the per-case mean differences, in units of the score."""
        return math.sqrt(self.between + self.within / self.repeats)

    @property
    def smallest_difference(self) -> float | None:
        """The smallest true difference shown with the stated power, in units of the score.

        None with fewer than two cases, where nothing can be shown.
        """
        shown = size.smallest_difference(self.sd, self.cases, self.alpha, self.power, self.challengers)
        return None if math.isnan(shown) else shown

    def cases_needed(self, difference: float) -> int | None:
        """Return how many cases show this true difference with the stated power.

        None where no feasible number does: nothing shows that two arms do not differ at all.
        """
        return size.cases_needed(self.sd, difference, self.alpha, self.power, self.challengers)

    def repeated(self, repeats: int) -> Power:
        """Return the same with another number of repeats."""
        return replace(self, repeats=repeats)


def from_assumption(cases: int, repeats: int, *, challengers: int = 1, alpha: float = 0.05) -> Power:
    """Return the power under the stated assumption for a yes/no score.

    Two arms differ in `ASSUMED_DISAGREEMENT` of single trials (by McNemar's variance, the discordant share,
    at a small difference); `ASSUMED_SAMPLING_SHARE` of it is chance within a case and shrinks with repeats.
    """
    within = ASSUMED_DISAGREEMENT * ASSUMED_SAMPLING_SHARE
    return Power(
        cases=cases,
        repeats=repeats,
        between=ASSUMED_DISAGREEMENT - within,
        within=within,
        challengers=max(1, challengers),
        alpha=alpha,
        basis=f"assuming that two arms differ in {ASSUMED_DISAGREEMENT:.0%} of the trials",
    )


def from_pilot(
    spreads: Sequence[Spread], cases: int, repeats: int, *, challengers: int = 1, alpha: float = 0.05
) -> Power:
    """Return the power by the spread of earlier paired differences: the widest there is.

    Where nothing was repeated the variance cannot be split: `ASSUMED_SAMPLING_SHARE` of it is then taken for
    chance within a case, and the basis says so where it matters (at more than one repeat).

    Parameters
    ----------
    spreads
        One an earlier pair of arms, at least one.
    """

    def parts(spread: Spread) -> tuple[float, float]:
        if spread.within is not None:
            return max(0.0, spread.variance - spread.within * spread.draws), spread.within
        within = ASSUMED_SAMPLING_SHARE * spread.variance
        return spread.variance - within, within

    widest = max(spreads, key=lambda spread: math.fsum((parts(spread)[0], parts(spread)[1] / repeats)))
    between, within = parts(widest)
    basis = f"from {widest.cases} earlier cases"
    if len(spreads) > 1:
        basis += f", {widest.arm}, the widest of {len(spreads)} pairs"
    if widest.within is None and repeats > 1:
        basis += f", assuming that {ASSUMED_SAMPLING_SHARE:.0%} of the variance is chance within a case"
    return Power(
        cases=cases,
        repeats=repeats,
        between=between,
        within=within,
        challengers=max(1, challengers),
        alpha=alpha,
        basis=basis,
    )
