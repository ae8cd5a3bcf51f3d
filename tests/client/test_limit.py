"""Concurrency: at most so many at once, in order, on every event loop."""

from __future__ import annotations

import asyncio

import pytest

from tests.conformance.model import answers, check_layer, request, virtual
from workbench.client.fakes import Echo, Failing
from workbench.client.limit import Concurrency
from workbench.core.records import Reply, Request
from workbench.errors import ModelError


class Counting:
    """Takes a second and counts how many are in it."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def ask(self, asked: Request) -> Reply:
        """Answer after a second."""
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await Echo(latency_s=1.0).ask(asked)
        finally:
            self.now -= 1


def test_conformance() -> None:
    """It is a layer."""
    check_layer(lambda: Concurrency(3))


def test_at_most() -> None:
    """No more than the limit are on the wire; who waited has it in wait_s, not in latency."""
    model = Counting()

    async def run() -> list[Reply]:
        layer = Concurrency(2)
        limited = [layer(model), layer(model)]  # two models that share the places
        return await asyncio.gather(*(answers(limited[n % 2], request(str(n))) for n in range(6)))

    replies = virtual(run())
    assert model.most == 2
    waits = [round(reply.attempts[0].wait_s, 6) for reply in replies]
    assert waits == [0, 0, 1, 1, 2, 2]


def test_places_are_given_back() -> None:
    """Failures and cancellations free their place."""

    async def run() -> None:
        layer = Concurrency(1)
        with pytest.raises(ModelError):
            await layer(Failing("auth")).ask(request())
        task = asyncio.ensure_future(layer(Echo(latency_s=100)).ask(request()))
        await asyncio.sleep(1)
        task.cancel()
        await answers(layer(Echo()), request())

    virtual(run())


def test_several_event_loops() -> None:
    """One layer serves one event loop after another, waiting in each."""
    layer = Concurrency(1)

    async def run() -> None:
        await asyncio.gather(*(answers(layer(Echo(latency_s=0.1)), request(str(n))) for n in range(3)))

    virtual(run())
    virtual(run())


def test_bad_limit() -> None:
    """No place at all is refused."""
    with pytest.raises(ValueError, match="at least 1"):
        Concurrency(0)
