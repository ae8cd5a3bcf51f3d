"""The one retry loop of the house."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import replace

from workbench.client.attempts import again, waited
from workbench.client.bucket import RetryBucket
from workbench.client.deadline import until
from workbench.core.protocols import Model
from workbench.core.records import Attempt, Reply, Request
from workbench.errors import ModelError

__all__ = ["Retry"]


class Retry:
    """Asks again after a failure that asking again may mend.

    What is retryable is decided by the error's kind alone. Between attempts it waits with *full jitter*, a
    time uniform in [0, min(cap, base · 2ⁿ)], so that many callers do not come back together (M. Brooker,
    "Exponential Backoff And Jitter", 2015); where the endpoint asked for a time, that long and up to `base_s`
    more. Waits and attempts together stay within the deadline: an attempt in flight is cut off by it (and
    possibly billed: it is a row without usage), a wait that would reach it is not begun, and a queue within
    gives up before it with nothing sent.

    Parameters
    ----------
    attempts
        At most so many, at least 1.
    deadline_s
        Seconds a call may take altogether.
    base_s, cap_s
        The first wait's upper bound, and any wait's; seconds.
    bucket
        Grants each further attempt, and is refilled by replies, so that an outage is not amplified; None: all
        are granted.
    rng
        Where the jitter comes from.
    now
        Gives seconds since the epoch.
    """

    def __init__(
        self,
        *,
        attempts: int = 8,
        deadline_s: float = 60.0,
        base_s: float = 0.5,
        cap_s: float = 8.0,
        bucket: RetryBucket | None = None,
        rng: random.Random | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if attempts < 1 or deadline_s <= 0 or base_s < 0 or cap_s < 0:
            raise ValueError("attempts must be at least 1, times positive")
        self.attempts = attempts
        self.deadline_s = deadline_s
        self.base_s = base_s
        self.cap_s = cap_s
        self.bucket = bucket
        self.rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self.now = now

    def __call__(self, model: Model) -> Model:
        """Return the model, asked again where that may help."""
        return _Retrying(model, self)

    def wait_s(self, failures: int, retry_after_s: float | None) -> float:
        """Return the seconds to wait after so many failures (from 1)."""
        if retry_after_s:
            return retry_after_s + self.rng.uniform(0, self.base_s)
        return self.rng.uniform(0, min(self.cap_s, self.base_s * 2.0 ** (failures - 1)))


class _Retrying:
    def __init__(self, model: Model, policy: Retry) -> None:
        self._model = model
        self._policy = policy

    async def ask(self, request: Request) -> Reply:
        """Return the first reply, with the failed attempts before it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self._policy.deadline_s
        made: tuple[Attempt, ...] = ()
        wait_s = 0.0
        failures = 0
        before: ModelError | None = None
        while True:
            try:
                reply = await self._attempt(request, end)
            except ModelError as error:
                failed = loop.time()
                if before is not None and error.kind in ("circuit_open", "deadline"):
                    # Not sent: why the call failed is what happened when it was.
                    raise again(before, attempts=made, note=f"; then it {error.problem}") from error
                before = error
                made += waited(error.attempts, wait_s)
                failures += 1
                wait_s = self._policy.wait_s(failures, error.retry_after_s)
                note = self._why_no_more(error, failures, wait_s, end - failed)
                if note is None and not await self._granted(request, end - wait_s):
                    note = f" ({failures} attempts; no more are granted while hardly any call succeeds)"
                if note is not None:
                    raise again(error, attempts=made, note=note) from error.__cause__
            else:
                if self._policy.bucket is not None:
                    self._policy.bucket.refill(request.ref)
                if not failures:
                    return reply
                return replace(reply, attempts=made + waited(reply.attempts, wait_s))
            await asyncio.sleep(max(0.0, failed + wait_s - loop.time()))
            wait_s = loop.time() - failed

    async def _granted(self, request: Request, end: float) -> bool:
        bucket = self._policy.bucket
        return bucket is None or await bucket.take(request, end)

    def _why_no_more(self, error: ModelError, failures: int, wait_s: float, left_s: float) -> str | None:
        """Return what to add to the last error; None where there is another attempt."""
        if not error.retryable:
            return "" if failures == 1 else f" (attempt {failures})"
        if failures >= self._policy.attempts:
            return f" ({failures} attempts)"
        if wait_s >= left_s:
            asked = f"; it asked to wait {error.retry_after_s:g} s" if error.retry_after_s else ""
            return f" ({failures} attempts within the deadline of {self._policy.deadline_s:g} s{asked})"
        return None

    async def _attempt(self, request: Request, end: float) -> Reply:
        loop = asyncio.get_running_loop()
        started, started_at = loop.time(), self._policy.now()
        try:
            async with asyncio.timeout_at(end) as deadline:
                with until(end):
                    return await self._model.ask(request)
        except TimeoutError:
            if not deadline.expired():
                raise
        problem = f"was cut off by the deadline of {self._policy.deadline_s:g} s"
        cut = Attempt(
            model=request.ref.model,
            started_at=started_at,
            latency_s=loop.time() - started,
            error_kind="timeout",
            error=problem,
        )
        raise ModelError(
            request.ref.name,
            problem,
            "Allow more time, or look why the endpoint is slow.",
            kind="timeout",
            attempts=(cut,),
        )
