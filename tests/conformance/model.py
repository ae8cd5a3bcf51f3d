"""What every `Model` and every `Layer` promises; a room's tests call these with their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar, get_args

import looptime
import pytest

from workbench.client.fakes import Echo, Scripted, fake_error, fake_reply
from workbench.core.identity import canonical
from workbench.core.protocols import Layer, Model
from workbench.core.records import NO_TOKEN, Message, ModelRef, Reply, Request, Source
from workbench.errors import ErrorKind, ModelError

T = TypeVar("T")

__all__ = ["answers", "check_layer", "fails", "passes_cancellation", "request", "virtual"]


def request(text: str = "Where is my parcel?", *, repeat: int = 0, **params: object) -> Request:
    """Return a request with everything in it that a layer might touch."""
    return Request(
        messages=(
            Message(role="system", content="Answer with one word."),
            Message(role="user", content=text),
        ),
        ref=ModelRef(name="offline/fake", model="fake", origin="offline"),
        params={"temperature": 0.7, "stop": ["\n"], **params},
        repeat=repeat,
        tags={"user": "u1"},
    )


def virtual(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time: sleeping takes none."""
    # No idle rounds before the clock moves: they wait for sockets and threads, of which there are none here.
    with asyncio.Runner(loop_factory=partial(looptime.new_event_loop, noop_cycles=0)) as runner:
        return runner.run(coroutine)


def _state(asked: Request) -> str:
    return canonical(
        [[m.to_dict() for m in asked.messages], asked.params, asked.tags, asked.repeat, asked.ref.model]
    )


async def answers(model: Model, asked: Request) -> Reply:
    """Ask a model that can answer, and look at the reply."""
    assert isinstance(model, Model)
    before = _state(asked)
    reply = await model.ask(asked)
    assert isinstance(reply, Reply)
    assert reply.source in get_args(Source)
    assert _state(asked) == before, "a request is never changed"
    if reply.source == "semantic":
        assert (reply.attempts, reply.usage) == ((), NO_TOKEN), "a semantic hit took no call"
        assert reply.similarity is not None
        assert reply.source_call
        return reply
    assert reply.attempts, "a reply carries its attempts"
    last = reply.attempts[-1]
    assert last.error_kind is None, "the last attempt is the one that answered"
    assert last.error is None
    assert last.usage == reply.usage
    assert last.model_served == reply.model_served
    assert all(attempt.error_kind is not None for attempt in reply.attempts[:-1])
    assert all(attempt.latency_s >= 0 and attempt.wait_s >= 0 for attempt in reply.attempts)
    return reply


async def fails(model: Model, asked: Request, kind: ErrorKind | None = None, attempts: int = 1) -> ModelError:
    """Ask a model that cannot answer, and look at the error."""
    before = _state(asked)
    with pytest.raises(ModelError) as caught:
        await model.ask(asked)
    error = caught.value
    assert error.kind in get_args(ErrorKind)
    assert kind is None or error.kind == kind
    assert error.subject
    assert error.problem
    assert error.remedy
    assert len(error.attempts) == attempts, "an error carries every attempt"
    assert all(attempt.error_kind in get_args(ErrorKind) for attempt in error.attempts)
    assert all(attempt.error for attempt in error.attempts)
    assert _state(asked) == before, "a request is never changed"
    return error


async def passes_cancellation(model: Model, asked: Request) -> None:
    """Cancel a model that takes for ever; it must neither answer, nor fail, nor hang."""
    task = asyncio.ensure_future(model.ask(asked))
    await asyncio.sleep(0.01)
    assert not task.done(), "the model under test must take for ever"
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done
    assert task.cancelled()


def check_layer(make: Callable[[], Layer]) -> None:
    """Look at a layer around models that answer, fail for good, and hang."""

    async def look() -> None:
        assert isinstance(make(), Layer)
        inner = Scripted([fake_reply("parcel", tokens_in=7)])
        reply = await answers(make()(inner), request())
        assert (reply.text, reply.usage.tokens_in if reply.usage else None) == ("parcel", 7)
        assert inner.requests == [request()], "the model is asked what the layer was asked"
        for kind in ("auth", "bad_request", "not_found"):
            error = await fails(make()(Scripted([fake_error(kind, status=400)])), request(), kind)
            assert error.status == 400
        echo = make()(Echo(latency_s=0.01))
        texts = [f"text {number}" for number in range(20)]
        replies = await asyncio.gather(*(answers(echo, request(text)) for text in texts))
        assert [reply.text for reply in replies] == texts, "each caller gets its own answer"
        await passes_cancellation(make()(Echo(latency_s=1e9)), request())

    virtual(look())
