"""Adaptive concurrency: it finds what an endpoint bears, and backs off once a round."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.client.endpoints import REF, Held, ask_of, settle
from tests.conformance.model import check_layer, virtual
from workbench.client.adaptive import AdaptiveConcurrency
from workbench.client.deadline import until
from workbench.client.fakes import Echo, fake_error, fake_reply
from workbench.core.records import Reply, Request
from workbench.errors import ModelError


class Bears:
    """Answers in a second; above so many at once it refuses."""

    def __init__(self, most: int) -> None:
        self.most, self.now, self.answered, self.refused = most, 0, 0, 0

    async def ask(self, request: Request) -> Reply:
        """Answer or refuse."""
        if self.now >= self.most:
            self.refused += 1
            raise fake_error("rate_limit", status=429)
        self.now += 1
        await asyncio.sleep(1)
        self.now -= 1
        self.answered += 1
        return fake_reply("yes")


def test_conformance() -> None:
    """It is a layer."""
    check_layer(AdaptiveConcurrency)


@pytest.mark.parametrize(("most", "refused"), [(4, 0.1), (16, 0.02), (40, 0.01)])
def test_finds_what_the_endpoint_bears(most: int, refused: float) -> None:
    """At least 70 % of what it bears is used; few calls are refused, the fewer the more it bears."""
    model = Bears(most)

    async def run() -> None:
        wrapped = AdaptiveConcurrency()(model)

        async def caller() -> None:
            while asyncio.get_running_loop().time() < 600:
                await asyncio.gather(wrapped.ask(ask_of()), return_exceptions=True)

        await asyncio.gather(*(caller() for _ in range(80)))

    virtual(run())
    assert model.answered >= 0.7 * 600 * most
    assert model.refused <= refused * model.answered


def test_one_cut_a_round() -> None:
    """Eight refusals of calls that were on their way together halve the limit once; the next round again."""

    async def run() -> None:
        layer = AdaptiveConcurrency(start=8)
        wrapped = layer(model := Held())
        for expected in (4, 2, 1, 1):
            tasks = [asyncio.ensure_future(wrapped.ask(ask_of())) for _ in range(layer.limit(REF))]
            await settle()
            for call in model.calls:
                call.end.set_exception(fake_error("rate_limit", status=429))
            model.calls.clear()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert layer.limit(REF) == expected

    virtual(run())


def test_grows_only_in_use() -> None:
    """A round of successes at the limit adds one place; a caller alone adds none; the ceiling holds."""

    async def run() -> None:
        layer = AdaptiveConcurrency(start=4, ceiling=6)
        wrapped = layer(Echo(latency_s=1))
        for _ in range(50):
            await wrapped.ask(ask_of())
        assert layer.limit(REF) == 4
        for expected in (4, 5, 6, 6, 6):
            assert layer.limit(REF) >= expected - 1
            await asyncio.gather(*(wrapped.ask(ask_of()) for _ in range(20)))
        assert layer.limit(REF) == 6

    virtual(run())


@pytest.mark.parametrize(("kind", "status"), [("server", 500), ("bad_request", 400), ("connection", None)])
def test_other_failures_say_nothing_about_load(kind: Any, status: int | None) -> None:
    """They leave the limit as it is."""

    async def run() -> None:
        layer = AdaptiveConcurrency()
        wrapped = layer(model := Held())
        task = asyncio.ensure_future(wrapped.ask(ask_of()))
        await settle()
        model.calls[0].end.set_exception(fake_error(kind, status=status))
        await asyncio.gather(task, return_exceptions=True)
        assert layer.limit(REF) == 8

    virtual(run())


def test_a_person_does_not_wait_behind_a_batch() -> None:
    """With 200 batch calls in the queue an interactive one is among the next two to go."""

    async def run() -> None:
        wrapped = AdaptiveConcurrency(start=1, ceiling=1)(Echo(latency_s=1))
        batch = [asyncio.ensure_future(wrapped.ask(ask_of())) for _ in range(200)]
        await settle()
        reply = await wrapped.ask(ask_of("interactive"))
        assert reply.attempts[0].wait_s <= 2
        await asyncio.gather(*batch)

    virtual(run())


def test_the_deadline_counts_in_the_queue() -> None:
    """A call whose time runs out in the queue was not sent, and leaves no place behind."""

    async def run() -> None:
        layer = AdaptiveConcurrency(start=1, ceiling=1)
        wrapped = layer(Echo(latency_s=100))
        first = asyncio.ensure_future(wrapped.ask(ask_of()))
        await settle()
        with pytest.raises(ModelError) as caught, until(asyncio.get_running_loop().time() + 5):
            await wrapped.ask(ask_of())
        assert (caught.value.kind, caught.value.attempts) == ("deadline", ())
        await first
        assert layer.windows[REF].slots.used == 0

    virtual(run())


@pytest.mark.parametrize("wrong", [{"floor": 0}, {"start": 99}, {"cut": 1.0}])
def test_bad_settings(wrong: dict[str, Any]) -> None:
    """Settings without a meaning are refused."""
    with pytest.raises(ValueError, match="needs"):
        AdaptiveConcurrency(**wrong)
