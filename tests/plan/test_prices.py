"""Tests of the price book: money that survives an audit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.world import BOOK, MINI
from workbench.core.records import NO_TOKEN, Attempt, ModelRef, Usage
from workbench.errors import PlanError
from workbench.plan.prices import Price, PriceBook

GPT = ModelRef(name="openai/gpt-4o-mini", model="gpt-4o-mini", origin="https://api.openai.com")
USAGE = Usage(tokens_in_uncached=600_000, tokens_in_cached=400_000, tokens_out=100_000)


def test_cached_tokens_cost_the_cached_price() -> None:
    """Bundled prices: 0.6 M at 0.15, 0.4 M cached at 0.075, 0.1 M out at 0.60 USD per million."""
    assert PriceBook(date="2025-06-01").cost_usd(GPT, USAGE) == pytest.approx(0.09 + 0.03 + 0.06)


def test_each_class_of_a_declared_price_counts() -> None:
    """Uncached, cached, written and output tokens each cost their own; reasoning is in the output."""
    price = Price(in_per_mtok=10, out_per_mtok=20, cached_in_per_mtok=1, cache_write_per_mtok=12.5)
    usage = Usage(
        tokens_in_uncached=100_000,
        tokens_in_cached=200_000,
        tokens_in_cache_write=40_000,
        tokens_out=10_000,
        tokens_reasoning=9_000,
    )
    assert price.cost_usd(usage) == pytest.approx(1.0 + 0.2 + 0.5 + 0.2)


def test_without_a_cached_price_cached_tokens_are_input() -> None:
    """Nothing is free because nobody priced it."""
    assert Price(in_per_mtok=1, out_per_mtok=1).cost_usd(USAGE) == pytest.approx(1.1)


@pytest.mark.parametrize(
    "model",
    [
        "openai/gpt-of-another-age",
        "nobody/model",
        "offline/minilm",
        replace(GPT, origin="https://models.example"),
        replace(GPT, origin="offline"),
        "cerebras/qwen-3-coder-480b",  # in the data, without a price
    ],
)
def test_unknown_is_none_never_zero(model: ModelRef | str) -> None:
    """A model, a seller or a price that the book does not know gives None."""
    assert PriceBook().cost_usd(model, USAGE) is None


def test_unknown_usage_has_no_price() -> None:
    """Without usage there is no cost, whatever the price."""
    assert PriceBook().cost_usd(GPT, None) is None


def test_declared_wins_by_either_name() -> None:
    """A price is declared by the person's name of a model, or by its endpoint's; it wins over the data."""
    declared = Price(in_per_mtok=1, out_per_mtok=1)
    for name in (GPT.name, GPT.model):
        assert PriceBook(declared={name: declared}).cost_usd(GPT, USAGE) == pytest.approx(1.1)


def test_tiers_have_their_own_price_or_none() -> None:
    """Batch costs what the data says of batch; a tier nobody priced is unknown."""
    book = PriceBook(date="2026-11-01")
    standard, batch = book.cost_usd(GPT, USAGE), book.cost_usd(GPT, USAGE, "batch")
    assert standard is not None
    assert batch is not None
    assert batch < standard
    assert book.cost_usd(GPT, USAGE, "default") == standard
    assert book.cost_usd(GPT, USAGE, "no-such-tier") is None
    assert BOOK.cost_usd(MINI, USAGE, "batch") is None


def test_prices_are_those_of_the_attempts_day() -> None:
    """A price that changed is looked up by when the call was made; a fixed date overrides it."""
    ref = ModelRef(name="openai/o3", model="o3", origin="https://api.openai.com")
    early = datetime(2025, 5, 1, tzinfo=UTC).timestamp()
    late = datetime(2025, 7, 1, tzinfo=UTC).timestamp()
    usage = Usage(tokens_in_uncached=1_000_000, tokens_out=0)
    assert PriceBook().cost_usd(ref, usage, at=early) == pytest.approx(10)
    assert PriceBook().cost_usd(ref, usage, at=late) == pytest.approx(2)
    assert PriceBook(date="2025-05-01").cost_usd(ref, usage, at=late) == pytest.approx(10)


def test_what_was_served_is_what_is_billed() -> None:
    """An attempt that another model answered costs that model's price; an unknown one the requested price."""
    attempt = Attempt(model="gpt-4o-mini", started_at=1.75e9, latency_s=1, usage=USAGE)
    book = PriceBook()
    for served, priced_as in [("gpt-4o", "gpt-4o"), ("gpt-4o-mini-of-tomorrow?", "gpt-4o-mini")]:
        expected = book.cost_usd(f"openai/{priced_as}", USAGE, at=1.75e9)
        assert book.price(replace(attempt, model_served=served), GPT).cost_usd == expected


