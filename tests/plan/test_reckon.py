"""Tests of the estimate: what is counted, what is guessed, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plan.world import BOOK, MICRO, MINI, dataset, plan, variants
from workbench.core.records import Attempt, Message, ModelRef, Reply, Usage
from workbench.plan.plan import Plan
from workbench.plan.prices import PriceBook


def words(messages: Sequence[Message], ref: ModelRef) -> int:
    """Count words as tokens."""
    return sum(len(message.content.split()) for message in messages)


def reply(tokens_out: int = 3, latency_s: float = 2.0) -> Reply:
    """Return a reply of that size and speed."""
    usage = Usage(tokens_in_uncached=5, tokens_out=tokens_out)
    attempt = Attempt(model="mini", started_at=0, latency_s=latency_s, usage=usage)
    return Reply(text="a", model_served="mini", usage=usage, attempts=(attempt,))


def exact_tokens(of: Plan) -> int:
    """Count the input of every distinct call."""
    calls = {cell.key: words(cell.request.messages, MINI) for cell in of.cells()}
    return sum(calls.values())


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 9), st.integers(1, 3))
def test_counted_tokens_are_exact(size: int, repeats: int) -> None:
    """With a tokenizer low and high are the very sum over all calls."""
    counted = plan(cases=dataset(size), repeats=repeats, count=words)
    assert counted.estimate.tokens_in == (exact_tokens(counted),) * 2
    assert counted.estimate.arms[0].tokens_in_basis == "counted"


def test_guessed_tokens_bracket_and_say_so() -> None:
    """Without a tokenizer there is a range from bytes, flagged."""
    low, high = plan().estimate.tokens_in
    assert 0 < low < high
    assert "guessed from bytes" in plan().estimate.arms[0].tokens_in_basis


def test_a_long_grid_is_counted_on_a_sample() -> None:
    """Beyond the counted bytes the rest is extrapolated, bracketed around the truth, and flagged."""
    cases = dataset(60, text=["long " * 50_000 + "word " * (index % 7) for index in range(60)])
    arm = plan(cases=cases, repeats=1, variants=variants()[:1], count=words)
    assert "a sample of" in arm.estimate.arms[0].tokens_in_basis
    low, high = arm.estimate.tokens_in
    assert low < exact_tokens(arm) < high


def test_answered_calls_cost_nothing_more() -> None:
    """What the journal holds needs no call; all answered: nothing to pay, even at unknown prices."""
    half = {cell.key for cell in list(plan().cells())[:12]}
    partly = plan(known=lambda key: reply() if key in half else None)
    assert (partly.estimate.cells, partly.estimate.calls) == (24, 12)
    full = plan(known=lambda key: reply(), book=PriceBook())
    assert full.estimate.calls == 0
    assert full.estimate.cost_usd == (0.0, 0.0)
    assert full.estimate.minutes == (0.0, 0.0)


def test_twins_share_their_calls() -> None:
    """Two arms of the same text need each call once."""
    terse = variants()[0]
    assert plan(variants=[terse, terse.replace(name="twin")]).estimate.calls == 12


def test_earlier_replies_replace_the_assumptions() -> None:
    """From ten replies on, tokens out and seconds are theirs: all of 3 tokens and 2 s."""
    some = {cell.key for cell in list(plan(repeats=4).cells())[:24]}
    arm = plan(repeats=4, known=lambda key: reply() if key in some else None).estimate.arms[0]
    assert arm.tokens_out == (3 * arm.calls, 3 * arm.calls)
    assert arm.tokens_out_basis == "from 12 earlier replies"
    assert arm.seconds == pytest.approx((1.6 * arm.calls, 3.0 * arm.calls))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=12), st.integers(1, 3), st.booleans())
def test_answers_of_one_token_cost_the_low_figure(lengths: list[int], repeats: int, expected: bool) -> None:
    """Counted prompts and the shortest answers cost the very low figure, however long the labels are."""
    cases = dataset(
        len(lengths),
        text=[f"{index} " + "word " * length for index, length in enumerate(lengths)],
        label=["a label of five words" if expected else None] * len(lengths),
    )
    made = plan(cases=cases, repeats=repeats, count=words)
    price = BOOK.declared["offline/mini"]
    calls = {cell.key: words(cell.request.messages, MINI) for cell in made.cells()}
    spent = sum(price.cost_usd(Usage(tokens_in_uncached=size, tokens_out=1)) for size in calls.values())
    assert made.estimate.cost_usd is not None
    assert made.estimate.cost_usd[0] == pytest.approx(spent)


def test_max_tokens_limits_the_high_figure() -> None:
    """An answer cannot be longer than the limit, and the basis says so."""
    arm = plan(params={"max_tokens": 7}).estimate.arms[0]
    assert arm.tokens_out[1] == 7 * arm.calls
    assert "at most 7 by max_tokens" in arm.tokens_out_basis


def test_unknown_price_is_unknown_cost() -> None:
    """One unpriced arm makes the total unknown, and it is named; the frame has NaN, not 0."""
    mixed = plan(
        models=[MINI, MICRO], book=PriceBook(declared={"mini": BOOK.declared["offline/mini"]})
    ).estimate
    assert mixed.cost_usd is None
    assert "no price for terse@offline/micro, wordy@offline/micro" in mixed.summary
    assert mixed.frame["cost_usd_low"].isna().tolist() == [False, False, True, True]


def test_the_tier_that_is_asked_for_is_reckoned_with() -> None:
    """Arms that ask for a faster or a cheaper tier are estimated at its price; an unpriced one is unknown."""
    gpt = ModelRef(name="openai/gpt-5", model="gpt-5", origin="https://api.openai.com")
    costs = [
        plan(models=[gpt], book=PriceBook(), params={"service_tier": tier}).estimate.cost_usd
        for tier in ("default", "priority", "flex", "no-such")
    ]
    assert costs[0] is not None
    assert costs[1] == pytest.approx([2 * bound for bound in costs[0]])
    assert costs[2] == pytest.approx([bound / 2 for bound in costs[0]])
    assert costs[3] is None
