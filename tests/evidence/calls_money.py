"""Money: what others get wrong, every attempt on a row, spending by purpose, and old runs at new prices."""

from __future__ import annotations

import asyncio
import math
import random
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.core.test_table import trial
from tests.evidence.ledger import QUICK, Ledger
from workbench.analyze.spending import PURPOSES, spending
from workbench.client.fakes import Failing, Scripted, fake_reply
from workbench.client.fallback import Fallback
from workbench.client.retry import Retry
from workbench.core.records import Attempt, Message, ModelRef, Purpose, Request, Score, Trial, Usage
from workbench.core.table import attempts_frame
from workbench.plan.prices import Price, PriceBook
from workbench.plan.reprice import Scenario, reprice
from workbench.store.journal import Journal

__all__ = ["money"]

BOOK = PriceBook(date="2026-11-01")
GPT = ModelRef(name="openai/gpt-5", model="gpt-5", origin="https://api.openai.com")
CLAUDE = ModelRef(name="anthropic/claude", model="claude-sonnet-4-5", origin="https://api.anthropic.com")
USAGE = Usage(tokens_in_uncached=1_000, tokens_out=100)
TRIALS = 300 if QUICK else 3_000


def money(ledger: Ledger) -> None:
    """Add the rows on money."""
    _known_wrong(ledger)
    _every_attempt(ledger)
    _spending(ledger)
    _repricing(ledger)


def _cost(ref: ModelRef | str, fresh: int, cached: int = 0, out: int = 0, tier: str | None = None) -> float:
    usage = Usage(tokens_in_uncached=fresh, tokens_in_cached=cached, tokens_out=out)
    cost = BOOK.cost_usd(ref, usage, tier)
    return math.nan if cost is None else round(cost, 9)


def _known_wrong(ledger: Ledger) -> None:
    ledger.exact(
        "cached tokens billed as cached (as fresh they cost 6.7 times as much), USD",
        _cost(GPT, 5_500, 94_500),
        round((5_500 * 1.25 + 94_500 * 0.125) / 1e6, 9),
    )
    ledger.exact(
        "long context: 50,000 fresh + 200,000 cached + 1,000 out at the higher tier, USD",
        _cost(CLAUDE, 50_000, 200_000, 1_000),
        round((50_000 * 6 + 200_000 * 0.6 + 1_000 * 22.5) / 1e6, 9),
    )
    unknown = (
        "openai/gpt-of-another-age",
        "nobody/model",
        "offline/minilm",
        replace(GPT, origin="https://x.example"),
    )
    ledger.exact(
        "models without a known price shown as $0 (unknown each)",
        sum(not math.isnan(_cost(ref, 1_000, 0, 100)) for ref in unknown),
        0,
    )
    flex, batch = (_cost(GPT, 1_000_000, 0, 100_000, tier) for tier in ("flex", "batch"))
    ledger.exact("flex and batch at their own price (standard: 2.25), USD", (flex, batch), (1.125, 1.125))
    odd = BOOK.cost_usd(GPT, Usage(tokens_in_uncached=1, tokens_out=1), "no-such-tier")
    ledger.exact("a tier that nobody priced", "unknown" if odd is None else odd, "unknown")


def _every_attempt(ledger: Ledger) -> None:
    """Retries, a rejected reply and a fallback through the real layers: each attempt is a row of its own."""
    first = Retry(attempts=3, base_s=0.0)(Failing("server"))
    model = Fallback((CLAUDE, Scripted([fake_reply("a", model=CLAUDE.model)])))(first)
    reply = asyncio.run(model.ask(Request(messages=(Message(role="user", content="?"),), ref=GPT)))
    made = trial(1, model=GPT.name, attempts=reply.attempts)
    frame = attempts_frame([BOOK.price_trial(made, GPT)])
    found = [(row.purpose, row.asked, bool(row.usage_unknown)) for row in frame.itertuples()]
    ledger.exact(
        "a call with 3 failed attempts and a fallback: rows (purpose, model, usage unknown)",
        found,
        [("arm", GPT.name, True)] * 3 + [("fallback", CLAUDE.name, False)],
    )


