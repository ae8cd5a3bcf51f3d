"""A cache makes an arm cheaper, and through wrong answers worse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.semantic.test_threshold import world
from workbench.errors import InputError
from workbench.semantic.economics import ECONOMICS_COLUMNS, cache_economics

ARMS = pd.DataFrame(
    [
        {
            "arm": name, "quality_mean": 0.8, "quality_low": 0.7, "quality_high": 0.9,
            "cost_usd_per_1000": cost, "cost_low": cost * 0.9, "cost_high": cost * 1.1, "latency_p50_s": 2.0,
        }
        for name, cost in (("cheap", 1.0), ("dear", 10.0))
    ]
)  # fmt: skip


def test_hits_save_calls_and_wrong_answers_cost_quality() -> None:
    """Cost falls by the hit rate and rises by the lookups; quality falls by the wrong share."""
    curve, _ = world(800, 1)
    found = cache_economics(
        ARMS, {"cheap": curve, "dear": curve}, lookup_usd_per_1000=0.2, lookup_s=0.1, wrong_usd=0.05
    )
    assert tuple(found.frame.columns) == ECONOMICS_COLUMNS
    row = found.at(0.9).set_index("arm").loc["dear"]
    hit, wrong = row["hit_rate"], row["wrong_of_all"]
    assert 0 < wrong < hit < 1
    assert row["cost_usd_per_1000"] == pytest.approx(10 * (1 - hit) + 0.2)
    assert row["quality_mean"] == pytest.approx(0.8 * (1 - wrong))
    assert row["saved_s_per_request"] == pytest.approx(2 * hit - 0.1)
    assert row["break_even_hit_rate"] == pytest.approx(0.02)
    assert row["net_usd_per_1000"] == pytest.approx(row["saved_usd_per_1000"] - 50 * wrong)
    plain = found.frame[found.frame["threshold"].isna()].set_index("arm")
    assert plain.loc["dear", "cost_usd_per_1000"] == 10
    assert "dear: 10 USD per 1,000 without a cache" in found.summary


def test_the_cheaper_arm_needs_more_hits_to_break_even() -> None:
    """A lookup costs the same whatever it saves."""
    curve, _ = world(300, 2)
    found = cache_economics(ARMS, {"cheap": curve, "dear": curve}, lookup_usd_per_1000=0.2)
    even = found.at(0.9).set_index("arm")["break_even_hit_rate"]
    assert even["cheap"] == pytest.approx(10 * even["dear"])
    assert found.frame["net_usd_per_1000"].isna().all()


def test_an_unknown_cost_stays_unknown() -> None:
    """No price, no saving."""
    curve, _ = world(100, 3)
    arms = ARMS.assign(cost_usd_per_1000=np.nan, cost_low=np.nan, cost_high=np.nan)
    found = cache_economics(arms, {"cheap": curve, "dear": curve})
    assert found.frame["cost_usd_per_1000"].isna().all()
    assert found.frame["saved_usd_per_1000"].isna().all()


def test_every_arm_needs_a_curve() -> None:
    """The one without is named."""
    with pytest.raises(InputError, match="dear"):
        cache_economics(ARMS, {"cheap": world(50, 4)[0]})
