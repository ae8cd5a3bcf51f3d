"""Paired differences: against scipy, at the edges, and by their error rates."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.analyze.correct import family
from workbench.analyze.pairs import Scale, paired, paired_columns, scale

BINARY = Scale(binary=True, bounds=(0.0, 1.0), reach=1.0)
SHARE = Scale(binary=False, bounds=(0.0, 1.0), reach=1.0)


def test_continuous_is_the_paired_t_test() -> None:
    """Estimate, p and interval of continuous scores are those of scipy's ttest_rel."""
    rng = np.random.default_rng(1)
    one, other = rng.random(40), rng.random(40)
    found = paired(one - other, scale=SHARE)
    tests = family([found.center], [found.se], [found.df])
    oracle = stats.ttest_rel(one, other)
    interval = oracle.confidence_interval()
    assert tests.p_value[0] == pytest.approx(oracle.pvalue, rel=1e-9)
    assert (tests.low[0], tests.high[0]) == pytest.approx((interval.low, interval.high), rel=1e-9)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_single_trials_are_agresti_and_min(wins: int, losses: int, ties: int) -> None:
    """Yes/no without repeats: centre and standard error are those of the adjusted Wald interval."""
    n = wins + losses + ties
    if n < 2:
        return
    found = paired([1.0] * wins + [-1.0] * losses + [0.0] * ties, scale=BINARY)
    b, c, total = wins + 0.5, losses + 0.5, n + 2
    center = (b - c) / total
    assert found.center == pytest.approx(center, abs=1e-12)
    assert found.se == pytest.approx(math.sqrt(((b + c) - (b - c) ** 2 / total) / total**2), rel=1e-9)
    assert found.estimate == pytest.approx((wins - losses) / n, abs=1e-12)


@given(st.integers(2, 200), st.sampled_from([-1.0, -0.4, 0.0, 0.25, 1.0]), st.booleans())
def test_equal_differences_are_no_certainty(n: int, value: float, binary: bool) -> None:
    """All differences equal: the error is above zero, whatever the score."""
    assert paired([value] * n, scale=BINARY if binary else SHARE).se > 0.1 / n


def test_equal_costs_are_a_fact() -> None:
    """Amounts that differ by the same in every case are exactly that."""
    assert paired([0.3] * 10).se == 0


@pytest.mark.parametrize("values", [[], [1.0], [math.nan, 1.0]])
def test_too_few_cases_are_unknown(values: list[float]) -> None:
    """Without two common cases there is no interval, and a reason."""
    found = paired(values, scale=BINARY)
    assert math.isnan(found.se)
    assert "two cases" in str(found.reason)


def test_shared_calls_are_one_cluster() -> None:
    """The same differences twice, as clusters of two, give the error of having them once."""
    values = np.random.default_rng(4).normal(size=50)
    once, twice = paired(values, scale=SHARE), paired(np.repeat(values, 2), np.arange(100) // 2, scale=SHARE)
    assert twice.se == pytest.approx(once.se, rel=1e-9)
    signs = np.sign(values)
    once, twice = paired(signs, scale=BINARY), paired(np.repeat(signs, 2), np.arange(100) // 2, scale=BINARY)
    assert twice.se == pytest.approx(once.se, rel=0.05)


def test_scale_is_read_from_the_values() -> None:
    """Yes/no, shares and open scales are told apart; a constant open scale has no reach."""
    assert scale(pd.Series([0.0, 1.0, np.nan])) == BINARY
    assert scale(pd.Series([0.0, 0.5])) == SHARE
    assert scale(pd.Series([1.0, 5.0])) == Scale(binary=False, bounds=None, reach=4.0)
    assert scale(pd.Series([3.0, 3.0])).reach is None


@pytest.mark.parametrize(("cases", "repeats", "share"), [(30, 1, 0.9), (100, 1, 0.6), (40, 3, 0.8)])
def test_equal_arms_rarely_differ(cases: int, repeats: int, share: float) -> None:
    """Two arms of equal quality are called different in at most 6 % of 2,000 studies, not never."""
    rng = np.random.default_rng(5)
    false = 0
    for _ in range(2000):
        chances = rng.beta(share * 2, (1 - share) * 2, (cases, 1))
        one, other = (rng.random((2, cases, repeats)) < chances).mean(axis=2)
        found = paired(one - other, scale=BINARY)
        false += family([found.center], [found.se], [found.df]).p_value[0] <= 0.05
    assert 0.005 <= false / 2000 <= 0.06


def test_a_family_of_equal_arms_rarely_differs() -> None:
    """Of three challengers like the incumbent, any is called different in at most 6 % of 800 studies."""
    rng = np.random.default_rng(6)
    names, clusters = ["base", "b", "c", "d"], pd.Series(range(40))
    false = 0
    for _ in range(800):
        chances = rng.beta(1.4, 0.6, (1, 40, 1))
        matrix = pd.DataFrame((rng.random((4, 40, 2)) < chances).mean(axis=2).T, columns=names)
        found = paired_columns(matrix, [(name, "base") for name in names[1:]], clusters, BINARY)
        false += bool((family(found["center"], found["se"], found["df"]).p_adjusted <= 0.05).any())
    assert 0.01 <= false / 800 <= 0.06
