"""Percentiles of latency: coverage, honest gaps, and which calls count."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.latency import latency, percentile_interval, timed


@pytest.mark.parametrize(("percentile", "n"), [(50, 25), (95, 200)])
def test_percentiles_are_covered(percentile: int, n: int) -> None:
    """The interval holds the true percentile of a skewed distribution in 94 to 98.5 % of 2,000 samples."""
    rng = np.random.default_rng(1)
    truth = -math.log(1 - percentile / 100)
    found = (percentile_interval(rng.exponential(size=n), percentile) for _ in range(2000))
    hits = sum(interval.low <= truth <= interval.high for interval in found)
    assert 0.94 <= hits / 2000 <= 0.985


def test_too_few_values_have_no_upper_bound() -> None:
    """The 99th percentile of 367 values has no upper bound, that of 368 has."""
    few, enough = percentile_interval(np.arange(367.0), 99), percentile_interval(np.arange(368.0), 99)
    assert math.isnan(few.high)
    assert "too few" in str(few.reason)
    assert not math.isnan(enough.high)


def test_repeats_that_agree_widen_the_interval() -> None:
    """Slow cases that are slow in each repeat count once."""
    seconds = np.random.default_rng(2).exponential(size=100)
    once = percentile_interval(seconds, 50)
    copied = percentile_interval(np.repeat(seconds, 5), 50, np.arange(500) // 5)
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.3)


def test_nothing_measured_is_unknown() -> None:
    """No latency: NaN and a reason."""
    found = percentile_interval([math.nan], 50)
    assert math.isnan(found.mean)
    assert found.reason


def test_only_answered_calls_count_once() -> None:
    """Failures, semantic hits and second uses of one call are not in the percentiles."""
    frame = trial_table({"a": (0.5, 0.1)}, cases=4, repeats=1)
    frame.loc[0, "status"] = "error"
    frame.loc[1, "source"] = "semantic"
    frame.loc[3, "call_key"] = frame.loc[2, "call_key"]
    assert timed(frame)["case_id"].tolist() == ["c2"]


def test_workloads_stay_apart() -> None:
    """Each arm has its percentiles for each workload, with denominators."""
    frame = trial_table({"a": (0.5, 0.1)}, cases=10, repeats=2)
    frame.loc[:4, "workload"] = "interactive"
    found = latency(frame)
    assert found.frame.groupby("workload")["n"].first().to_dict() == {"batch": 15, "interactive": 5}
    assert "20 calls" in found.summary