def _random_trials(count: int) -> tuple[list[Trial], list[Score]]:
    """Return seeded trials with every purpose, tier, outcome and token class, and their scores."""
    rng = random.Random(3)
    kinds: tuple[Purpose, ...] = ("arm", "arm", "arm", "reask", "fallback", "hedge", "embedding")

    def attempt(purpose: Purpose) -> Attempt:
        usage = Usage(
            tokens_in_uncached=rng.randrange(400_000),
            tokens_in_cached=rng.randrange(50_000),
            tokens_in_cache_write=rng.randrange(2_000),
            tokens_out=rng.randrange(2_000),
        )
        lost = rng.random() < 0.1
        asked = CLAUDE if purpose in ("fallback", "judge") else GPT
        return Attempt(
            model=asked.model,
            ref=asked if asked is CLAUDE else None,
            purpose=purpose,
            started_at=1.79e9,
            latency_s=1.0,
            usage=None if lost else usage,
            error_kind="timeout" if lost else None,
            service_tier=rng.choice((None, "default", "flex", "batch")) if asked is GPT else None,
        )

    trials, scores = [], []
    for index in range(count):
        made = tuple(attempt(rng.choice(kinds)) for _ in range(rng.randrange(1, 5)))
        name = f"{rng.choice('uvw')}@{GPT.name}"
        trials.append(BOOK.price_trial(trial(index, arm=name, model=GPT.name, attempts=made), GPT))
        judged = (BOOK.price(attempt("judge"), GPT),)
        scores.append(
            Score(trial_id=f"t{index}", scorer="rubric", value=1.0, rater=CLAUDE.name, attempts=judged)
        )
    return trials, scores


def _spending(ledger: Ledger) -> None:
    trials, scores = _random_trials(TRIALS)
    every = [made for row in (*trials, *scores) for made in row.attempts]
    result = spending(attempts_frame(trials, scores))
    known = math.fsum(made.cost_usd for made in every if made.cost_usd is not None)
    unknown = sum(made.cost_usd is None for made in every)
    for name, table in (("purpose", result.by_purpose), ("arm", result.by_arm)):
        sums = (int(table["attempts"].sum()), int(table["unpriced"].sum()), round(math.fsum(table["usd"]), 6))
        ledger.exact(
            f"spending by {name}: attempts, of unknown cost, USD, against the attempts themselves",
            sums,
            (len(every), unknown, round(known, 6)),
        )
    ledger.exact("purposes apart", ", ".join(result.by_purpose["purpose"]), ", ".join(PURPOSES))


def _repricing(ledger: Ledger) -> None:
    """Reprice what a journal gives back after it was closed."""
    trials, scores = _random_trials(TRIALS // 3)
    with tempfile.TemporaryDirectory() as folder:
        with Journal(Path(folder) / "journal.sqlite") as journal:
            for made, score in zip(trials, scores, strict=True):
                journal.put(made, [score])
        with Journal(Path(folder) / "journal.sqlite") as journal:
            old, judged = journal.trials("e"), journal.scores("e")
    same = reprice(old, BOOK, scores=judged, refs=[GPT]).frame
    ledger.exact(
        "an old run at the same prices: arms whose cost changed by the last digit",
        int(
            (same["usd_before"] != same["usd_after"]).sum()
            + (same["judges_usd_before"] != same["judges_usd_after"]).sum()
        ),
        0,
    )
    plain = [
        replace(row, attempts=(replace(row.attempts[0], service_tier=None, ref=None, usage=USAGE),))
        for row in old
    ]
    plain = [BOOK.price_trial(replace(row, usage=USAGE), GPT) for row in plain]
    for scenario, factor in (
        (Scenario(service_tier="batch"), 0.5),
        (Scenario(cached_share=0.8), (200 * 1.25 + 800 * 0.125 + 1_000) / (1_000 * 1.25 + 1_000)),
        (Scenario(semantic_hits=0.3), 0.7),
    ):
        change = reprice(plain, BOOK, scenario, refs=[GPT]).frame["change"]
        ledger.exact(
            f"an old run with {scenario.words}: cost by arm against before",
            sorted({round(1 + value, 6) for value in change}),
            [round(factor, 6)],
        )
    declared = PriceBook(declared={GPT.name: Price(in_per_mtok=2.5, out_per_mtok=20)})
    doubled = reprice(plain, declared, refs=[GPT]).frame["change"]
    ledger.exact(
        "an old run by a book with doubled prices", sorted({round(1 + value, 9) for value in doubled}), [2.0]
    )
