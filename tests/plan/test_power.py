"""Tests of power: where its spread comes from."""

from __future__ import annotations

import math

import pytest

from workbench.errors import PlanError
from workbench.plan.power import from_assumption, from_pilot


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


def test_a_pilot_gives_the_spread() -> None:
    """The pilot's standard deviation is used, missing differences are left out."""
    power = from_pilot([0.0, 1.0, -1.0, math.nan], 100)
    assert power.sd == pytest.approx(1.0)
    assert "3 pilot cases" in power.basis


@pytest.mark.parametrize("pilot", [[0.5], [0.5, math.nan], [0.2, 0.2, 0.2]])
def test_a_pilot_without_spread_is_refused(pilot: list[float]) -> None:
    """Too few or equal differences would promise certainty: refused."""
    with pytest.raises(PlanError, match="no spread"):
        from_pilot(pilot, 100)
