"""Repricing: any old run under another book or a scenario, without asking anybody."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_table import trial
from workbench.core.records import Attempt, ModelRef, Score, Trial, Usage
from workbench.core.table import to_frame
from workbench.errors import PlanError
from workbench.plan.prices import Price, PriceBook
from workbench.plan.reprice import Scenario, reprice

REF = ModelRef(name="openai/gpt-5", model="gpt-5", origin="https://api.openai.com")
BOOK = PriceBook(date="2026-11-01")
USAGE = Usage(tokens_in_uncached=1000, tokens_out=100)
PAID = Attempt(model="gpt-5", model_served="gpt-5", started_at=1.79e9, latency_s=1.0, usage=USAGE)


def paid(index: int, *attempts: Attempt, **changes: object) -> Trial:
    """A trial of gpt-5, priced by `BOOK`."""
    made = trial(index, model=REF.name, arm="v@openai/gpt-5", attempts=attempts, usage=USAGE, **changes)
    return BOOK.price_trial(made, REF)


def row(result: object) -> dict[str, float]:
    """The only row of a repricing."""
    (found,) = result.frame.to_dict("records")  # type: ignore[attr-defined]
    return found


def test_the_same_book_changes_nothing() -> None:
    """Retries and failures included, the same prices give the same cost, to the last digit."""
    failed = replace(PAID, error_kind="malformed", http_status=200)
    trials = [paid(1, failed, PAID), paid(2, PAID, source="journal")]
    found = row(reprice(trials, BOOK, refs=[REF]))
    assert found["usd_before"] == found["usd_after"] == pytest.approx(3 * 0.00225)
    assert (found["change"], found["requests"]) == (0, 2)


def test_another_book() -> None:
    """A run of a model without a price gets one afterwards: before unknown, after known."""
    ref = ModelRef(name="own/model", model="model", origin="https://own.example")
    made = trial(1, model=ref.name, attempts=(replace(PAID, model="model", model_served="model"),))
    book = PriceBook(declared={"own/model": Price(in_per_mtok=1, out_per_mtok=10)})
    result = reprice([made], book, refs=[ref])
    assert math.isnan(row(result)["usd_before"])
    assert row(result)["usd_per_1000_after"] == pytest.approx(2.0)
    assert "unknown → 2 USD per 1,000 requests" in result.summary
    assert result.book == book.id


@pytest.mark.parametrize(
    ("scenario", "factor"),
    [
        (Scenario(service_tier="batch"), 0.5),
        (Scenario(service_tier="flex"), 0.5),
        (Scenario(cached_share=0.8), (200 * 1.25 + 800 * 0.125 + 100 * 10) / (1000 * 1.25 + 100 * 10)),
        (Scenario(semantic_hits=0.3), 0.7),
        (Scenario(service_tier="batch", semantic_hits=0.5, embedding_usd=0.00225), 1.25),
    ],
    ids=lambda value: value.words if isinstance(value, Scenario) else "",
)
def test_scenarios(scenario: Scenario, factor: float) -> None:
    """Batch halves, the prompt cache makes its share ten times cheaper, a hit costs its embedding."""
    result = reprice([paid(1, PAID), paid(2, PAID)], BOOK, scenario, refs=[REF])
    assert row(result)["usd_after"] == pytest.approx(2 * 0.00225 * factor)
    assert row(result)["change"] == pytest.approx(factor - 1)
    assert scenario.words in result.summary


def test_a_tier_without_a_price_is_unknown() -> None:
    """A scenario whose price nobody knows gives unknown, not the standard price and not $0."""
    found = row(reprice([paid(1, PAID)], BOOK, Scenario(service_tier="no-such"), refs=[REF]))
    assert math.isnan(found["usd_after"])
    assert math.isnan(found["change"])
    assert found["unpriced_after"] == 1


def test_one_unknown_does_not_hide_the_rest() -> None:
    """A timeout's cost is unknown and counted; the change compares the requests known at both prices."""
    lost = replace(PAID, error_kind="timeout", usage=None)
    found = row(
        reprice([paid(1, PAID), paid(2, lost, PAID)], BOOK, Scenario(service_tier="batch"), refs=[REF])
    )
    assert found["unpriced_before"] == found["unpriced_after"] == 1
    assert found["change"] == pytest.approx(-0.5)
    assert found["usd_per_1000_before"] == pytest.approx(2.25)


def test_judges_and_fallbacks_go_by_their_own_models() -> None:
    """A judge's calls are apart and at the judge's price; a fallback's at that of who answered."""
    judge = ModelRef(name="judge", model="j", origin="https://j.example")
    other = ModelRef(name="other", model="o", origin="https://o.example")
    book = PriceBook(
        declared={
            "judge": Price(in_per_mtok=100, out_per_mtok=0),
            "other": Price(in_per_mtok=10, out_per_mtok=0),
        }
    )
    call = replace(PAID, model="o", model_served="o", ref=other, purpose="fallback")
    verdict = replace(PAID, model="j", model_served="j", ref=judge, purpose="judge")
    score = Score(trial_id="t1", scorer="rubric", value=1.0, rater="judge", attempts=(verdict,))
    found = row(reprice([paid(1, call)], book, Scenario(semantic_hits=1.0), scores=[score], refs=[REF]))
    assert found["judges_usd_after"] == pytest.approx(0.1)
    assert found["usd_after"] == 0
    assert row(reprice([paid(1, call)], book, refs=[REF]))["usd_after"] == pytest.approx(0.01)


def test_from_a_trial_table() -> None:
    """A table loaded back from MLflow can be repriced too, and says what it does not know."""
    trials = [paid(1, PAID), paid(2, PAID), paid(3, PAID, status="error")]
    trials[2] = replace(trials[2], usage=None, cost_usd=None, attempts=())
    result = reprice(to_frame(trials), BOOK, Scenario(service_tier="batch"), refs=[REF])
    assert row(result)["usd_after"] == pytest.approx(0.00225)
    assert row(result)["unpriced_after"] == 1
    assert "trial table" in result.summary
    assert row(reprice(to_frame(trials), BOOK))["usd_before"] == pytest.approx(0.0045)
    assert row(reprice(to_frame(trials), BOOK))["usd_after"] == pytest.approx(0.0045), "by its name alone"


@pytest.mark.parametrize(
    "wrong", [{"cached_share": 1.2}, {"semantic_hits": -0.1}, {"embedding_usd": math.nan}]
)
def test_a_share_is_a_share(wrong: dict[str, float]) -> None:
    """What is no share or no cost is refused."""
    with pytest.raises(PlanError, match=next(iter(wrong))):
        Scenario(**wrong)


@given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000), st.floats(0, 1))
def test_caching_never_costs_more_and_keeps_every_token(
    fresh: int, read: int, written: int, share: float
) -> None:
    """Whatever share is cached: the input stays whole, and is not dearer."""
    usage = Usage(
        tokens_in_uncached=fresh, tokens_in_cached=read, tokens_in_cache_write=written, tokens_out=1
    )
    made = Scenario(cached_share=share).apply(replace(PAID, usage=usage)).usage
    price = Price(in_per_mtok=3, out_per_mtok=15, cached_in_per_mtok=0.3, cache_write_per_mtok=3.75)
    assert made is not None
    assert made.tokens_in == usage.tokens_in
    assert min(made.tokens_in_uncached, made.tokens_in_cached, made.tokens_in_cache_write) >= 0
    assert price.cost_usd(made) <= price.cost_usd(usage) + 1e-12
