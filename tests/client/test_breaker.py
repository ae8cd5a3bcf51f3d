"""The breaker on virtual time: against a reference model, and where it must not give way."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

import looptime
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.client.endpoints import REF, Held, Sometimes, ask_of, settle
from tests.conformance.model import check_layer, virtual
from workbench.client.breaker import Breaker
from workbench.client.circuit import BreakerState
from workbench.client.deadline import until
from workbench.client.fakes import Echo, fake_error, fake_reply
from workbench.client.limit import Concurrency
from workbench.client.resilience import Resilience
from workbench.core.records import Workload
from workbench.errors import ModelError

CALLS, SHARE, WINDOW, WINDOW_S, OPEN_S, SLOW_S, WAIT_S = 4, 0.75, 8, 100.5, 5.0, 30.5, 60.5
SMALL: dict[str, Any] = {
    "calls": CALLS,
    "share": SHARE,
    "window": WINDOW,
    "window_s": WINDOW_S,
    "open_s": OPEN_S,
    "slow_s": SLOW_S,
    "wait_s": WAIT_S,
}
ENDS = ("success", "refused", "server", "timeout", "malformed", "bad_request", "rate_limit", "cancel")


class Reference:
    """What a breaker should do, written down in the plainest way."""

    def __init__(self) -> None:
        self.now = 0.0
        self.state = "closed"
        self.probe_at = self.probed_at = math.inf
        self.outcomes: list[tuple[float, bool]] = []  # since it was closed
        self.waiting: dict[str, float] = {}  # name -> when it gives up
        self.flying: dict[str, tuple[float, int]] = {}  # name -> when it was sent, in which era
        self.era = 0

    def turn(self, state: str) -> None:
        """Change."""
        self.state = state
        self.era += 1

    def send(self, name: str) -> None:
        """Let a call go, as the probe if it is not closed."""
        if self.state == "open":
            self.probed_at = self.now
            self.turn("half_open")
        self.flying[name] = (self.now, self.era)

    def may_go(self) -> bool:
        """Whether a call may go."""
        return self.state == "closed" or (self.state == "open" and self.now >= self.probe_at)

    @property
    def window(self) -> list[tuple[float, bool]]:
        """The outcomes it judges by, as they were when the last one came."""
        last = self.outcomes[-1][0] if self.outcomes else 0.0
        return [(at, failed) for at, failed in self.outcomes if at >= last - WINDOW_S][-WINDOW:]

    def end(self, name: str, how: str) -> None:
        """Take in what came of a call."""
        sent, era = self.flying.pop(name)
        failed = how in ("server", "timeout", "malformed") or self.now - sent > SLOW_S
        if era != self.era:
            return
        if self.state == "half_open":
            if failed or how == "cancel":
                self.probe_at = OPEN_S + (self.now if failed else self.probed_at)
                self.turn("open")
            else:
                self.outcomes = []
                self.turn("closed")
        elif failed or how == "success":
            self.outcomes.append((self.now, failed))
            flags = [flag for _, flag in self.window]
            if len(flags) >= CALLS and (sum(flags) >= SHARE * len(flags) or all(flags[-CALLS:])):
                self.probe_at = self.now + OPEN_S
                self.turn("open")


class BreakerMachine(RuleBasedStateMachine):
    """Calls come, end and wait in any order; the breaker and the reference stay together."""

    @initialize()
    def begin(self) -> None:
        """Set up both."""
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.heard: list[BreakerState] = []
        self.model = Held()
        self.layer = Breaker(**SMALL, listener=self)
        self.wrapped = self.layer(self.model)
        self.reference = Reference()
        self.tasks: dict[str, asyncio.Task[Any]] = {}
        self.rejected: set[str] = set()

    def notify(self, event: BreakerState) -> None:
        """Hear of a change."""
        self.heard.append(event)

    def run(self, seconds: float = 0.0) -> None:
        """Let the loop run."""

        async def go() -> None:
            if seconds:
                await asyncio.sleep(seconds)
            await settle()

        self.runner.run(go())

    def look(self) -> tuple[list[str], set[str]]:
        """Return the names of calls that were sent, and of those rejected, since the last look."""
        known = self.reference.flying
        sent = [call.name for call in self.model.calls if not call.task.done() and call.name not in known]
        done = {name for name, task in self.tasks.items() if task.done() and not task.cancelled()}
        open_ = {name for name in done if getattr(self.tasks[name].exception(), "kind", "") == "circuit_open"}
        rejected, self.rejected = open_ - self.rejected, open_
        return sent, rejected

    def release(self) -> None:
        """Follow those that waited and may go now; exactly as many as the reference lets go."""
        sent, rejected = self.look()
        late = {name for name, at in self.reference.waiting.items() if at <= self.reference.now}
        for name in sent:
            assert self.reference.may_go(), "it let a call through that had to wait"
            assert name in self.reference.waiting
            del self.reference.waiting[name]
            self.reference.send(name)
        assert rejected == late
        for name in late:
            del self.reference.waiting[name]
        assert not (self.reference.waiting and self.reference.may_go()), "it holds a call that may go"

    @rule(workload=st.sampled_from(["interactive", "batch"]))
    def ask(self, workload: Workload) -> None:
        """Another call."""
        name = f"call {len(self.tasks)}"
        loop = self.runner.get_loop()
        self.tasks[name] = loop.create_task(self.wrapped.ask(ask_of(workload)), name=name)
        self.run()
        sent, rejected = self.look()
        if self.reference.may_go():
            assert (sent, rejected) == ([name], set())
            self.reference.send(name)
        elif workload == "interactive":
            assert (sent, rejected) == ([], {name})
        else:
            assert (sent, rejected) == ([], set())
            self.reference.waiting[name] = self.reference.now + WAIT_S

    @rule(pick=st.integers(0, 10**6), how=st.sampled_from(ENDS))
    def end(self, pick: int, how: str) -> None:
        """One of the calls on their way ends."""
        flying = [call for call in self.model.calls if not call.task.done()]
        if not flying:
            return
        call = flying[pick % len(flying)]
        if how == "cancel":
            call.task.cancel()
        elif how in ("success", "refused"):
            call.end.set_result(fake_reply("yes", refusal="no" if how == "refused" else None))
        else:
            call.end.set_exception(fake_error(how))  # type: ignore[arg-type]
        self.run()
        self.reference.end(call.name, how)
        self.release()

    @rule(count=st.integers(1, 6), how=st.sampled_from(["success", "server"]))
    def several(self, count: int, how: str) -> None:
        """A few calls one after another."""
        for _ in range(count):
            before = len(self.model.calls)
            self.ask("interactive")
            if len(self.model.calls) > before:
                self.end(sum(not call.task.done() for call in self.model.calls) - 1, how)

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        """Time passes; whatever is due on the way happens."""
        reference = self.reference
        end = reference.now + seconds
        while True:
            due = list(reference.waiting.values())
            if reference.state == "open" and reference.waiting:
                due.append(max(reference.now, reference.probe_at))
            step = min([end, *due])
            self.run(step - reference.now)
            reference.now = step
            self.release()
            if step == end:
                return

    @rule(after=st.integers(1, 4), how=st.sampled_from(ENDS))
    def probe(self, after: int, how: str) -> None:
        """An outage, and a probe that ends some time after it was sent."""
        self.several(8, "server")
        self.wait(5)
        self.ask("interactive")
        self.wait(after)
        self.end(sum(not call.task.done() for call in self.model.calls) - 1, how)

    @invariant()
    def same(self) -> None:
        """They agree on everything that can be seen."""
        if not self.tasks:
            return
        (state,) = self.layer.states
        flags = [failed for _, failed in self.reference.window]
        assert (state.state, state.calls, state.failures) == (self.reference.state, len(flags), sum(flags))
        left = max(0.0, self.reference.probe_at - self.reference.now) if state.state == "open" else None
        assert state.probe_in_s == (None if left is None else pytest.approx(left, abs=1e-4))
        assert self.heard == [] or self.heard[-1].state == state.state

    def teardown(self) -> None:
        """End what is left."""
        if hasattr(self, "runner"):
            self.runner.close()


BreakerMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBreakerMachine = BreakerMachine.TestCase


async def opened(layer: Breaker, kind: str = "server") -> None:
    """Open a fresh circuit with failures."""
    wrapped = layer(Sometimes(lambda now: True, kind=kind))
    for _ in range(20):
        with pytest.raises(ModelError, match="a fake"):
            await wrapped.ask(ask_of("interactive"))


def test_conformance() -> None:
    """It is a layer."""
    check_layer(Breaker)


@pytest.mark.parametrize("workload", ["interactive", "batch"])
@pytest.mark.parametrize("works", [True, False])
def test_one_probe_among_a_hundred(workload: Workload, works: bool) -> None:
    """Of 100 callers at a half-open circuit exactly one is sent; its outcome decides for the others."""

    async def run() -> None:
        layer = Breaker()
        await opened(layer)
        model = Held()
        wrapped = layer(model)
        await asyncio.sleep(5)
        tasks = [asyncio.ensure_future(wrapped.ask(ask_of(workload))) for _ in range(100)]
        await settle()
        assert len(model.calls) == 1
        assert layer.states[0].state == "half_open"
        if works:
            model.calls[0].end.set_result(fake_reply("yes"))
        else:
            model.calls[0].end.set_exception(fake_error("connection"))
        await settle()
        failed = [task.exception() for task in tasks if task.done() and task.exception()]
        if workload == "interactive":
            assert len(model.calls) == 1
            assert len(failed) == (99 if works else 100)
        else:
            assert len(model.calls) == (100 if works else 1)
            assert len(failed) == (0 if works else 1)
        for task in tasks:
            task.cancel()

    virtual(run())


def test_batch_rides_out_an_outage() -> None:
    """Batch work waits at the open circuit, and the wait is in wait_s; a person is told at once and when."""

    async def run() -> None:
        layer = Breaker()
        await opened(layer)
        loop = asyncio.get_running_loop()
        back = loop.time() + 31
        wrapped = layer(Sometimes(lambda now: now < back))
        with pytest.raises(ModelError) as caught:
            await wrapped.ask(ask_of("interactive"))
        assert (caught.value.kind, caught.value.attempts) == ("circuit_open", ())
        assert caught.value.retry_after_s == pytest.approx(5)
        assert not caught.value.retryable
        results = await asyncio.gather(*(wrapped.ask(ask_of()) for _ in range(10)), return_exceptions=True)
        replies = [result for result in results if not isinstance(result, BaseException)]
        assert len(replies) == 4  # the six probes on the way were failures: `Retry` asks those again
        assert all(30 < reply.attempts[0].wait_s < 37 for reply in replies)

    virtual(run())


def test_batch_gives_up() -> None:
    """The wait has its own end, and the call's deadline ends it before; neither looks like an attempt."""

    async def run() -> None:
        layer = Breaker(wait_s=20, open_s=1000)
        await opened(layer)
        loop = asyncio.get_running_loop()
        wrapped = layer(Echo())
        start = loop.time()
        with pytest.raises(ModelError) as caught:
            await wrapped.ask(ask_of())
        assert (caught.value.kind, caught.value.attempts) == ("circuit_open", ())
        assert loop.time() - start == pytest.approx(20)
        for _ in range(200):  # a deadline may lie a rounding error beyond the clock's last tick before it
            start = loop.time()
            with pytest.raises(ModelError) as caught, until(round(start + 1.01, 2)):
                await wrapped.ask(ask_of())
            assert (caught.value.kind, caught.value.attempts) == ("deadline", ())
            assert loop.time() - start == pytest.approx(1, abs=0.02)

    virtual(run())


