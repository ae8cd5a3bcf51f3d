"""Rate limits on virtual time: against a reference model, and against servers that count in three ways."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

import looptime
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.client.endpoints import REF, Held, LimitedServer, ask_of, settle
from tests.conformance.model import check_layer, virtual
from workbench.client.adaptive import AdaptiveConcurrency
from workbench.client.chain import chain
from workbench.client.deadline import until
from workbench.client.fakes import Echo, fake_error, fake_reply
from workbench.client.limit import Limits
from workbench.client.rates import HEADROOM
from workbench.client.retry import Retry
from workbench.errors import ModelError

PER_S = 10.0
GRAIN_S = 1e-3  # keeps the looks of the test off the instants at which calls go


class LimitsMachine(RuleBasedStateMachine):
    """Calls of any size come, end and are called off; those the reference sends are those that are sent."""

    @initialize()
    def begin(self) -> None:
        """Set up both; the reference is a level that flows in, a hold, and a queue."""
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.model = Held()
        self.layer = Limits(
            tokens_per_min=PER_S * 60 / HEADROOM, count=lambda request: request.params["size"]
        )
        self.wrapped = self.layer(self.model)
        self.tasks: dict[str, tuple[asyncio.Task[Any], float]] = {}
        self.now, self.level, self.hold = 0.0, PER_S, 0.0
        self.queue: list[str] = []
        self.sent: list[str] = []

    def run(self, seconds: float = 0.0) -> None:
        """Let the loop run."""

        async def go() -> None:
            if seconds:
                await asyncio.sleep(seconds)
            await settle()

        self.runner.run(go())

    def size(self, name: str) -> float:
        """What a call reserves."""
        return self.tasks[name][1]

    def serve(self) -> None:
        """Send what can be sent, in the reference."""
        while (
            self.queue and self.now >= self.hold and self.level > min(self.size(self.queue[0]), PER_S) - 1e-6
        ):
            name = self.queue.pop(0)
            self.level -= self.size(name)
            self.sent.append(name)

    @rule(size=st.integers(1, 60))
    def ask(self, size: int) -> None:
        """Another call."""
        name = f"call {len(self.tasks)}"
        task = self.runner.get_loop().create_task(self.wrapped.ask(ask_of(size=size)), name=name)
        self.tasks[name] = (task, float(size))
        self.run()
        self.queue.append(name)
        self.serve()

    @rule(
        pick=st.integers(0, 10**6),
        tokens=st.integers(1, 80),
        how=st.sampled_from(["ok", "unknown", "server", "429"]),
    )
    def end(self, pick: int, tokens: int, how: str) -> None:
        """A call on its way ends."""
        flying = [call for call in self.model.calls if not call.task.done()]
        if not flying:
            return
        call = flying[pick % len(flying)]
        if how == "ok":
            call.end.set_result(fake_reply("yes", tokens_in=tokens, tokens_out=3))
            self.level = min(PER_S, self.level + self.size(call.name) - tokens - 3)
        elif how == "unknown":
            call.end.set_result(fake_reply("yes", usage_known=False))
        elif how == "server":
            call.end.set_exception(fake_error("server"))
        else:
            call.end.set_exception(fake_error("rate_limit", status=429, retry_after_s=7))
            self.hold = max(self.hold, self.now + 7)
        self.run()
        self.serve()

    @rule(pick=st.integers(0, 10**6))
    def unsent(self, pick: int) -> None:
        """A call on its way turns out not to have been sent: it takes nothing."""
        flying = [call for call in self.model.calls if not call.task.done()]
        if not flying:
            return
        call = flying[pick % len(flying)]
        call.end.set_exception(ModelError("it", "was not sent", "Wait.", kind="circuit_open"))
        self.run()
        self.level = min(PER_S, self.level + self.size(call.name))
        self.serve()

    @rule(pick=st.integers(0, 10**6))
    def call_off(self, pick: int) -> None:
        """Somebody who waits goes away."""
        if self.queue:
            name = self.queue.pop(pick % len(self.queue))
            self.tasks[name][0].cancel()
            self.run()
            self.serve()

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        end = self.now + seconds + GRAIN_S
        self.run(seconds + GRAIN_S)
        while self.now < end:
            step = end
            if self.queue:
                short = max(0.0, min(self.size(self.queue[0]), PER_S) - self.level)
                step = min(end, max(self.now + short / PER_S, self.hold))
            self.level = min(PER_S, self.level + (step - self.now) * PER_S)
            self.now = step
            self.serve()

    @invariant()
    def same(self) -> None:
        """The same calls were sent, in the same order."""
        if self.tasks:
            assert [call.name for call in self.model.calls] == self.sent

    def teardown(self) -> None:
        """End what is left."""
        if hasattr(self, "runner"):
            for task, _ in self.tasks.values():
                if task.done() and not task.cancelled():
                    task.exception()  # seen
            self.runner.close()


LimitsMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLimitsMachine = LimitsMachine.TestCase


def test_conformance() -> None:
    """It is a layer."""
    check_layer(Limits)
    check_layer(lambda: Limits(requests_per_min=6000, tokens_per_min=10**7))


MINUTES = 2


def served(kind: str, *, declared: bool, tokens: float) -> LimitedServer:
    """Ask such a server for minutes with 60 callers, through retries, limits and adaptive concurrency."""
    rng = random.Random(7)
    limits = Limits(requests_per_min=600, tokens_per_min=tokens) if declared else Limits()
    server = LimitedServer(
        kind, requests=600, tokens=tokens, rng=rng, on_headers=None if declared else limits.observe
    )
    retry = Retry(deadline_s=1e6, attempts=10**6, rng=random.Random(8))

    async def run() -> None:
        wrapped = chain(server, retry, limits, AdaptiveConcurrency())
        loop = asyncio.get_running_loop()

        async def caller() -> None:
            while loop.time() < MINUTES * 60:
                out = rng.randint(20, 300)
                request = ask_of(**{"in": rng.randint(50, 800), "out": out, "max_tokens": 300})
                async with asyncio.timeout_at(MINUTES * 60):
                    await wrapped.ask(request)

        await asyncio.gather(*(caller() for _ in range(60)), return_exceptions=True)

    virtual(run())
    return server


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "by headers"])
@pytest.mark.parametrize("kind", ["bucket", "sliding", "fixed"])
@pytest.mark.parametrize("tokens", [1e9, 150_000], ids=["requests", "tokens"])
def test_a_servers_limits(
    kind: str, declared: bool, tokens: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """At most 1 % of calls are refused, at 90 % or more of what is allowed, whichever limit binds."""
    server = served(kind, declared=declared, tokens=tokens)
    refused = server.refused / (server.accepted + server.refused)
    used = max(server.accepted / (600 * MINUTES), server.tokens_served / (tokens * MINUTES))
    with capsys.disabled():
        print(
            f"\n{kind}, {'declared' if declared else 'headers'}: {refused:.2%} refused, {used:.1%} used",
            end="",
        )
    assert refused <= 0.01
    assert used >= 0.9


def test_a_shared_limit() -> None:
    """Where another client uses half of the limit, the headers keep this one from running into refusals."""
    rng = random.Random(3)
    limits = Limits(requests_per_min=600)
    server = LimitedServer("bucket", requests=600, tokens=1e9, rng=rng, on_headers=limits.observe)

    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def other() -> None:
            while loop.time() < 240:
                await asyncio.sleep(0.2)
                if server.requests.left(loop.time()) >= 1:
                    server.requests.take(1, loop.time())

        async def caller() -> None:
            wrapped = limits(server)
            while loop.time() < 240:
                request = ask_of(**{"in": 10, "out": 10})
                await asyncio.gather(wrapped.ask(request), return_exceptions=True)

        await asyncio.gather(other(), *(caller() for _ in range(40)))

    virtual(run())
    assert server.refused <= 0.1 * server.accepted
    assert server.accepted >= 0.9 * 300 * 4


def test_one_model_has_limits_of_its_own() -> None:
    """What is declared for it goes before what holds for all; of what it leaves open that counts."""

    async def run() -> None:
        layer = Limits(requests_per_min=60, tokens_per_min=900)
        other = replace(REF, model="large")
        layer.declare(other, requests_per_min=6000)
        assert [layer.lanes[REF].requests.per_min, layer.lanes[REF].tokens.per_min] == [60, 900]
        assert [layer.lanes[other].requests.per_min, layer.lanes[other].tokens.per_min] == [6000, 900]

    virtual(run())


def test_a_hold_is_for_all() -> None:
    """A 429 with a time to wait holds back every caller, for a minute at most."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for asked_s, held_s in ((20.0, 20.0), (3600.0, 60.0)):
            layer = Limits()
            model = Held()
            first = asyncio.ensure_future(layer(model).ask(ask_of()))
            await settle()
            model.calls[0].end.set_exception(fake_error("rate_limit", status=429, retry_after_s=asked_s))
            await asyncio.gather(first, return_exceptions=True)
            start = loop.time()
            replies = await asyncio.gather(*(layer(Echo()).ask(ask_of()) for _ in range(5)))
            assert loop.time() - start == pytest.approx(held_s)
            assert all(reply.attempts[0].wait_s == pytest.approx(held_s) for reply in replies)

    virtual(run())


def test_the_deadline_counts_in_the_queue() -> None:
    """A call whose time runs out in the queue was not sent and takes nothing."""

    async def run() -> None:
        layer = Limits(requests_per_min=60)
        wrapped = layer(model := Held())
        tasks = [asyncio.ensure_future(wrapped.ask(ask_of())) for _ in range(3)]
        await settle()
        with pytest.raises(ModelError) as caught, until(asyncio.get_running_loop().time() + 1):
            await wrapped.ask(ask_of())
        assert (caught.value.kind, caught.value.attempts) == ("deadline", ())
        await asyncio.sleep(2)
        assert len(model.calls) == 3
        assert layer.lanes[REF].requests.level > -1
        for task in tasks:
            task.cancel()

    virtual(run())


@pytest.mark.parametrize("wrong", [{"requests_per_min": 0}, {"tokens_per_min": -1}])
def test_bad_settings(wrong: dict[str, Any]) -> None:
    """Limits of nothing are refused."""
    with pytest.raises(ValueError, match="positive"):
        Limits(**wrong)
