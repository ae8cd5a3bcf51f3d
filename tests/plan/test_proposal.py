"""Tests of the proposal: the cheapest cases × repeats that show a difference."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.test_pilot import ran
from tests.plan.world import dataset, plan
from workbench.errors import PlanError
from workbench.plan.prices import PriceBook


def test_cases_go_before_repeats_where_there_are_enough() -> None:
    """A new case tells more than the same one again: one repeat, where the cases at hand suffice."""
    found = plan(cases=dataset(900)).for_difference(0.05)
    assert found.repeats == 1
    assert found.more_cases == 0
    assert found.cases is not None
    assert found.cases <= 900
    assert found.frame.loc[found.frame["chosen"], "repeats"].tolist() == [1]


def test_repeats_make_up_for_cases_that_lack() -> None:
    """Where one repeat needs more cases than there are, the fewest repeats that do are chosen."""
    made = plan(cases=dataset(500))
    found = made.for_difference(0.05)
    assert found.repeats is not None
    assert found.repeats > 1
    assert found.more_cases == 0
    by_repeats = found.frame.set_index("repeats")["cases"]
    assert by_repeats[found.repeats - 1] > 500 >= by_repeats[found.repeats]


def test_repeats_that_cannot_help_are_not_bought() -> None:
    """Where even many repeats do not suffice, the cases that lack are named."""
    found = plan(cases=dataset(100)).for_difference(0.03)
    assert found.repeats == 1
    assert found.more_cases == (found.cases or 0) - 100 > 0
    assert f"{found.more_cases:,} cases more than the 100 at hand" in found.summary


def test_a_case_that_costs_is_asked_more_often() -> None:
    """With dear cases the cheapest plan repeats: calls cost next to nothing beside a label."""
    made = plan(cases=dataset(100))
    free, dear = (made.for_difference(0.03, usd_per_case=price) for price in (0.0, 2.0))
    assert free.repeats == 1
    assert dear.repeats is not None
    assert dear.repeats > 3
    assert dear.more_cases < free.more_cases


def test_repeats_are_worth_nothing_where_models_do_not_vary() -> None:
    """An earlier run of which no case changed between repeats: one repeat, whatever a case costs."""
    trials, scores = ran(plan(cases=dataset(60), repeats=2))
    steady = {
        trial.trial_id: float(trial.variant == "wordy" or int(trial.case_id, 16) % 2) for trial in trials
    }
    scores = [replace(score, value=steady[score.trial_id]) for score in scores]
    made = plan(cases=dataset(100), earlier=(trials, scores))
    assert made.power.within == 0
    assert made.for_difference(0.03, usd_per_case=5.0).repeats == 1


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 0.5), st.integers(10, 400))
def test_every_option_shows_the_difference(difference: float, cases: int) -> None:
    """With an option's cases and repeats the smallest difference is at most the one asked for."""
    made = plan(cases=dataset(cases))
    for option in made.for_difference(difference).options:
        sized = replace(made.power.repeated(option.repeats), cases=option.cases)
        assert sized.smallest_difference is not None
        assert sized.smallest_difference <= difference * (1 + 1e-9)


def test_without_prices_calls_decide() -> None:
    """The choice is made by calls, and the price is said to be unknown."""
    found = plan(cases=dataset(900), book=PriceBook()).for_difference(0.05)
    assert found.repeats == 1
    assert "unknown price" in found.summary


@pytest.mark.parametrize("difference", [0.0, -0.1, float("nan"), float("inf")])
def test_no_difference_is_refused(difference: float) -> None:
    """Nothing shows that two arms do not differ at all."""
    with pytest.raises(PlanError, match="above 0"):
        plan().for_difference(difference)


def test_a_price_below_zero_is_refused() -> None:
    """A case cannot earn money."""
    with pytest.raises(PlanError, match="usd_per_case"):
        plan().for_difference(0.05, usd_per_case=-1.0)
