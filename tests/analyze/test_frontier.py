"""The quality–cost front: points by Pareto, status by what the intervals show."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.analyze.tables import trial_table
from workbench.analyze.chances import point_front
from workbench.analyze.compare import compare

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
