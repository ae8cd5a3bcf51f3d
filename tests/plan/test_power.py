"""Tests of power: where its spread comes from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.plan.power import from_assumption, from_pilot
from workbench.plan.spread import Spread


def test_more_cases_and_repeats_show_more() -> None:
    """The smallest difference falls with cases and repeats, and rises with challengers."""
    base = from_assumption(200, 1).smallest_difference
    assert base is not None
    for better in (from_assumption(400, 1), from_assumption(200, 3)):
        assert better.smallest_difference is not None
        assert better.smallest_difference < base
    worse = from_assumption(200, 1, challengers=7).smallest_difference
    assert worse is not None
    assert worse > base


def test_the_closed_form() -> None:
    """2.8 standard errors at 5 % and 80 %: sqrt(.2 / 400) * 2.8 = 0.0626."""
    assert from_assumption(400, 1).smallest_difference == pytest.approx(0.0626, rel=0.01)


def test_cases_needed_inverts_it() -> None:
    """The cases needed for the smallest difference are the cases of the plan; nothing shows no difference."""
    power = from_assumption(400, 3)
    assert power.smallest_difference is not None
    assert power.cases_needed(power.smallest_difference) == 400
    assert power.cases_needed(0.0) is None


def test_one_case_shows_nothing() -> None:
    """With one case there is no difference that can be shown: None, not 0."""
    assert from_assumption(1, 3).smallest_difference is None


def seen(**changes: Any) -> Spread:
    """Return the spread of 40 earlier cases asked twice: .5 in all, .25 of it by chance."""
    parts = {"arm": "b", "cases": 40, "variance": 0.5, "within": 0.5, "draws": 0.5}
    return Spread(**(parts | changes))


@given(st.integers(1, 20))
def test_a_pilot_gives_the_spread_at_any_number_of_repeats(repeats: int) -> None:
    """What varies from case to case stays; chance within a case shrinks with the repeats planned."""
    power = from_pilot([seen()], 100, repeats)
    assert power.sd**2 == pytest.approx(0.25 + 0.5 / repeats)
    assert power.basis == "from 40 earlier cases"
    assert power.repeated(2).sd ** 2 == pytest.approx(0.5)


def test_a_variance_that_was_not_split_is_split_by_assumption_and_says_so() -> None:
    """Without repeats nobody knows what repeats would do; with one repeat planned it does not matter."""
    single = seen(within=None, draws=1.0)
    assert from_pilot([single], 100, 1).sd ** 2 == pytest.approx(0.5)
    assert "assuming" not in from_pilot([single], 100, 1).basis
    assert from_pilot([single], 100, 2).sd ** 2 == pytest.approx(0.375)
    assert "assuming that 50%" in from_pilot([single], 100, 2).basis


def test_the_widest_pair_counts() -> None:
    """A plan speaks of every challenger: the widest of them, at the repeats planned, and it is named."""
    noisy = seen(arm="noisy", variance=0.6, within=1.1)
    steady = seen(arm="steady", variance=0.5, within=0.1)
    assert "noisy, the widest of 2 pairs" in from_pilot([noisy, steady], 100, 1).basis
    assert "steady, the widest of 2 pairs" in from_pilot([noisy, steady], 100, 9).basis
