"""A fallback's attempts say so, and name who was asked: their price is that model's, at that seller."""

from __future__ import annotations

import asyncio

from workbench.client.fakes import Scripted, fake_reply
from workbench.client.fallback import Fallback
from workbench.core.records import Message, ModelRef, Request, Usage
from workbench.plan.prices import PriceBook

ASKED = ModelRef(name="openai/gpt-4o-mini", model="gpt-4o-mini", origin="https://api.openai.com")
OTHER = ModelRef(name="anthropic/claude", model="claude-sonnet-4-5", origin="https://api.anthropic.com")
USAGE = Usage(tokens_in_uncached=1000, tokens_out=1)


def test_each_is_priced_where_it_was_asked() -> None:
    """A rejected reply and the fallback that replaced it: two rows, each at its own seller's price."""
    first, second = (
        Scripted([fake_reply("x", model=ref.model, tokens_in=1000, tokens_out=1)]) for ref in (ASKED, OTHER)
    )
    model = Fallback((OTHER, second), accept=lambda reply: False)(first)
    reply = asyncio.run(model.ask(Request(messages=(Message(role="user", content="?"),), ref=ASKED)))
    assert [(made.purpose, made.ref) for made in reply.attempts] == [("arm", None), ("fallback", OTHER)]
    book = PriceBook(date="2026-11-01")
    costs = [book.price(made, ASKED).cost_usd for made in reply.attempts]
    assert costs == [book.cost_usd(ASKED, USAGE), book.cost_usd(OTHER, USAGE)]
    assert None not in costs
