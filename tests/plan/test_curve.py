"""Tests of the curve: cases a difference needs, and their price."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.test_pilot import ARMS, ran
from tests.plan.test_reckon import reply
from tests.plan.world import dataset, plan
from workbench.plan.curve import size_of
from workbench.plan.prices import PriceBook


def test_smaller_differences_need_more_cases_and_money() -> None:
    """Ascending differences, falling cases, calls and prices; the plan's own difference is on it."""
    made = plan(cases=dataset(200))
    frame = made.curve.frame
    for column in ("cases", "calls", "cost_low_usd", "cost_high_usd"):
        assert all(one >= other for one, other in pairwise(frame[column])), column
    assert frame["difference"].is_monotonic_increasing
    own = frame[frame["difference"] == made.power.smallest_difference].iloc[0]
    assert (own["cases"], own["calls"]) == (200, len(made))
    assert made.estimate.cost_usd is not None
    assert (own["cost_low_usd"], own["cost_high_usd"]) == pytest.approx(made.estimate.cost_usd)
    assert "200 cases × 2 repeats" in made.curve.summary


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 500), st.integers(1, 4))
def test_what_is_needed_is_what_shows_it(cases: int, repeats: int) -> None:
    """Every point's cases show its difference, and one case fewer does not."""
    power = plan().power.repeated(repeats)
    for point in plan(repeats=repeats).curve.points:
        assert point.size is not None
        needed = power.cases_needed(point.difference)
        assert needed == point.size.cases or point.size.cases == power.cases


def test_what_is_answered_is_not_paid_again() -> None:
    """All calls of the plan are in the journal: its own size costs nothing, a larger one what is new."""
    before = plan(cases=dataset(40), repeats=1)
    rows = ran(before)
    known = {trial.call_key: reply() for trial in rows[0]}
    made = plan(cases=dataset(40), repeats=1, earlier=rows, known=known.get)
    assert made.estimate.calls == 0
    own = size_of(made.estimate, made.pilot, 40, 1)
    assert (own.calls, own.calls_new, own.cost_usd) == (80, 0, (0.0, 0.0))
    more = size_of(made.estimate, made.pilot, 50, 1)
    assert more.calls_new == 20
    assert more.cost_usd is not None
    paid = [cost for name in ARMS for cost in made.pilot.arms[name].cost_usd]
    assert more.cost_usd[0] <= 20 * sum(paid) / len(paid) <= more.cost_usd[1]


def test_an_unknown_price_stays_unknown() -> None:
    """Cases and calls are told, the price is missing, not zero."""
    frame = plan(cases=dataset(40), book=PriceBook()).curve.frame
    assert frame["cases"].notna().all()
    assert frame["cost_low_usd"].isna().all()