@pytest.mark.parametrize(
    ("kind", "status", "cost"),
    [("rate_limit", 429, 0.0), ("auth", 401, 0.0), ("deadline", None, 0.0), ("timeout", None, None)],
)
def test_a_failed_attempt_costs_nothing_or_something_unknown(
    kind: str, status: int | None, cost: float | None
) -> None:
    """A refusal is free; an attempt that the endpoint may have worked on has an unknown cost."""
    attempt = Attempt(model="mini", started_at=0, latency_s=1, error_kind=kind, http_status=status)
    priced = BOOK.price(attempt, MINI)
    assert priced.cost_usd == cost
    assert priced.price_book == BOOK.id
    never_sent = replace(attempt, error_kind="connection", http_status=None, usage=NO_TOKEN)
    assert BOOK.price(never_sent, MINI).cost_usd == 0
    assert BOOK.price(replace(never_sent, usage=None), MINI).cost_usd is None


def test_the_id_says_which_prices() -> None:
    """The id names the data's version and the declared prices; another price is another book."""
    other = PriceBook(declared={**BOOK.declared, "x": Price(in_per_mtok=1, out_per_mtok=1)})
    assert BOOK.id.startswith("genai-prices ")
    assert "declared" in BOOK.id
    assert "declared" not in PriceBook().id
    assert other.id != BOOK.id


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"in_per_mtok": 1}, "out_per_mtok is missing"),
        ({"in_per_mtok": -1, "out_per_mtok": 1}, "at least 0"),
        ({"in_per_mtok": "1", "out_per_mtok": 1}, "in_per_mtok is '1'"),
        ({"in_per_mtoken": 1, "out_per_mtok": 1}, "Did you mean 'in_per_mtok'"),
    ],
)
def test_what_is_no_price_is_refused(mapping: dict[str, Any], says: str) -> None:
    """A study file's price that lacks a side, is negative, text or misspelled is refused with the remedy."""
    with pytest.raises(PlanError, match=says):
        PriceBook.from_mapping({"m": mapping})


def test_a_date_that_is_none_is_refused() -> None:
    """The book's date is an ISO date."""
    with pytest.raises(PlanError, match="date"):
        PriceBook(date="last week")


@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 4), min_size=1, max_size=5))
def test_cost_is_additive(counts: list[tuple[int, int, int, int]]) -> None:
    """The cost of a sum of usages is the sum of their costs."""
    usages = [
        Usage(tokens_in_uncached=a, tokens_in_cached=b, tokens_in_cache_write=c, tokens_out=d)
        for a, b, c, d in counts
    ]
    price = Price(in_per_mtok=3, out_per_mtok=15, cached_in_per_mtok=0.3, cache_write_per_mtok=3.75)
    total = usages[0]
    for usage in usages[1:]:
        total = total + usage
    assert price.cost_usd(total) == pytest.approx(sum(price.cost_usd(usage) for usage in usages))


# Cases that other tools are known to get wrong.

OPENAI = "https://api.openai.com"
ANTHROPIC = "https://api.anthropic.com"
DAY = PriceBook(date="2026-11-01")


