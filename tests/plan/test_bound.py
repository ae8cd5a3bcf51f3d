"""Tests of the bound of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.plan.world import BOOK, MINI, plan
from workbench.core.records import Message, ModelRef, Usage
from workbench.plan.bound import bound
from workbench.plan.prices import PriceBook


def words(messages: Sequence[Message], ref: ModelRef) -> int:
    """Count words, as if they were tokens."""
    return sum(len(message.content.split()) for message in messages)


def test_it_is_not_below_the_truth() -> None:
    """What a budget sets aside covers the exact input and the longest answer, in tokens and in USD."""
    for cell in plan(params={"max_tokens": 50}).cells():
        tokens = words(cell.request.messages, MINI)
        truth = BOOK.cost_usd(MINI, Usage(tokens_in_uncached=tokens, tokens_out=50))
        assert truth is not None
        exact = bound(cell.request, BOOK, tokens_out=9, count=words)
        rough = bound(cell.request, BOOK, tokens_out=9)
        assert exact == (tokens + 50, pytest.approx(truth))
        assert rough[1] is not None
        assert rough[0] > tokens + 50
        assert rough[1] > truth


def test_without_a_limit_the_assumption_counts() -> None:
    """An answer without a limit of its own is bounded by what it is told to be, else by the plan's guess."""
    request = next(plan().cells()).request
    without = words(request.messages, MINI)
    assert bound(request, BOOK, tokens_out=7, count=words)[0] == without + 7
    assert bound(request, BOOK, count=words)[0] == without + 512


def test_tools_and_schemas_are_input() -> None:
    """A tool or a schema is sent along, and billed."""
    request = next(plan().cells()).request
    plain = bound(request, BOOK, count=words)[0]
    for params in ({"tools": [{"type": "function"}]}, {"response_format": {"type": "json_object"}}):
        assert bound(replace(request, params=params), BOOK, count=words)[0] > plain + 10


def test_without_a_price_tokens_are_bounded_still() -> None:
    """An unknown price has no bound in USD: None, not 0."""
    tokens, usd = bound(next(plan().cells()).request, PriceBook())
    assert tokens > 512
    assert usd is None
