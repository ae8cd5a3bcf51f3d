"""The proposal: cases and repeats for a difference that somebody wants to see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.wording import usd
from workbench.core.show import Shown
from workbench.errors import PlanError
from workbench.plan.curve import Size, size_of

if TYPE_CHECKING:
    from workbench.plan.estimate import Estimate
    from workbench.plan.pilot import Pilot
    from workbench.plan.power import Power

__all__ = ["MOST_REPEATS", "Proposal", "propose"]

MOST_REPEATS = 10
"""No more repeats are proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Shown):
    """Cases × repeats that show a difference. Made by `Plan.for_difference`.

    Parameters
    ----------
    difference
        The true difference to be shown, in units of the score.
    options
        One a number of repeats, ascending; empty where no feasible number of cases shows it.
    chosen
        The cheapest of them; None where there is none.
    at_hand
        Cases that the plan has.
    usd_per_case
        What a further case costs beside its calls; None: unknown.
    power
        By which it is reckoned.
    """

    difference: float
    options: tuple[Size, ...]
    chosen: Size | None
    at_hand: int
    usd_per_case: float | None
    power: Power

    @property
    def cases(self) -> int | None:
        """Cases to run; None where nothing shows it."""
        return None if self.chosen is None else self.chosen.cases

    @property
    def repeats(self) -> int | None:
        """Repeats of each; None where nothing shows it."""
        return None if self.chosen is None else self.chosen.repeats

    @property
    def more_cases(self) -> int:
        """Cases that the plan lacks for it."""
        return 0 if self.chosen is None else max(0, self.chosen.cases - self.at_hand)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a number of repeats: cases, calls, price of the new calls, cases that are lacking."""
        rows = []
        for option in self.options:
            low, high = option.cost_usd or (math.nan, math.nan)
            counts = [option.repeats, option.cases, option.calls, option.calls_new]
            lacking = max(0, option.cases - self.at_hand)
            rows.append([*counts, low, high, lacking, option is self.chosen])
        columns = ["repeats", "cases", "calls", "calls_new", "cost_low_usd", "cost_high_usd"]
        return pd.DataFrame(rows, columns=[*columns, "more_cases", "chosen"])

    @property
    def summary(self) -> str:
        """What to run, what it costs, and what it rests on."""
        head = f"To show a difference of {self.difference:g} with {self.power.power:.0%} power: "
        if self.chosen is None:
            return f"{head}no feasible number of cases does."
        size = self.chosen
        lines = [
            f"{head}{size.cases:,} cases × {size.repeats} repeats = {size.calls:,} calls, "
            f"{size.calls_new:,} of them new, {_money(size)}."
        ]
        if self.more_cases:
            lines.append(f"That is {self.more_cases:,} cases more than the {self.at_hand:,} at hand.")
        lines.append(f"Reckoned {self.power.basis}.")
        return "\n".join(lines)


def _money(size: Size) -> str:
    if size.cost_usd is None:
        return "at an unknown price"
    low, high = (usd(bound) for bound in size.cost_usd)
    return f"about {low}" if low == high else f"{low} to {high}"


def propose(
    estimate: Estimate, power: Power, pilot: Pilot, difference: float, *, usd_per_case: float | None = None
) -> Proposal:
    """Return the cheapest cases × repeats that show a true difference.

    Calls alone never make repeats worth their price: a new case always tells more than the same one again.
    They are where cases run out or cost something themselves (two-stage sampling; Cochran 1977, Sampling
    Techniques, section 10.6). Where the classic formula gives a fraction, here every number of repeats up to
    `MOST_REPEATS` is tried.

    Parameters
    ----------
    estimate, power, pilot
        The plan's.
    difference, usd_per_case
        As `Plan.for_difference` takes them.

    Raises
    ------
    PlanError
        Where `difference` is not above 0, or `usd_per_case` below 0.
    """
    if not difference > 0 or not math.isfinite(difference):
        raise PlanError("proposal", f"the difference is {difference!r}", "Give a number above 0.")
    if usd_per_case is not None and not usd_per_case >= 0:
        raise PlanError("proposal", f"usd_per_case is {usd_per_case!r}", "Give USD, at least 0, or None.")
    options = []
    for repeats in range(1, MOST_REPEATS + 1):
        cases = power.repeated(repeats).cases_needed(difference)
        if cases is not None:
            options.append(size_of(estimate, pilot, cases, repeats))

    def order(size: Size) -> tuple[bool, float, int]:
        lacking = max(0, size.cases - power.cases)
        # With a price unknown the number of calls stands for it.
        price = float(size.calls_new) if size.cost_usd is None else size.cost_usd[1]
        if usd_per_case is None:
            return lacking > 0, price, size.calls
        return False, price + usd_per_case * lacking, size.calls

    return Proposal(
        difference=difference,
        options=tuple(options),
        chosen=min(options, key=order, default=None),
        at_hand=power.cases,
        usd_per_case=usd_per_case,
        power=power,
    )
