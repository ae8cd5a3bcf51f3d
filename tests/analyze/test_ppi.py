"""Prediction-powered means: plain formulas where there are any, and what a judge may and may not do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from workbench.analyze.intervals import clustered_mean
from workbench.analyze.labels_needed import labels_needed
from workbench.analyze.ppi import Rectified, rectified_mean


def world(
    seed: int, units: int = 400, labeled: int = 80, noise: float = 0.5
) -> tuple[NDArray[np.float64], ...]:
    """Return what people would say, what the judge says, and the labels at hand."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=units)
    judged = 0.3 + truth + noise * rng.normal(size=units)
    labels = np.where(np.isin(np.arange(units), rng.permutation(units)[:labeled]), truth, np.nan)
    return truth, judged, labels


@given(st.integers(0, 50), st.sampled_from([0.0, 0.4, 1.0]))
def test_a_given_tuning_is_the_plain_formula(seed: int, tuning: float) -> None:
    """Mean label less tuned judge of the labeled, plus the tuned judge of all; its variance in two parts."""
    _, judged, labels = world(seed)
    found = rectified_mean(judged, labels, 0.2, tuning=tuning)
    there = ~np.isnan(labels)
    off = labels[there] - tuning * judged[there]
    assert found.estimate == pytest.approx(off.mean() + tuning * judged.mean(), abs=1e-12)
    two_phase = off.var(ddof=1) * (1 / 80 - 1 / 400) + labels[there].var(ddof=1) / 400
    assert found.se**2 == pytest.approx(two_phase, rel=0.35)  # their covariance is 0 only on average


def test_all_labeled_is_the_plain_mean() -> None:
    """With every unit labeled the judge does not matter, whatever it says; clusters count once."""
    truth, judged, _ = world(1)
    groups = np.arange(400) // 4
    found = rectified_mean(judged, truth, 1.0, clusters=groups)
    plain = clustered_mean(truth, groups)
    assert (found.estimate, found.tuning) == (pytest.approx(plain.mean), 0.0)
    assert found.se == pytest.approx(plain.se)
    assert found.labels_se <= found.se


def test_an_unbiased_judge_narrows_and_a_bad_one_does_no_harm() -> None:
    """The narrower the closer the judge; a useless and a contrary one are as labels alone."""
    truth, judged, labels = world(2)
    alone = rectified_mean(judged, labels, 0.2, tuning=0.0).se
    rng = np.random.default_rng(3)
    assert rectified_mean(judged, labels, 0.2).se < 0.7 * alone
    for bad in (rng.normal(size=400), -truth, np.zeros(400)):
        found = rectified_mean(bad, labels, 0.2)
        assert found.tuning < 0.2
        assert found.se < 1.05 * alone


@given(st.floats(-5, 5), st.integers(0, 20))
def test_a_constant_error_of_the_judge_does_not_matter(shift: float, seed: int) -> None:
    """A judge that is too kind by a constant is corrected wholly."""
    _, judged, labels = world(seed)
    one, other = rectified_mean(judged, labels, 0.2), rectified_mean(judged + shift, labels, 0.2)
    assert other.estimate == pytest.approx(one.estimate, abs=1e-9)
    assert other.se == pytest.approx(one.se, rel=1e-6)


def test_weights_undo_a_lopsided_draw() -> None:
    """Where high units are labeled three times as often, the weighted mean is not drawn to them."""
    rng = np.random.default_rng(4)
    off = []
    for _ in range(200):
        truth = rng.normal(size=400)
        chance = np.where(truth > 0, 0.3, 0.1)
        labels = np.where(rng.random(400) < chance, truth, np.nan)
        off.append(rectified_mean(np.zeros(400), labels, chance).estimate - truth.mean())
    assert abs(np.mean(off)) < 4 * np.std(off) / math.sqrt(200)


