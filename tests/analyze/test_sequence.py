"""Tests of confidence sequences: they hold at every look, and are as narrow as that allows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analyze.sequence import BETS, anytime_bounds, anytime_p, confidence_sequence, log_capital
from workbench.errors import InputError

DIFFERENCES = st.lists(st.floats(-1, 1, allow_subnormal=False), min_size=1, max_size=60)


@given(DIFFERENCES)
def test_the_bounds_hold_the_mean_and_mirror(values: list[float]) -> None:
    """The plain mean lies between them; turning all signs turns the bounds."""
    low, high = anytime_bounds(values)
    assert -1 <= low <= np.mean(values) + 1e-9
    assert np.mean(values) - 1e-9 <= high <= 1
    assert anytime_bounds([-value for value in values]) == pytest.approx((-high, -low))


@given(DIFFERENCES)
def test_the_order_of_the_cases_does_not_matter_for_one_look(values: list[float]) -> None:
    """The last bounds are those of the same cases in any order."""
    assert anytime_bounds(sorted(values)) == pytest.approx(anytime_bounds(values), abs=1e-9)


def test_the_capital_is_what_bets_make_of_one() -> None:
    """After a win and a loss: the average over the bets of (1 + b)(1 - b)."""
    capital = np.exp(log_capital([1.0, -1.0]))
    assert capital[0] == pytest.approx(np.mean([1 + bet for bet in BETS]))
    assert capital[1] == pytest.approx(np.mean([1 - bet**2 for bet in BETS]))


def test_the_capital_is_fair_under_the_null() -> None:
    """Its mean over all paths of a fair coin is 1, by enumeration."""
    paths = np.array(np.meshgrid(*[[-1.0, 1.0]] * 8)).reshape(8, -1).T
    assert np.exp(log_capital(paths))[:, -1].mean() == pytest.approx(1.0)
    shifted = np.where(paths > 0, 1.0, -0.5)  # mean 0.25
    assert np.exp(log_capital(shifted, 0.25))[:, -1].mean() == pytest.approx(1.0)


def test_looking_after_every_case_gives_few_false_alarms() -> None:
    """Without a difference, at most alpha of 400 seeded sequences ever exclude 0."""
    d = np.random.default_rng(7).choice([-1.0, 0.0, 1.0], p=[0.15, 0.7, 0.15], size=(400, 1000))
    ever = np.maximum(log_capital(d), log_capital(-d)).max(axis=1) >= math.log(2 / 0.05)
    assert ever.mean() <= 0.05


def test_the_interval_narrows_to_about_1_6_times_that_of_one_look() -> None:
    """With 2,000 cases it is wider than the usual one, and not by much."""
    d = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], p=[0.05, 0.8, 0.15], size=2000)
    low, high = anytime_bounds(d)
    usual = 2 * 1.96 * d.std() / math.sqrt(len(d))
    assert 1.2 < (high - low) / usual < 1.8
    assert low > 0


def test_edges_have_width_and_reasons() -> None:
    """No case says nothing; equal cases are no certainty; a missing pair is no case."""
    assert anytime_bounds([]) == (-1.0, 1.0)
    low, high = anytime_bounds([0.0] * 50)
    assert low == pytest.approx(-high)
    assert high > 0.05
    assert anytime_bounds([1.0] * 50)[1] == 1.0
    assert anytime_bounds([0.5, math.nan, 0.25]) == anytime_bounds([0.5, 0.25])
    assert log_capital([0.5, math.nan])[1] == log_capital([0.5, math.nan])[0]


def test_the_p_value_and_the_bounds_agree() -> None:
    """0 is outside of the bounds at level p, and inside just below it."""
    d = np.random.default_rng(5).choice([-1.0, 0.0, 1.0], p=[0.05, 0.75, 0.2], size=300)
    p = anytime_p(d)
    assert p < 0.05
    assert anytime_bounds(d, p * 1.01)[0] >= 0 > anytime_bounds(d, p * 0.99)[0]
    assert anytime_p([]) == 1.0


def test_the_sequence_is_the_bounds_at_each_look() -> None:
    """One row a look; before any pair the estimate is missing."""
    d = [math.nan, 1.0, 0.0, 1.0]
    found = confidence_sequence(d, at=[1, 3, 4])
    assert found["cases"].to_list() == [1, 3, 4]
    assert math.isnan(found["estimate"][0])
    assert tuple(found.loc[2, ["low", "high"]]) == anytime_bounds(d)
    assert len(confidence_sequence(np.zeros(1000))) == 100


def test_what_is_no_bounded_difference_is_refused() -> None:
    """A score that is not in [0, 1] needs its bounds."""
    with pytest.raises(InputError, match="bounds="):
        anytime_bounds([0.0, 3.0])
