"""The exact cache: earlier answers, shared calls, separate repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.conformance.model import answers, check_layer, fails, request, virtual
from workbench.client.exact_cache import ExactCache
from workbench.client.fakes import Echo, Failing, fake_reply
from workbench.core.identity import call_key
from workbench.core.protocols import Model
from workbench.core.records import Reply


def nothing(key: str) -> Reply | None:
    """A journal without replies."""
    return None


def test_conformance() -> None:
    """It is a layer."""
    check_layer(lambda: ExactCache(nothing))


def test_earlier_reply() -> None:
    """A reply in the journal is returned as such, and the model is not asked."""
    kept = fake_reply("parcel", started_at=1.0)
    model = Echo()
    layer = ExactCache({call_key(request()): kept}.get)(model)
    reply = virtual(answers(layer, request()))
    assert (reply.text, reply.source, reply.attempts) == ("parcel", "journal", kept.attempts)
    assert model.requests == []


def test_repeats_are_separate_draws() -> None:
    """Another repeat is another call."""
    layer = ExactCache({call_key(request()): fake_reply("kept")}.get)(Echo())
    reply = virtual(answers(layer, request("new", repeat=1)))
    assert (reply.text, reply.source) == ("new", "call")


def together(model: Model, *act: Callable[[list[asyncio.Task[Reply]]], None]) -> list[Reply | BaseException]:
    """Ask five times at once and return what came of it."""

    async def run() -> list[Reply | BaseException]:
        layer = ExactCache(nothing)(model)
        tasks = [asyncio.ensure_future(layer.ask(request())) for _ in range(5)]
        await asyncio.sleep(0.5)
        for do in act:
            do(tasks)
        return await asyncio.gather(*tasks, return_exceptions=True)

    return virtual(run())


def test_equal_calls_share_one() -> None:
    """Of equal calls at once one is sent; the others have its reply, from the journal's source."""
    model = Echo(latency_s=1.0)
    outcomes = together(model)
    assert len(model.requests) == 1
    assert [outcome.source for outcome in outcomes] == ["call", *["journal"] * 4]  # type: ignore[union-attr]


def test_shared_failure() -> None:
    """A failure is everyone's, its attempts are on the row of the one who made them."""

    class Late:
        """Fails after a second."""

        inner = Failing("server")

        async def ask(self, asked: object) -> Reply:
            """Fail."""
            await asyncio.sleep(1)
            return await self.inner.ask(asked)  # type: ignore[arg-type]

    model = Late()
    outcomes = together(model)
    assert model.inner.calls == 1
    assert [outcome.kind for outcome in outcomes] == ["server"] * 5  # type: ignore[union-attr]
    assert [len(outcome.attempts) for outcome in outcomes] == [1, 0, 0, 0, 0]  # type: ignore[union-attr]


def test_canceled_leader() -> None:
    """Where the one who asks is canceled, the next one asks; the others are not canceled with it."""
    model = Echo(latency_s=1.0)
    outcomes = together(model, lambda tasks: tasks[0].cancel())  # type: ignore[func-returns-value]
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert [outcome.source for outcome in outcomes[1:]] == ["call", *["journal"] * 3]  # type: ignore[union-attr]
    assert len(model.requests) == 2


def test_canceled_follower() -> None:
    """A canceled waiter takes nobody with it."""
    model = Echo(latency_s=1.0)
    outcomes = together(model, lambda tasks: tasks[2].cancel())  # type: ignore[func-returns-value]
    assert sum(isinstance(outcome, Reply) for outcome in outcomes) == 4
    assert len(model.requests) == 1


def test_a_failure_is_not_kept() -> None:
    """After a failure the next caller asks again."""
    layer = ExactCache(nothing)(Failing("server", then=Echo()))

    async def run() -> None:
        await fails(layer, request(), "server")
        await answers(layer, request())

    virtual(run())
