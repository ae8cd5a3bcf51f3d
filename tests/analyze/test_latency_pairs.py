"""Paired latency: on common cases, covered, honest about what too few calls cannot say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.cells import case_clusters
from workbench.analyze.compare import compare
from workbench.analyze.latency_pairs import LATENCY_PAIR_COLUMNS, latency_differences
from workbench.core.table import validate

ARMS = {"base": (0.7, 0.001), "slow": (0.7, 0.001)}


def table(cases: int, factor: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """Return two arms whose calls of a case are slow together; the second takes `factor` times as long."""
    frame = validate(trial_table(ARMS, cases=cases, repeats=2, seed=seed))
    rng = np.random.default_rng(seed)
    hard = dict(zip(frame["case_id"].unique(), rng.normal(size=cases), strict=True))
    seconds = np.exp(frame["case_id"].map(hard).astype(float) + 0.2 * rng.normal(size=len(frame)))
    return frame.assign(latency_s=seconds * np.where(frame["arm"] == "slow", factor, 1.0))


def differences(frame: pd.DataFrame, **options: int) -> pd.DataFrame:
    """Return the second arm's differences from the first, by percentile."""
    found = latency_differences(frame, [("slow", "base")], case_clusters(frame), **options)
    return found.set_index("percentile")


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """A fifth more time is shown at the median, as each case is held against itself."""
    frame = table(150, factor=1.2)
    row = differences(frame).loc[50]
    points = frame.groupby("arm")["latency_s"].median()
    assert row["difference_s"] == pytest.approx(points["slow"] - points["base"])
    assert 0 < row["low_s"] < row["difference_s"] < row["high_s"]
    apart = [np.quantile(own["latency_s"], [0.4, 0.6]) for _, own in frame.groupby("arm")]
    assert apart[0][1] > apart[1][0]


def test_equal_arms_are_covered() -> None:
    """The 95 % intervals hold zero in at least 54 of 60 studies, at both percentiles."""
    frame, held = table(120), {50: 0, 95: 0}
    for seed in range(60):
        seconds = np.random.default_rng(seed).exponential(size=len(frame))
        for at, row in differences(frame.assign(latency_s=seconds), draws=300).iterrows():
            held[int(str(at))] += row["low_s"] <= 0 <= row["high_s"]
    assert min(held.values()) >= 54


def test_too_few_calls_have_no_interval() -> None:
    """Of ten cases there is a median's difference and no 95th percentile's; the reason is said."""
    found = differences(table(10))
    assert not np.isnan(found.loc[50, "low_s"])
    assert np.isnan(found.loc[95, "low_s"])
    assert "too few" in str(found.loc[95, "reason"])
    assert not np.isnan(found.loc[95, "difference_s"])


def test_only_common_cases_count() -> None:
    """An arm that failed on the slow cases is not called fast: both are measured on what both answered."""
    frame = table(80)
    slow = frame.groupby("case_id")["latency_s"].mean().nlargest(20).index
    lost = (frame["arm"] == "slow") & frame["case_id"].isin(slow)
    found = differences(frame.assign(status=frame["status"].mask(lost, "error"))).loc[50]
    assert found["n_cases"] == 60
    assert found["low_s"] < 0 < found["high_s"]


def test_workloads_are_not_held_against_each_other() -> None:
    """A batch arm is not compared with an interactive one; an arm without times has no difference."""
    frame = table(40)
    mixed = frame.assign(workload=np.where(frame["arm"] == "slow", "batch", "interactive"))
    assert "batch" in str(differences(mixed).loc[50, "reason"])
    assert np.isnan(differences(mixed).loc[50, "low_s"])
    untimed = differences(frame.assign(latency_s=np.nan))
    assert (untimed["n_cases"] == 0).all()
    assert untimed["reason"].str.contains("fewer than two").all()
    assert tuple(latency_differences(frame, [], case_clusters(frame)).columns) == LATENCY_PAIR_COLUMNS


def test_a_comparison_has_them() -> None:
    """Each challenger's row tells the differences at the median and the 95th percentile."""
    row = compare(table(150, factor=1.5), "exact", "base").differences.iloc[0]
    assert row["latency_p50_low_s"] > 0
    assert row["latency_p95_low_s"] < row["latency_p95_difference_s"] < row["latency_p95_high_s"]
