"""The public fakes: models like any other, from the script of a test."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.model import answers, fails, passes_cancellation, request, virtual
from workbench.client.chain import chain
from workbench.client.fakes import Echo, Failing, Scripted, fake_error, fake_reply
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request


def test_scripted() -> None:
    """Texts, replies and errors come in order; then it fails and says why."""

    async def run() -> None:
        model = Scripted(["a", fake_reply("b", tokens_out=9), fake_error("server", status=500)])
        assert (await answers(model, request())).text == "a"
        assert (await answers(model, request())).usage.tokens_out == 9  # type: ignore[union-attr]
        assert (await fails(model, request(), "server")).status == 500
        assert "end" in (await fails(model, request(), "internal")).problem
        assert len(model.requests) == 4

    asyncio.run(run())


def test_echo() -> None:
    """The last message comes back, or what a function makes of the request; words are its tokens."""
    reply = asyncio.run(answers(Echo(), request("one two")))
    assert reply.text == "one two"
    assert reply.usage is not None
    assert (reply.usage.tokens_in, reply.usage.tokens_out) == (6, 2)
    assert asyncio.run(answers(Echo(lambda asked: asked.ref.model), request())).text == "fake"


def test_failing() -> None:
    """Kinds come in order, then the other model answers; without one the last kind lasts."""

    async def run() -> None:
        model = Failing("timeout", "server", then=Echo())
        await fails(model, request(), "timeout")
        await fails(model, request(), "server")
        await answers(model, request())
        lasting = Failing("timeout", "server", retry_after_s=3.0)
        for kind in ("timeout", "server", "server"):
            assert (await fails(lasting, request(), kind)).retry_after_s == 3.0

    asyncio.run(run())
    with pytest.raises(ValueError, match="at least one"):
        Failing()


def test_slow_ones_can_be_canceled() -> None:
    """A fake that takes its time takes the event loop's, and can be canceled."""
    virtual(passes_cancellation(Echo(latency_s=1e9), request()))
    virtual(passes_cancellation(Scripted(["x"], latency_s=1e9), request()))


def test_unknown_usage() -> None:
    """A reply of unknown usage has none, in the reply and in its attempt."""
    reply = fake_reply("x", usage_known=False)
    assert reply.usage is None
    assert reply.attempts[0].usage is None


def test_chain() -> None:
    """The first layer named is the first that a request meets."""
    met: list[str] = []

    class Noting:
        """A layer that notes when a request passes."""

        def __init__(self, name: str, model: Model | None = None) -> None:
            self.name, self.model = name, model

        def __call__(self, model: Model) -> Model:
            """Wrap a model."""
            return Noting(self.name, model)

        async def ask(self, asked: Request) -> Reply:
            """Note the passage."""
            met.append(self.name)
            assert self.model is not None
            return await self.model.ask(asked)

    reply = asyncio.run(answers(chain(Echo(), Noting("outer"), Noting("inner")), request()))
    assert reply.text == "Where is my parcel?"
    assert met == ["outer", "inner"]
    model = Echo()
    assert chain(model) is model
