"""Tests of the plan: its identity, and how it shows itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plan.world import MICRO, Same, dataset, plan, variants
from workbench.plan.gate import Gate
from workbench.plan.prices import PriceBook


def test_the_same_plan_is_the_same_execution() -> None:
    """Made twice, a plan resumes; budget and prices do not make it another."""
    first = plan()
    assert plan().execution_id == first.execution_id == first.hash[:16]
    assert plan(budget_usd=3, book=PriceBook()).hash == first.hash


@pytest.mark.parametrize(
    "changes",
    [
        {"repeats": 3},
        {"seed": 2},
        {"sample": "confirm-1"},
        {"cases": dataset(7)},
        {"models": [MICRO]},
        {"variants": variants()[:1]},
        {"params": {"temperature": 0}},
        {"params": {"seed": None}},
        {"scorers": [Same(digest="same-2")]},
        {"gate": Gate(margin=0.1)},
        {"incumbent": "wordy"},
        {"workload": "interactive"},
    ],
)
def test_what_changes_answers_or_judgement_changes_the_identity(changes: dict[str, Any]) -> None:
    """Another grid, another draw, another judgement: another execution."""
    assert plan(**changes).hash != plan().hash


def test_a_larger_plan_keeps_the_keys_of_the_smaller() -> None:
    """Extending repeats, cases or arms leaves the old calls' keys as they are: only new cells run."""
    old = {cell.key for cell in plan().cells()}
    larger = plan(repeats=3, cases=dataset(8), models=[*plan_models(), MICRO])
    assert old < {cell.key for cell in larger.cells()}


def plan_models() -> list[Any]:
    """Return the models of the small plan."""
    return [arm.model for arm in plan().arms[:1]]


def test_it_shows_cost_and_power() -> None:
    """The summary has calls, tokens, USD, minutes and the smallest difference; HTML and text agree."""
    shown = plan(budget_usd=1)
    for word in ("24 calls", "tokens in", "USD", "minutes", "Budget: 1 USD", "Smallest difference in exact"):
        assert word in shown.summary
    assert shown.summary.splitlines()[0] in str(shown)
    assert "<table>" in shown._repr_html_()
    assert list(shown.frame["arm"]) == [arm.name for arm in shown.arms]


def test_it_can_be_written_down() -> None:
    """The mapping is plain JSON and names what was asked of whom."""
    written = json.loads(json.dumps(plan().to_mapping()))
    assert [arm["name"] for arm in written["arms"]] == [arm.name for arm in plan().arms]
    assert written["cases"]["count"] == 6
