"""Groundedness."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.grounded import grounded

CASE = {"context": "Refunds take 14 days. Ask the Return Desk.", "policy": "Limit: 200 EUR.", "none": None}


def judge(output: str, *context: str, **settings: Any) -> Score:
    """Return the score of an answer to the case."""
    made = grounded(context or "context", **settings)
    return asyncio.run(made.score(a_trial(output, None, case=CASE)))


def test_conformance() -> None:
    """It keeps the law of scorers."""
    check_scorer(grounded, a_trial("14 days", None, case=CASE))


def test_values_and_reasons() -> None:
    """1 where all occurs, and where nothing is claimed; else 0, and the reason names each kind."""
    assert judge("It takes 14 days.").value == 1
    assert judge("It takes a while.").value == 1
    score = judge('It takes 15 days, says Northern Parcel: "no refunds".')
    assert score.value == 0
    assert score.reason == (
        "not in the context: numbers: 15; names: Northern Parcel; quotations: “no refunds”"
    )


def test_what_it_may_draw_on() -> None:
    """One column, several, and what needs no ground."""
    assert judge("Up to 200 EUR.").value == 0
    assert judge("Up to 200 EUR.", "context", "policy").value == 1
    assert judge("Up to 200 EUR in 14 days.", allow=["200 EUR"]).value == 1
    assert judge("Up to 200 EUR.", "none", "policy").value == 1


def test_without_a_context_it_is_missing() -> None:
    """A case that lacks the column, or has it empty, is missing."""
    assert judge("14", "nobody").missing == "the case has no nobody"
    assert judge("14", "none", "nobody").missing == "the case has no none and no nobody"
    with pytest.raises(InputError, match="column"):
        grounded(())
