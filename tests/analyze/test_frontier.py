"""The quality–cost front: points by Pareto, status by what the intervals show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analyze.tables import trial_table
from workbench.analyze.all_pairs import all_pairs
from workbench.analyze.chances import point_front
from workbench.analyze.compare import compare
from workbench.analyze.frontier import FRONTIER_COLUMNS, frontier
from workbench.errors import DatasetError

points = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12)


@given(points)
def test_point_front_is_pareto(pairs: list[tuple[int, int]]) -> None:
    """An arm is on the front exactly where no other is as good and as cheap and better in one."""
    quality, cost = zip(*pairs, strict=True)
    for arm, on in enumerate(point_front(quality, cost)):
        beaten = any(
            q >= quality[arm] and c <= cost[arm] and (q, c) != (quality[arm], cost[arm]) for q, c in pairs
        )
        assert on == (not beaten)


def test_unknown_cost_is_on_no_front() -> None:
    """NaN is neither on the front nor takes anybody off it."""
    assert point_front([0.9, 0.5], [np.nan, 1.0]).tolist() == [False, True]


def test_status_says_what_is_known() -> None:
    """Clearly best, clearly cheapest, clearly pointless and unclear arms are told apart."""
    arms = {"cheap": (0.6, 0.001), "best": (0.9, 0.004), "pointless": (0.3, 0.004), "twin": (0.6, 0.0012)}
    result = compare(trial_table(arms, cases=250), "exact", "cheap")
    status = result.arms.set_index("arm")["front"].to_dict()
    assert status == {"cheap": "on front", "best": "best", "pointless": "dominated", "twin": "cannot tell"}
    assert {"cheap", "best"} <= set(result.front["arm"])
    assert result.front["cost_usd_per_1000"].is_monotonic_increasing


def test_unknown_costs_leave_the_best_known() -> None:
    """Without prices the best arm is still known, and nothing is called dominated by cost."""
    frame = trial_table({"a": (0.4, 0.1), "b": (0.9, 0.1), "c": (0.4, 0.1)}, cases=200).assign(
        cost_usd=np.nan
    )
    status = compare(frame, "exact", "a").arms.set_index("arm")["front"]
    assert status.to_dict() == {"b": "best", "a": "cannot tell", "c": "cannot tell"}


def test_chances_follow_what_is_clear() -> None:
    """Clear places have probabilities near 0 and 1, a twin one in between; the cheapest good arm is one."""
    arms = {"cheap": (0.6, 0.001), "best": (0.9, 0.004), "pointless": (0.3, 0.004), "twin": (0.6, 0.0012)}
    result = frontier(trial_table(arms, cases=250), "exact", margin=0.02, draws=1_000)
    table = result.table.set_index("arm")
    assert tuple(result.table.columns) == FRONTIER_COLUMNS
    assert table.loc["best", "p_front"] > 0.99
    assert table.loc["cheap", "p_front"] > 0.99
    assert table.loc["pointless", "p_front"] < 0.01
    assert 0.02 < table.loc["twin", "p_front"] < 0.98
    assert table["p_cheapest"].sum() == pytest.approx(1)
    assert table["p_cheapest"].idxmax() == "best"
    assert result.front[0] == "cheap"
    assert "best: best" in result.summary
    wide = frontier(trial_table(arms, cases=250), "exact", margin=0.5, draws=1_000).table.set_index("arm")
    assert wide["p_cheapest"].idxmax() == "cheap"


def test_ten_of_ten_is_no_certainty() -> None:
    """An arm right on all of ten cases is not surely better than one right on nine of them."""
    frame = trial_table({"all": (0.5, 0.002), "nine": (0.5, 0.001)}, cases=10, repeats=1).assign(
        score_exact=1.0
    )
    frame.loc[frame["arm"].eq("nine") & frame["case_id"].eq("c0"), "score_exact"] = 0.0
    result = frontier(frame, "exact", draws=2_000)
    found = result.table.set_index("arm")
    assert 0.5 < found.loc["all", "p_front"] < 0.95
    assert "only 10 cases" in result.summary
    lone = frontier(frame[frame["case_id"] == "c0"], "exact", draws=100)
    assert lone.table["p_front"].isna().all()


def test_latency_is_a_third_way_to_the_front() -> None:
    """A dearer, faster arm of equal quality is off the front of two and on that of three."""
    frame = trial_table({"cheap": (0.7, 0.001), "fast": (0.7, 0.002)}, cases=150)
    fast = frame["arm"] == "fast"
    keys = ["case_id", "repeat"]
    scores_of = frame[~fast].set_index(keys)["score_exact"]
    frame.loc[fast, "score_exact"] = scores_of.loc[
        list(frame.loc[fast, keys].itertuples(index=False))
    ].to_numpy()
    frame.loc[fast, "latency_s"] *= 0.1
    found = frontier(frame, "exact", margin=0.05, draws=500).table.set_index("arm")
    assert found.loc["fast", "status"] == "dominated"
    assert found.loc["fast", "status_with_latency"] == "on front"
    assert found.loc["fast", "p_front_with_latency"] > 0.99
    untimed = frontier(frame.assign(latency_s=np.nan), "exact", draws=100).table
    assert untimed["p_front_with_latency"].isna().all()
    assert untimed["p_front"].notna().all()


def test_any_grid_has_a_front() -> None:
    """Repeats that differ, cells that are missing and unknown costs: figures where they are known."""
    frame = trial_table({"a": (0.5, 0.1), "b": (0.9, 0.2), "c": (0.7, 0.1)}, cases=60, failing=0.1)
    frame = frame[~(frame["arm"].eq("b") & frame["case_id"].isin([f"c{n}" for n in range(40)]))]
    frame.loc[frame["arm"] == "c", "cost_usd"] = np.nan
    found = frontier(frame, "exact", draws=500).table.set_index("arm")
    assert found.loc["b", "cases"] == 20
    assert found["p_front"].isna().to_dict() == {"a": False, "b": False, "c": True}


def test_a_comparison_gives_its_front_and_its_pairs() -> None:
    """Both are made of the comparison's own trials, score, margin and level; without trials it is refused."""
    frame = trial_table({"a": (0.5, 0.1), "b": (0.9, 0.2)}, cases=60)
    result = compare(frame, "exact", "a", margin=0.03, alpha=0.1)
    assert result.frontier(draws=100).table.equals(frontier(frame, "exact", 0.03, 0.1, draws=100).table)
    assert result.all_pairs(draws=100).table.equals(all_pairs(frame, "exact", 0.03, 0.1, draws=100).table)
    with pytest.raises(DatasetError, match="trials"):
        replace(result, trials=None).frontier()
