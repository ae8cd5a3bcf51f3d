"""Tests of the spread: what earlier differences say of cases and of chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.plan.spread import ENOUGH_CASES, spread


def draws(cases: int, repeats: int, between: float, within: float, seed: int = 1) -> pd.Series:
    """Return seeded differences of so many cases and repeats with these standard deviations."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(0.3, between, cases)
    values = (middle[:, None] + rng.normal(0, within, (cases, repeats))).ravel()
    return pd.Series(values, index=np.repeat([f"c{case}" for case in range(cases)], repeats))


ANY = pd.Series([-3.0, 3.0])


def test_the_two_parts_are_found() -> None:
    """4,000 seeded cases of 3 repeats: both parts within 5 %."""
    found = spread("b", draws(4_000, 3, 1.0, 2.0), seen=ANY)
    assert found is not None
    assert found.within == pytest.approx(4.0, rel=0.05)
    assert found.draws == pytest.approx(1 / 3)
    assert found.variance - found.within * found.draws == pytest.approx(1.0, rel=0.1)


def test_without_repeats_the_parts_stay_together() -> None:
    """The variance is the plain one of the cases, and the part within is unknown, not zero."""
    one = draws(50, 1, 1.0, 1.0)
    found = spread("b", one, seen=ANY)
    assert found is not None
    assert (found.cases, found.within) == (50, None)
    assert found.variance == pytest.approx(one.var())


def test_missing_draws_are_left_out() -> None:
    """A case of which one draw is missing counts by the others; one of which all are missing does not."""
    some = draws(20, 2, 1.0, 1.0)
    holes = some.copy()
    holes.iloc[[0, 1, 2]] = np.nan
    found = spread("b", holes, seen=ANY)
    assert found is not None
    assert found.cases == 19
    assert found.draws == pytest.approx((18 * 0.5 + 1) / 19)


def test_too_few_cases_say_nothing() -> None:
    """Below ten cases the assumption is safer than what was seen."""
    assert spread("b", draws(ENOUGH_CASES - 1, 3, 1.0, 1.0), seen=ANY) is None


def test_equal_arms_are_not_certain() -> None:
    """On a yes/no score, 30 cases without a single difference still leave a spread: it may be seldom."""
    found = spread("b", pd.Series(0.0, index=range(30)), seen=pd.Series([0.0, 1.0]))
    assert found is not None
    assert 0 < found.variance < 0.2
