"""Intervals of a mean, against statsmodels and scipy, at the edges, and by their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import OLS, WLS
from statsmodels.stats.proportion import proportion_confint

from workbench.analyze.intervals import clustered_mean, mean_interval, t_interval, wilson

outcomes = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=60)
amounts = st.lists(st.integers(-100_000, 100_000).map(lambda cents: cents / 100), min_size=3, max_size=40)


@given(outcomes, st.sampled_from([0.01, 0.05, 0.2]))
def test_single_trials_get_wilson(values: list[float], alpha: float) -> None:
    """Yes/no without repeats: the bounds are statsmodels' Wilson, edges included."""
    found = mean_interval(values, alpha=alpha)
    low, high = proportion_confint(sum(values), len(values), alpha, method="wilson")
    assert found.method == "Wilson"
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


@given(amounts, st.integers(2, 6))
def test_clustered_error_is_statsmodels(values: list[float], groups: int) -> None:
    """The standard error is that of a clustered regression on a constant."""
    clusters = np.arange(len(values)) % groups
    found = clustered_mean(values, clusters)
    fit = OLS(values, np.ones(len(values))).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    assert found.mean == pytest.approx(fit.params[0], rel=1e-6, abs=1e-9)
    assert found.se == pytest.approx(fit.bse[0], rel=1e-6, abs=1e-6)


def test_weighted_error_is_statsmodels() -> None:
    """With weights it is that of a weighted regression on a constant."""
    rng = np.random.default_rng(1)
    values, clusters, weights = rng.normal(size=50), np.arange(50) // 4, rng.uniform(0.3, 1, 50)
    found = clustered_mean(values, clusters, weights)
    fit = WLS(values, np.ones(50), weights=weights).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    assert (found.mean, found.se) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)


@given(amounts)
def test_amounts_get_students_interval(values: list[float]) -> None:
    """Without clusters it is scipy's t interval; equal values have no width, and say so."""
    found = t_interval(values)
    if np.ptp(values) == 0:
        assert found.low == found.high == values[0]
        assert found.reason == "all values are equal"
    else:
        scale = stats.sem(values)
        low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=scale)
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


def test_repeats_that_agree_count_once() -> None:
    """Ten copies of each case give the width of the cases alone, not of ten times as many."""
    values = np.repeat([0.0, 1.0] * 20, 10)
    clustered = mean_interval(values, np.arange(400) // 10)
    alone = mean_interval([0.0, 1.0] * 20)
    assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert clustered.clusters == 40


def test_repeats_that_are_independent_count_fully() -> None:
    """Repeats without any likeness within a case give about the width of as many cases."""
    values = np.random.default_rng(2).integers(0, 2, 3000).astype(float)
    clustered, apart = mean_interval(values, np.arange(3000) // 3), mean_interval(values)
    assert clustered.high - clustered.low == pytest.approx(apart.high - apart.low, rel=0.06)


@given(st.integers(2, 40), st.integers(1, 4), st.booleans(), st.booleans())
def test_no_score_has_zero_width(cases: int, repeats: int, right: bool, binary: bool) -> None:
    """0/n, n/n and constant scores: the interval holds the mean and has a width."""
    value = float(right) if binary else 0.25 + 0.5 * right
    found = mean_interval(
        [value] * (cases * repeats), np.repeat(np.arange(cases), repeats), bounds=(0.0, 1.0)
    )
    assert 0 <= found.low <= value <= found.high <= 1
    assert found.high - found.low > 0.5 / (cases + 1)


def test_a_rare_failure_does_not_narrow_the_interval() -> None:
    """One wrong trial in 300 must not make the 100 cases count for 300."""
    perfect, flawed = np.ones(300), np.ones(300)
    flawed[0] = 0
    clusters = np.arange(300) // 3
    assert mean_interval(flawed, clusters).low < mean_interval(perfect, clusters).low
    assert "repeats count as one" in str(mean_interval(flawed, clusters).reason)


@pytest.mark.parametrize("values", [[], [1.0], [math.nan, 0.5]])
def test_too_little_is_unknown(values: list[float]) -> None:
    """Fewer than two values: no bounds, and the reason why."""
    found = mean_interval(values)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.reason


def test_one_case_repeated_is_unknown() -> None:
    """Many repeats of a single case say nothing about other cases."""
    found = mean_interval([1.0, 0.0, 1.0], ["a", "a", "a"])
    assert found.mean == pytest.approx(2 / 3)
    assert math.isnan(found.low)


def test_constant_score_of_unknown_range_is_unknown() -> None:
    """Equal ratings on a scale of unknown range have no bounds rather than none apart."""
    found = mean_interval([4.0] * 20)
    assert math.isnan(found.low)
    assert "range" in str(found.reason)


@given(st.floats(0, 1), st.integers(1, 500), st.floats(0.5, 4))
def test_wilson_holds_the_share(share: float, n: int, quantile: float) -> None:
    """Wilson's bounds lie in [0, 1], around the share, and not on it but at the ends."""
    low, high = wilson(share, n, quantile)
    assert 0 <= low <= share <= high <= 1
    assert high > low


@pytest.mark.parametrize(("right", "cases", "repeats"), [(0.5, 40, 3), (0.9, 60, 3), (0.97, 100, 5)])
def test_clustered_shares_are_covered(right: float, cases: int, repeats: int) -> None:
    """95 % intervals of clustered yes/no scores hold the truth in at least 93 % of 1,500 samples."""
    rng = np.random.default_rng(3)
    clusters = np.repeat(np.arange(cases), repeats)
    strength = 3.0  # beta-binomial cases, correlation 1 / (1 + strength) = .25
    hits = 0
    for _ in range(1500):
        chances = rng.beta(right * strength, (1 - right) * strength, cases)
        values = (rng.random(cases * repeats) < np.repeat(chances, repeats)).astype(float)
        found = mean_interval(values, clusters, binary=True)
        hits += found.low <= right <= found.high
    assert hits / 1500 >= 0.93
