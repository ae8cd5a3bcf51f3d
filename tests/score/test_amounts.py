"""Length, latency and cost as scores."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.protocols import Scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.amounts import cost_score, latency_score, length


def judge(scorer: Scorer, output: str = "three plain words", **changes: Any) -> Score:
    """Return a scorer's score of one answer to a case that expects nothing."""
    return asyncio.run(scorer.score(a_trial(output, None, **changes)))


@pytest.mark.parametrize("make", [length, latency_score, cost_score])
def test_conformance(make: Any) -> None:
    """Each keeps the law of scorers."""
    check_scorer(make, a_trial("yes", None, latency_s=0.5, cost_usd=0.001))


def test_length() -> None:
    """Within limits 1, outside 0 with the length; without limits minus the length."""
    assert judge(length(3, least=3)).value == 1
    assert judge(length(2)).reason == "3 words, over 2"
    assert judge(length(least=4)).value == 0
    assert judge(length()).value == -3
    assert judge(length(17, unit="characters")).value == 1
    assert judge(length(0)).value == 0


def test_latency() -> None:
    """Seconds of the call; missing where none was measured, and for a hit of the semantic cache."""
    assert judge(latency_score(1), latency_s=1.0).value == 1
    assert judge(latency_score(1), latency_s=1.5).reason == "1.5 s, over 1"
    assert judge(latency_score(), latency_s=1.5).value == -1.5
    assert judge(latency_score(1)).missing == "no latency was measured"
    assert judge(latency_score(1), latency_s=0.1, source="semantic").value is None


def test_cost() -> None:
    """USD of all attempts; unknown is missing, not free; nothing is free."""
    assert judge(cost_score(0.01), cost_usd=0.02).value == 0
    assert judge(cost_score(), cost_usd=0.02).value == -0.02
    assert judge(cost_score(0), cost_usd=0.0).value == 1
    assert judge(cost_score(0.01)).missing == "the cost is unknown"


def test_mistakes() -> None:
    """Limits that cross or are negative, and an unknown unit, are refused."""
    for settings in ({"most": 1, "least": 2}, {"most": -1}, {"least": -1}, {"most": 1, "unit": "pages"}):
        with pytest.raises(InputError):
            length(**settings)
