"""Power: the smallest paired difference a plan can show, and the cases a difference needs.

The unit is the case: repeats of a case are averaged first, so that they cannot pass for more cases. The
closed form is `workbench.analyze.size`; here is where its standard deviation comes from.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import stdev

from workbench.analyze import size
from workbench.errors import PlanError

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
    cases
        Number of cases, at least 1.
    sd
        Standard deviation of the per-case mean differences, in units of the score.
    challengers
        Number of arms compared with the incumbent, at least 1.
    alpha
        Two-sided error of the whole family.
    power
        Chance of showing a difference that is there, in (0, 1).
    basis
        Where `sd` comes from, in words.
    """

    cases: int
    sd: float
    challengers: int = 1
    alpha: float = 0.05
    power: float = 0.8
    basis: str = ""

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


def from_assumption(cases: int, repeats: int, *, challengers: int = 1, alpha: float = 0.05) -> Power:
    """Return the power under the stated assumption for a yes/no score.

    Two arms differ in `ASSUMED_DISAGREEMENT` of single trials (by McNemar's variance, the discordant share,
    at a small difference); `ASSUMED_SAMPLING_SHARE` of it is chance within a case and shrinks with repeats.
    """
    within = ASSUMED_DISAGREEMENT * ASSUMED_SAMPLING_SHARE
    variance = ASSUMED_DISAGREEMENT - within + within / repeats
    basis = f"assuming that two arms differ in {ASSUMED_DISAGREEMENT:.0%} of the trials"
    return Power(
        cases=cases, sd=math.sqrt(variance), challengers=max(1, challengers), alpha=alpha, basis=basis
    )


def from_pilot(
    differences: Sequence[float], cases: int, *, challengers: int = 1, alpha: float = 0.05
) -> Power:
    """Return the power by the spread of a pilot's per-case mean differences.

    Parameters
    ----------
    differences
        One number a case (challenger minus incumbent, repeats averaged); NaN where missing, left out.

    Raises
    ------
    PlanError
        With fewer than two differences, or where all are equal: no spread can be estimated.
    """
    known = [float(value) for value in differences if not math.isnan(value)]
    spread = stdev(known) if len(known) > 1 else 0.0
    if spread == 0.0:
        raise PlanError(
            "power",
            f"{len(known)} pilot differences show no spread",
            "Run a larger pilot, or plan with the assumption.",
        )
    basis = f"from the spread of {len(known)} pilot cases"
    return Power(cases=cases, sd=spread, challengers=max(1, challengers), alpha=alpha, basis=basis)
