"""The curve: how many cases a difference needs, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import pandas as pd

from workbench.core.show import Shown

if TYPE_CHECKING:
    from workbench.plan.estimate import ArmEstimate, Estimate
    from workbench.plan.pilot import Pilot
    from workbench.plan.power import Power

__all__ = ["Curve", "Point", "Size", "curve", "size_of"]

STEPS = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5)
"""Of each power of ten: the differences a curve has."""

SPAN = (0.25, 3.0)
"""How far the curve reaches to both sides, in multiples of what the plan can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A grid of so many cases and repeats, and its price.

    Parameters
    ----------
    cases, repeats
        Numbers of them.
    calls
        Of all arms, those that earlier runs answered already included.
    calls_new
        Those still to be made.
    cost_usd
        Of these, low and high; None where a price is unknown.
    """

    cases: int
    repeats: int
    calls: int
    calls_new: int
    cost_usd: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A difference, and the grid that shows it; None where no feasible one does."""

    difference: float
    size: Size | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Shown):
    """Cases that a true difference needs, from the smallest to the largest one. Made by `Plan.curve`.

    Parameters
    ----------
    points
        By difference, ascending.
    power
        By which it is reckoned.
    """

    points: tuple[Point, ...]
    power: Power

    @property
    def frame(self) -> pd.DataFrame:
        """One row a difference: cases, calls in all and new ones, and the price of the new ones."""
        rows = []
        for point in self.points:
            size = point.size
            cost = (math.nan, math.nan) if size is None or size.cost_usd is None else size.cost_usd
            counts = (pd.NA, pd.NA, pd.NA) if size is None else (size.cases, size.calls, size.calls_new)
            rows.append([point.difference, *counts, *cost])
        columns = ["difference", "cases", "calls", "calls_new", "cost_low_usd", "cost_high_usd"]
        whole = dict.fromkeys(columns[1:4], "Int64")
        return pd.DataFrame(rows, columns=columns).astype(whole)

    @property
    def summary(self) -> str:
        """What the plan itself can show, and by which assumptions."""
        power = self.power
        shows = power.smallest_difference
        own = "nothing" if shows is None else f"a difference of {shows:.3g}"
        return (
            f"{power.cases:,} cases × {power.repeats} repeats show {own} with {power.power:.0%} power"
            f" ({power.basis}). Half the difference needs about four times the cases."
        )


def curve(estimate: Estimate, power: Power, pilot: Pilot) -> Curve:
    """Return the curve of a plan, around what it can show itself.

    Parameters
    ----------
    estimate, power, pilot
        The plan's. Prices a call are the estimate's, for more cases as for fewer.
    """
    own = power.smallest_difference
    points = []
    for difference in sorted({*_steps(own or power.sd), *(() if own is None else (own,))}):
        cases = power.cases if difference == own else power.cases_needed(difference)
        size = None if cases is None else size_of(estimate, pilot, cases, power.repeats)
        points.append(Point(difference=difference, size=size))
    return Curve(points=tuple(points), power=power)


def _steps(middle: float) -> Iterator[float]:
    if not middle > 0:
        return
    low, high = (middle * factor for factor in SPAN)
    for exponent in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1):
        for step in STEPS:
            value = float(f"{step * 10.0**exponent:.3g}")
            if low <= value <= high:
                yield value


def size_of(estimate: Estimate, pilot: Pilot, cases: int, repeats: int) -> Size:
    """Return a grid of another size with its price: what is answered already is taken off its calls."""
    new, bounds = 0, []
    for arm in estimate.arms:
        calls = max(0, cases * repeats - (arm.cells - arm.calls))
        new += calls
        each = (0.0, 0.0) if not calls else _each(arm, pilot)
        bounds.append(None if each is None else (calls * each[0], calls * each[1]))
    known = [bound for bound in bounds if bound is not None]
    cost = math.fsum(low for low, _ in known), math.fsum(high for _, high in known)
    return Size(
        cases=cases,
        repeats=repeats,
        calls=cases * repeats * len(estimate.arms),
        calls_new=new,
        cost_usd=cost if len(known) == len(bounds) else None,
    )


def _each(arm: ArmEstimate, pilot: Pilot) -> tuple[float, float] | None:
    """Return the price of one call: the estimate's; of an arm with no call to make, that of earlier ones."""
    if arm.calls:
        return None if arm.cost_usd is None else (arm.cost_usd[0] / arm.calls, arm.cost_usd[1] / arm.calls)
    costs = pilot.arms[arm.arm].cost_usd if arm.arm in pilot.arms else ()
    if len(costs) < 2:
        return None
    mean, reach = fmean(costs), 2 * stdev(costs) / math.sqrt(len(costs))
    return max(0.0, mean - reach), mean + reach