def test_calls_that_queued_are_looked_at_again() -> None:
    """Those that wait in a queue within the breaker when it opens are not sent any more."""

    async def run() -> None:
        model = Sometimes(lambda now: True, fails_after_s=0.1)
        wrapped = Breaker(queues=(Concurrency(2),))(model)
        asked = (wrapped.ask(ask_of("interactive")) for _ in range(500))
        errors = await asyncio.gather(*asked, return_exceptions=True)
        kinds = [error.kind for error in errors if isinstance(error, ModelError)]
        assert len(model.sent) <= 20 + 2
        assert kinds.count("circuit_open") == 500 - len(model.sent)

    virtual(run())


@pytest.mark.parametrize("kind", ["bad_request", "auth", "not_found", "rate_limit", "conflict"])
def test_what_the_caller_did_wrong_is_ignored(kind: str) -> None:
    """4xx do not open it, however many."""

    async def run() -> None:
        layer = Breaker()
        wrapped = layer(Sometimes(lambda now: True, kind=kind))
        for _ in range(200):
            with pytest.raises(ModelError, match="a fake"):
                await wrapped.ask(ask_of("interactive"))
        assert layer.states[0].state == "closed"
        assert layer.states[0].calls == 0

    virtual(run())


def test_slow_calls_count() -> None:
    """Calls that answer too late open it, and so do calls that hang until they are canceled."""

    async def run() -> None:
        slow = Breaker(slow_s=10)
        await asyncio.gather(*(slow(Echo(latency_s=11)).ask(ask_of()) for _ in range(20)))
        assert slow.states[0].state == "open"
        hung = Breaker(slow_s=10)
        tasks = [asyncio.ensure_future(hung(Echo(latency_s=1e9)).ask(ask_of())) for _ in range(40)]
        await asyncio.sleep(5)
        for task in tasks[:20]:
            task.cancel()
        await settle()
        assert hung.states[0].calls == 0, "canceled in time: nothing is known"
        await asyncio.sleep(6)
        for task in tasks[20:]:
            task.cancel()
        await settle()
        assert hung.states[0].state == "open"

    virtual(run())


