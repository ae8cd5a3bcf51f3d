"""Sample sizes: against the exact power of statsmodels, and their inverse."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestPower

from workbench.analyze.size import cases_needed, smallest_difference


@pytest.mark.parametrize("n", [10, 30, 300])
def test_near_the_exact_power(n: int) -> None:
    """The closed form lies within 2 % of the noncentral t's solution."""
    exact = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8, alternative="two-sided")
    assert smallest_difference(0.3, n) == pytest.approx(0.3 * exact, rel=0.02)


@given(st.floats(0.01, 2), st.floats(0.005, 1), st.integers(1, 12))
def test_needed_cases_suffice_and_one_less_does_not(sd: float, difference: float, arms: int) -> None:
    """The number found shows the difference; one case fewer would not."""
    n = cases_needed(sd, difference, arms=arms)
    assert n is not None
    assert smallest_difference(sd, n, arms=arms) <= difference
    assert n == 2 or smallest_difference(sd, n - 1, arms=arms) > difference


def test_nothing_shows_that_nothing_differs() -> None:
    """A difference of zero, or an unknown figure, has no number of cases."""
    assert cases_needed(0.3, 0.0) is None
    assert cases_needed(math.nan, 0.1) is None
    assert math.isnan(smallest_difference(0.3, 1))


def test_more_arms_need_more_cases() -> None:
    """The family's level is shared among the challengers."""
    assert cases_needed(0.5, 0.05, arms=6) > cases_needed(0.5, 0.05)  # type: ignore[operator]


def test_levels_outside_their_range_are_refused() -> None:
    """A level of 0 is a mistake, not an infinite study."""
    with pytest.raises(ValueError, match="alpha"):
        smallest_difference(0.3, 10, alpha=0)
