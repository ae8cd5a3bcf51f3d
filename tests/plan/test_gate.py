"""Tests of the gate."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.errors import PlanError
from workbench.plan.gate import Gate


@pytest.mark.parametrize(
    "setting",
    [
        {"margin": -0.01},
        {"alpha": 0},
        {"alpha": 1},
        {"max_share_gap": 1.1},
        {"max_error_share": float("nan")},
        {"min_cases": 1},
        {"max_cost_usd_per_1000": -1},
        {"max_p95_s": "fast"},
        {"score": ""},
        {"allow_mixed_models": "yes"},
    ],
)
def test_values_out_of_range_are_refused(setting: dict[str, Any]) -> None:
    """A setting that nothing could meet, or that is no number, is refused by name."""
    with pytest.raises(PlanError, match=next(iter(setting))):
        Gate(**setting)


def test_a_misspelled_setting_names_the_nearest() -> None:
    """A study file's unknown setting is refused with the one that was meant."""
    with pytest.raises(PlanError, match="Did you mean 'max_p95_s'"):
        Gate.from_mapping({"max_p95": 2})


def test_the_hash_is_the_content() -> None:
    """Equal gates have equal hashes, however they were written; another margin is another gate."""
    assert Gate.from_mapping({"margin": 0.02, "score": "exact"}).hash == Gate().hash
    assert Gate(margin=0.03).hash != Gate().hash
