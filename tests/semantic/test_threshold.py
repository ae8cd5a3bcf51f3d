"""The choice of a threshold keeps its budget, and says so when it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.semantic.curve import CacheCurve, cache_curve
from workbench.semantic.neighbors import neighbors
from workbench.semantic.threshold import safe_threshold, share_bounds, split_groups
from workbench.semantic.traffic import Traffic


def world(n: int, seed: int, noise: float = 0.25) -> tuple[CacheCurve, np.ndarray]:
    """Return the curve of a made log (questions around answers on a sphere), and the answers' numbers."""
    rng = np.random.default_rng(seed)
    often = 1 / (np.arange(300) + 10)
    answers = rng.choice(300, n, p=often / often.sum())
    centers = rng.normal(size=(300, 6))
    raw = centers[answers] + noise * rng.normal(size=(n, 6))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    frame = pd.DataFrame(
        {"at": np.arange(n), "text": [f"q{i}" for i in range(n)], "key": answers.astype(str)}
    )
    traffic = Traffic.from_frame(frame, answer="key", rules=())
    return cache_curve(traffic, neighbors(vectors, floor=0.8), np.linspace(0.8, 0.999, 30)), answers


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-1, 5), min_size=2, max_size=60), st.integers(0, 99))
def test_groups_stay_together(groups: list[int], seed: int) -> None:
    """No answer is on both sides; half of the groups is drawn; the unknown are groups of one."""
    numbers = np.array(groups)
    half = split_groups(numbers, seed)
    known = numbers >= 0
    assert not set(numbers[half & known]) & set(numbers[~half & known])


def test_bounds_are_exact_for_independent_requests() -> None:
    """Clopper and Pearson's where every request is its own group (but for few groups' quantile)."""
    from scipy.stats import beta

    wrong = np.zeros((2, 4_000))
    wrong[0, :20] = 1
    low, high = share_bounds(wrong, np.arange(4_000))
    assert high[0] == pytest.approx(beta.ppf(0.95, 21, 3_980), rel=0.002)
    assert low[0] == pytest.approx(beta.ppf(0.05, 20, 3_981), rel=0.002)
    assert low[1] == 0
    assert high[1] == pytest.approx(1 - 0.05 ** (1 / 4_000), rel=0.01)


def test_groups_widen_the_bounds() -> None:
    """Twenty wrong answers to one question are less evidence than to twenty."""
    apart, together = np.zeros((1, 1_000)), np.zeros((1, 1_000))
    groups = np.arange(1_000) // 20
    apart[0, ::50] = 1
    together[0, :20] = 1
    assert share_bounds(together, groups)[1][0] > 1.3 * share_bounds(apart, groups)[1][0]


def test_a_safe_threshold_is_the_lowest_within_the_budget() -> None:
    """All above it are within, the next one below is not; the other half is asked."""
    curve, answers = world(3_000, 1)
    found = safe_threshold(curve, answers, 0.02)
    table = found.frame
    assert found.threshold is not None
    assert (table.loc[table["safe"], "threshold"] >= found.threshold).all()
    assert table.loc[~table["safe"], "wrong_high"].iloc[-1] > 0.02
    assert found.hit_rate > 0
    assert found.chosen_on + found.checked_on == 3_000
    assert found.confirmed is (found.checked_low <= 0.02)
    assert f"cosine {found.threshold:g} serves" in found.summary


def test_half_of_a_log_is_known_and_nothing_of_the_future() -> None:
    """The bound for this log lies between the share seen and the bound for requests to come."""
    curve, answers = world(3_000, 1)
    log = safe_threshold(curve, answers, 0.02, population="log").frame
    future = safe_threshold(curve, answers, 0.02).frame
    assert (log["wrong"] == future["wrong"]).all()
    assert (log["wrong"] < log["wrong_high"]).all()
    assert (log["wrong_high"] < future["wrong_high"]).all()


def test_no_safe_threshold_is_an_answer() -> None:
    """Where even the highest may exceed the budget."""
    curve, answers = world(60, 2)
    found = safe_threshold(curve, answers, 0.001)
    assert found.threshold is None
    assert found.confirmed is None
    assert "no safe threshold" in found.summary


def test_unknown_answers_count_as_wrong() -> None:
    """A guarantee cannot rest on what nobody knows."""
    curve, answers = world(2_000, 3)
    known = safe_threshold(curve, answers, 0.03)
    blind = CacheCurve(
        **{name: getattr(curve, name) for name in curve.__slots__} | {"truth": -np.abs(curve.truth)}
    )
    unsure = safe_threshold(blind, np.where(answers % 2 == 0, answers, -1), 0.03)
    assert known.hit_rate > unsure.hit_rate


def test_a_budget_is_a_share() -> None:
    """Percent would be a hundred times too much."""
    curve, answers = world(50, 4)
    with pytest.raises(InputError, match="budget"):
        safe_threshold(curve, answers, 2)