def test_half_the_calls_failing_is_not_an_outage() -> None:
    """Half of the calls failing does not open it; a full outage opens it after 20, whatever went before."""

    async def run() -> None:
        layer = Breaker()
        state = {"n": 0}

        def every_other(now: float) -> bool:
            state["n"] += 1
            return state["n"] % 2 == 0 or state["n"] > 1000

        wrapped = layer(model := Sometimes(every_other))
        while layer.circuits[REF].state == "closed":
            await asyncio.gather(wrapped.ask(ask_of()), return_exceptions=True)
        assert len(model.sent) - 1000 <= 20

    virtual(run())


def test_a_model_that_never_answered_is_told_at_its_first_failure() -> None:
    """Before the circuit opens, with what failed; one answer, and single failures are no news."""

    async def run() -> None:
        layers = Resilience()
        wrapped = layers(Sometimes(lambda now: now < 30, kind="connection"))
        assert layers.told() == ()
        asked = asyncio.ensure_future(wrapped.ask(ask_of()))
        await asyncio.sleep(0.5)
        (line,) = layers.told()
        assert line.startswith(f"{REF.name}: has answered no call yet (")
        await asyncio.gather(asked, return_exceptions=True)
        await asyncio.sleep(30)
        await wrapped.ask(ask_of())
        assert layers.told() == ()

    virtual(run())


def test_each_model_has_its_own() -> None:
    """An outage of one model closes no other off."""

    async def run() -> None:
        layer = Breaker()
        await opened(layer)
        other = ask_of("interactive")
        other = replace(other, ref=replace(REF, model="large", name="acme/large"))
        await layer(Echo()).ask(other)
        assert {state.model: state.state for state in layer.states} == {"small": "open", "large": "closed"}

    virtual(run())


@pytest.mark.parametrize(
    "wrong", [{"calls": 0}, {"calls": 30, "window": 20}, {"share": 0.0}, {"open_s": 0.0}]
)
def test_bad_settings(wrong: dict[str, Any]) -> None:
    """Settings without a meaning are refused."""
    with pytest.raises(ValueError, match="needs"):
        Breaker(**wrong)
