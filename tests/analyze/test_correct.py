"""Many comparisons: Holm against statsmodels, and intervals that agree with it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from workbench.analyze.correct import family, holm, max_t

effects = st.lists(st.tuples(st.floats(-4, 4), st.floats(0.1, 2)), min_size=1, max_size=12)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    """The adjusted p are those of statsmodels."""
    assert np.allclose(holm(p_values), multipletests(p_values, method="holm")[1], atol=1e-12)


def test_unknown_p_is_not_in_the_family() -> None:
    """A NaN stays NaN and does not make the others pay."""
    assert np.allclose(holm([0.01, np.nan, 0.2]), [0.02, np.nan, 0.2], equal_nan=True)


@given(effects)
def test_intervals_agree_with_tests(pairs: list[tuple[float, float]]) -> None:
    """An interval reaches over 0 exactly where the adjusted p is above the level; it holds its estimate."""
    center, se = map(np.array, zip(*pairs, strict=True))
    found = family(center, se, [30] * len(pairs))
    over = (found.low < -1e-12) & (found.high > 1e-12)
    assert (over == (found.p_adjusted > 0.05))[np.abs(found.p_adjusted - 0.05) > 1e-9].all()
    assert ((found.low <= center) & (center <= found.high)).all()


def test_one_comparison_pays_nothing() -> None:
    """With one challenger the adjusted p is the plain one."""
    found = family([1.0], [0.5], [20])
    assert found.p_adjusted == found.p_value


def test_a_certain_difference_is_certain() -> None:
    """A zero standard error gives p 0 away from zero, and p 1 at it."""
    found = family([0.5, 0.0], [0.0, 0.0], [9, 9])
    assert found.p_value.tolist() == [0.0, 1.0]
    assert found.low.tolist() == [0.5, 0.0]


@given(effects, st.integers(0, 5))
def test_joint_tests_are_between_one_and_all(pairs: list[tuple[float, float]], seed: int) -> None:
    """By joint draws no test is stricter than Holm's, none laxer than alone; intervals agree with them."""
    center, se = map(np.array, zip(*pairs, strict=True))
    off = np.random.default_rng(seed).normal(size=(400, len(pairs))) * se
    found, plain = max_t(center, se, [30] * len(pairs), off), family(center, se, [30] * len(pairs))
    assert (found.p_adjusted <= plain.p_adjusted + 1e-12).all()
    assert (found.p_adjusted >= found.p_value - 1e-12).all()
    over = (found.low < -1e-12) & (found.high > 1e-12)
    assert (over == (found.p_adjusted > 0.05))[np.abs(found.p_adjusted - 0.05) > 1e-9].all()
    assert (found.high - found.low <= plain.high - plain.low + 2 * np.abs(center) + 1e-9).all()


def test_copies_count_once() -> None:
    """Ten estimates that always vary together cost no more than one, within the noise of the draws."""
    off = np.random.default_rng(1).normal(size=(4_000, 1)).repeat(10, axis=1)
    found = max_t([0.1] * 10, [1.0] * 10, [200] * 10, off)
    alone = family([0.1], [1.0], [200])
    assert np.allclose(found.high - found.low, alone.high - alone.low, rtol=0.04)
    assert np.allclose(found.p_adjusted, alone.p_value, atol=0.03)


def test_joint_tests_leave_out_what_is_unknown() -> None:
    """A NaN has neither bounds nor a share in the family, and a family of none stays empty."""
    off = np.random.default_rng(1).normal(size=(500, 2))
    found = max_t([0.5, np.nan], [0.1, np.nan], [20, 20], off)
    assert found.p_adjusted[0] == found.p_value[0]
    assert np.isnan(found.low[1])
    assert np.isnan(max_t([np.nan], [np.nan], [5], off[:, :1]).p_adjusted).all()