def test_strata_take_their_differences_out_of_the_error() -> None:
    """As many labels of each stratum as planned: the error is smaller than that of a plain draw."""
    rng = np.random.default_rng(5)
    strata = np.arange(400) // 200
    truth = 3.0 * strata + rng.normal(size=400)
    labels = np.where(np.arange(400) % 5 == 0, truth, np.nan)
    plain = rectified_mean(np.zeros(400), labels, 0.2)
    within = rectified_mean(np.zeros(400), labels, 0.2, strata=strata)
    assert within.estimate == pytest.approx(plain.estimate)
    assert within.se < 0.8 * plain.se


def test_unusable_verdicts_are_no_verdicts() -> None:
    """A unit without a usable verdict counts by its label alone; none at all is labels alone."""
    _, judged, labels = world(6)
    some = np.where(np.arange(400) % 10 == 0, np.nan, judged)
    assert rectified_mean(some, labels, 0.2).units == 400
    nothing = rectified_mean(np.full(400, np.nan), labels, 0.2)
    assert nothing.estimate == pytest.approx(np.nanmean(labels))
    assert nothing.tuning == 0


def test_a_perfect_judge_so_far_is_no_certainty() -> None:
    """Where people never differed from the judge, one difference is allowed for, and it is said."""
    truth = (np.arange(100) % 4 > 0).astype(float)
    labels = np.where(np.arange(100) % 3 == 0, truth, np.nan)
    found = rectified_mean(truth, labels, 1 / 3, reach=1.0)
    assert found.se >= 1 / 34
    assert found.reason is not None
    everything = rectified_mean(np.ones(50), np.where(np.arange(50) < 20, 1.0, np.nan), 0.4, reach=1.0)
    assert everything.se > 0
    assert math.isnan(rectified_mean(np.ones(50), np.where(np.arange(50) < 20, 1.0, np.nan), 0.4).se)


@pytest.mark.parametrize("labeled", [0, 1])
def test_too_few_labels_are_missing_with_a_reason(labeled: int) -> None:
    """Below two labeled cases there is no error."""
    found = rectified_mean(np.zeros(9), np.where(np.arange(9) < labeled, 1.0, np.nan), 0.1)
    assert math.isnan(found.se)
    assert found.reason == "fewer than two cases are labeled"
    assert all(math.isnan(bound) for bound in found.interval())


def test_a_stratum_without_labels_is_said() -> None:
    """Nothing can be said of a stratum that nobody looked at."""
    labels = np.where(np.arange(20) < 5, 1.0, np.nan)
    found = rectified_mean(np.zeros(20), labels, 0.5, strata=np.arange(20) // 10)
    assert found.reason == "a stratum has fewer than two labels"


def test_shares_stay_within_their_bounds() -> None:
    """The interval of a share near 1 is lopsided, and ends at 1."""
    rng = np.random.default_rng(7)
    truth = (rng.random(300) < 0.95).astype(float)
    labels = np.where(np.arange(300) < 60, truth, np.nan)
    found = rectified_mean(np.where(rng.random(300) < 0.9, truth, 0.0), labels, 0.2, reach=1.0)
    low, high = found.interval(binary=True, bounds=(0.0, 1.0))
    assert low < found.estimate < high <= 1
    assert found.estimate - low > high - found.estimate


def estimated(**changes: float) -> Rectified:
    """An estimate of .1 from 50 of 1,000 units."""
    figures = {"estimate": 0.1, "se": 0.06, "labels_se": 0.01} | changes
    return Rectified(df=49, tuning=0.5, units=1000, labeled=50, clusters=50, pseudo=np.zeros(1000), **figures)


def test_more_labels_settle_it_or_cannot() -> None:
    """As many as bring the error to the estimate's size; none where even all would not."""
    count = labels_needed(estimated(), 0.0)
    assert count is not None
    shrinking = (0.06**2 - 0.01**2) / (1 / 50 - 1 / 1000)
    se = math.sqrt(0.01**2 + shrinking * (1 / count - 1 / 1000))
    assert 0.1 / se == pytest.approx(2.8, abs=0.05)
    assert labels_needed(estimated(labels_se=0.05), 0.0) is None
    assert labels_needed(estimated(), 0.1) is None
    assert labels_needed(estimated(se=math.nan), 0.0) is None
