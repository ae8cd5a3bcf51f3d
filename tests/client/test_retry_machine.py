"""The retry loop on virtual time, against a reference model: what is sent when, and how each call ends."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass
from typing import Any, get_args

import looptime
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.client.endpoints import Held, ask_of, settle
from workbench.client.fakes import fake_error, fake_reply
from workbench.client.retry import Retry
from workbench.core.records import Reply
from workbench.errors import RETRYABLE_KINDS, ErrorKind, ModelError

ATTEMPTS, DEADLINE_S, BASE_S, CAP_S = 3, 20.25, 0.5, 4.0
KINDS = sorted(kind for kind in get_args(ErrorKind) if kind not in ("circuit_open", "deadline"))


class Half(random.Random):
    """Jitter that is always in the middle, so that the reference can tell it."""

    def uniform(self, a: float, b: float) -> float:
        """Return the middle."""
        return (a + b) / 2


@dataclass
class Known:
    """A call in the reference: since when, where it stands, and what is due."""

    came: float
    state: str = "flying"  # flying, waits, or how it ended
    due: float = math.inf  # waits: when it is sent again
    sent: int = 1
    failures: int = 0


class RetryMachine(RuleBasedStateMachine):
    """Calls come, fail and succeed at any time; each is sent again just when the reference says so."""

    attempts = ATTEMPTS

    @initialize()
    def begin(self) -> None:
        """Set up both."""
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.model = Held()
        policy = Retry(attempts=self.attempts, deadline_s=DEADLINE_S, base_s=BASE_S, cap_s=CAP_S, rng=Half())
        self.wrapped = policy(self.model)
        self.calls: dict[str, Known] = {}
        self.tasks: dict[str, asyncio.Task[Reply]] = {}
        self.now = 0.0

    def run(self, seconds: float = 0.0) -> None:
        """Let the loop run."""

        async def go() -> None:
            if seconds:
                await asyncio.sleep(seconds)
            await settle()

        self.runner.run(go())

    @rule()
    def ask(self) -> None:
        """Another call: it is sent at once."""
        name = f"call {len(self.calls)}"
        self.tasks[name] = self.runner.get_loop().create_task(self.wrapped.ask(ask_of()), name=name)
        self.calls[name] = Known(self.now)
        self.run()

    def flying(self) -> list[Any]:
        """Return the calls at the endpoint."""
        return [call for call in self.model.calls if not call.end.done() and not call.task.done()]

    @precondition(lambda self: any(known.state == "flying" for known in self.calls.values()))
    @rule(data=st.data(), kind=st.sampled_from(["answer", *KINDS]), asks_s=st.sampled_from([None, 2.0, 30.0]))
    def end(self, data: st.DataObject, kind: str, asks_s: float | None) -> None:
        """The endpoint answers, or fails in some way, perhaps asking for time."""
        self.finish(data.draw(st.sampled_from(self.flying())), kind, asks_s)

    @rule(times=st.integers(2, 5), eighths=st.integers(1, 60))
    def keep_failing(self, times: int, eighths: int) -> None:
        """A call fails again and again."""
        self.ask()
        name = self.model.calls[-1].name
        for _ in range(times):
            for call in self.flying():
                if call.name == name:
                    self.finish(call, "server", None)
            self.wait(eighths)

    def finish(self, call: Any, kind: str, asks_s: float | None) -> None:
        """End a call, here and in the reference."""
        known = self.calls[call.name]
        if kind == "answer":
            call.end.set_result(fake_reply("yes"))
            known.state = "answered"
        else:
            call.end.set_exception(fake_error(kind, retry_after_s=asks_s))  # type: ignore[arg-type]
            known.failures += 1
            wait_s = asks_s + BASE_S / 2 if asks_s else min(CAP_S, BASE_S * 2 ** (known.failures - 1)) / 2
            again = kind in RETRYABLE_KINDS and known.failures < ATTEMPTS
            if again and self.now + wait_s < known.came + DEADLINE_S:
                known.state, known.due = "waits", self.now + wait_s
            else:
                known.state = kind
        self.run()

    @rule(data=st.data())
    def call_off(self, data: st.DataObject) -> None:
        """Whoever asked goes away, in flight or between attempts: nothing more is sent."""
        open_ = [name for name, known in self.calls.items() if known.state in ("flying", "waits")]
        if open_:
            name = data.draw(st.sampled_from(open_))
            self.tasks[name].cancel()
            self.calls[name].state = "called off"
            self.run()

    @rule(eighths=st.integers(1, 100))
    def wait(self, eighths: int) -> None:
        """Time passes: waits end, and the deadline cuts off what is in flight."""
        self.now += eighths / 8
        self.run(eighths / 8)
        for known in self.calls.values():
            if known.state == "waits" and known.due <= self.now:
                known.state, known.sent = "flying", known.sent + 1
            if known.state == "flying" and known.came + DEADLINE_S <= self.now:
                known.state = "timeout"
                known.failures += 1

    @invariant()
    def same(self) -> None:
        """As often sent, and ended in the same way, with an attempt for each time, at the same moment."""
        for name, known in getattr(self, "calls", {}).items():
            assert sum(call.name == name for call in self.model.calls) == known.sent, known
            task = self.tasks[name]
            if known.state in ("flying", "waits"):
                assert not task.done(), known
            elif known.state == "called off":
                assert task.cancelled()
            elif known.state == "answered":
                assert len(task.result().attempts) == known.sent
            else:
                error = task.exception()
                assert isinstance(error, ModelError)
                assert (error.kind, len(error.attempts)) == (known.state, known.sent)

    def teardown(self) -> None:
        """End what is left."""
        if hasattr(self, "runner"):
            self.runner.close()
            for task in self.tasks.values():
                if not task.cancelled():
                    task.exception()  # heard


RetryMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestRetryMachine = RetryMachine.TestCase


class Stubborn(RetryMachine):
    """The same with a loop that asks once more than it may."""

    attempts = ATTEMPTS + 1


def test_a_wrong_loop_is_found_out() -> None:
    """The machine is no formality."""
    quick = settings(max_examples=100, stateful_step_count=40, deadline=None, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Stubborn, settings=settings(quick, derandomize=True, database=None))