def test_cached_tokens_are_not_billed_as_fresh() -> None:
    """A prompt of which 94.5 % came from the cache: as fresh tokens it would be 6.7 times as dear."""
    ref = ModelRef(name="openai/gpt-5", model="gpt-5", origin=OPENAI)
    cached = DAY.cost_usd(ref, Usage(tokens_in_uncached=5_500, tokens_in_cached=94_500, tokens_out=0))
    fresh = DAY.cost_usd(ref, Usage(tokens_in_uncached=100_000, tokens_out=0))
    assert cached == pytest.approx((5_500 * 1.25 + 94_500 * 0.125) / 1e6)
    assert fresh is not None
    assert cached is not None
    assert fresh / cached == pytest.approx(6.7, abs=0.02)


@pytest.mark.parametrize("split", [(250_000, 0, 0), (50_000, 200_000, 0), (50_000, 100_000, 100_000)])
def test_a_long_context_has_its_own_price(split: tuple[int, int, int]) -> None:
    """Above 200,000 tokens of input, cached ones included, every class costs the higher price, output too."""
    ref = ModelRef(name="anthropic/claude", model="claude-sonnet-4-5", origin=ANTHROPIC)
    fresh, read, written = split
    usage = Usage(
        tokens_in_uncached=fresh, tokens_in_cached=read, tokens_in_cache_write=written, tokens_out=1_000
    )
    expected = (fresh * 6 + read * 0.6 + written * 7.5 + 1_000 * 22.5) / 1e6
    assert DAY.cost_usd(ref, usage) == pytest.approx(expected)
    assert DAY.cost_usd(ref, Usage(tokens_in_uncached=200_000, tokens_out=1_000)) == pytest.approx(0.615)


def test_a_long_context_in_a_batch() -> None:
    """Both hold at once: the higher price, halved."""
    ref = ModelRef(name="anthropic/claude", model="claude-sonnet-4-5", origin=ANTHROPIC)
    usage = Usage(tokens_in_uncached=250_000, tokens_out=1_000)
    assert DAY.cost_usd(ref, usage, "batch") == pytest.approx((250_000 * 3 + 1_000 * 11.25) / 1e6)


@pytest.mark.parametrize(("tier", "factor"), [("flex", 0.5), ("batch", 0.5), ("priority", 2.0), (None, 1.0)])
def test_flex_is_not_priced_as_standard(tier: str | None, factor: float) -> None:
    """Each tier has its own price; the tier is the one that the endpoint reports on the attempt."""
    ref = ModelRef(name="openai/gpt-5", model="gpt-5", origin=OPENAI)
    usage = Usage(tokens_in_uncached=1_000_000, tokens_out=100_000)
    made = Attempt(model="gpt-5", started_at=0, latency_s=1, usage=usage, service_tier=tier)
    assert DAY.price(made, ref).cost_usd == pytest.approx(2.25 * factor)


def test_every_price_in_the_data_bills_every_class() -> None:
    """No model of the data that costs anything gives away what it reads from or writes to a cache."""
    from genai_prices.data_snapshot import get_snapshot

    priced = 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            each = [
                DAY.cost_usd(
                    f"{provider.id}/{model.id}", Usage(**{"tokens_in_uncached": 0, "tokens_out": 0, name: 9})
                )
                for name in ("tokens_in_uncached", "tokens_in_cached", "tokens_in_cache_write")
            ]
            priced += bool(each[0])
            assert not each[0] or all(each), (provider.id, model.id)
    assert priced > 1_000


def test_an_attempt_on_another_model_goes_by_that_models_price() -> None:
    """A fallback at another seller is priced there, not at the seller of the model that was asked."""
    other = ModelRef(name="anthropic/claude", model="claude-sonnet-4-5", origin=ANTHROPIC)
    usage = Usage(tokens_in_uncached=1_000_000, tokens_out=0)
    made = Attempt(model=other.model, ref=other, purpose="fallback", started_at=0, latency_s=1, usage=usage)
    assert DAY.price(made, GPT).cost_usd == DAY.cost_usd(other, usage)
    assert DAY.price(replace(made, ref=None), GPT).cost_usd is None


def test_a_name_alone_is_enough() -> None:
    """A model known by its name only, with the provider in place of a URL, has the provider's price."""
    alone = ModelRef(name="openai/gpt-4o-mini", model="gpt-4o-mini", origin="openai")
    assert DAY.cost_usd(alone, USAGE) == DAY.cost_usd(GPT, USAGE)
