"""The retry bucket on virtual time, against a reference model."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import looptime
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.client.endpoints import REF, ask_of, settle
from tests.conformance.model import virtual
from workbench.client.bucket import RetryBucket

CAPACITY, PER_SUCCESS, PER_S, PATIENCE_S = 5.0, 2.0, 0.25, 30.3


class BucketMachine(RuleBasedStateMachine):
    """Callers take retries, successes and time bring new ones; who gets one is as in the reference."""

    @initialize()
    def begin(self) -> None:
        """Set up both."""
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.bucket = RetryBucket(capacity=CAPACITY, per_success=PER_SUCCESS, per_s=PER_S)
        self.tasks: list[asyncio.Task[bool]] = []
        self.now, self.level = 0.0, CAPACITY
        self.waiting: list[tuple[int, float]] = []  # which task, until when; first come first
        self.expected: dict[int, bool] = {}

    def run(self, seconds: float = 0.0) -> None:
        """Let the loop run."""

        async def go() -> None:
            if seconds:
                await asyncio.sleep(seconds)
            await settle()

        self.runner.run(go())

    def grant(self) -> None:
        """Serve those that wait, in the reference."""
        while self.waiting and self.level >= 1:
            self.level -= 1
            self.expected[self.waiting.pop(0)[0]] = True

    @rule(batch=st.booleans())
    def take(self, batch: bool) -> None:
        """Somebody wants to ask again."""
        request = ask_of("batch" if batch else "interactive")

        async def go() -> bool:
            return await self.bucket.take(request, asyncio.get_running_loop().time() + PATIENCE_S)

        self.tasks.append(self.runner.get_loop().create_task(go()))
        self.run()
        which = len(self.tasks) - 1
        if batch or (self.level >= 1 and not self.waiting):
            self.waiting.append((which, self.now + PATIENCE_S))
            self.grant()
        else:
            self.expected[which] = False

    @rule(count=st.integers(1, 4))
    def succeed(self, count: int) -> None:
        """Calls succeed."""

        async def go() -> None:
            for _ in range(count):
                self.bucket.refill(REF)
            await settle()

        self.runner.run(go())
        for _ in range(count):
            self.level = min(CAPACITY, self.level + PER_SUCCESS)
            self.grant()

    @rule(pick=st.integers(0, 100))
    def cancel(self, pick: int) -> None:
        """Somebody who waits goes away."""
        if self.waiting:
            which, _ = self.waiting.pop(pick % len(self.waiting))
            self.tasks[which].cancel()
            self.run()

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        end = self.now + seconds
        self.run(seconds)
        while True:
            due = [until for _, until in self.waiting]
            if self.waiting:
                due.append(self.now + (1 - self.level) / PER_S)
            step = min([end, *due])
            self.level = min(CAPACITY, self.level + (step - self.now) * PER_S)
            self.now = step
            self.expected |= {which: False for which, until in self.waiting if until <= step}
            self.waiting = [(which, until) for which, until in self.waiting if until > step]
            self.grant()
            if step == end:
                return

    @invariant()
    def same(self) -> None:
        """The same callers have the same answers."""
        if self.tasks:
            done = {
                n: task.result() for n, task in enumerate(self.tasks) if task.done() and not task.cancelled()
            }
            assert done == self.expected

    def teardown(self) -> None:
        """End what is left."""
        if hasattr(self, "runner"):
            self.runner.close()


BucketMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBucketMachine = BucketMachine.TestCase


def test_an_outage_is_not_amplified() -> None:
    """Without a success, ten minutes of retries are the bucket and the trickle, however many callers."""

    async def run() -> int:
        bucket = RetryBucket()
        end = asyncio.get_running_loop().time() + 600

        async def caller() -> int:
            granted = 0
            while await bucket.take(ask_of(), end):
                granted += 1
            return granted

        return sum(await asyncio.gather(*(caller() for _ in range(200))))

    assert virtual(run()) <= 100 + 600 * 0.2 + 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.6])
def test_failures_at_random_are_carried(share: float) -> None:
    """Up to two failures in three, nobody waits for long."""

    async def run() -> None:
        bucket = RetryBucket()
        debt = 0.0
        for _ in range(2000):
            debt += share / (1 - share)  # failures for each success
            while debt >= 1:
                assert await bucket.take(ask_of("interactive"), math.inf)
                debt -= 1
            bucket.refill(REF)

    virtual(run())


@pytest.mark.parametrize("wrong", [{"capacity": 0.5}, {"per_success": -1.0}, {"per_s": -1.0}])
def test_bad_settings(wrong: dict[str, Any]) -> None:
    """Settings without a meaning are refused."""
    with pytest.raises(ValueError, match="capacity"):
        RetryBucket(**wrong)
