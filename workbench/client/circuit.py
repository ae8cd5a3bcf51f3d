"""The circuit of one model as a state machine; times come in by argument."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from workbench.client.deadline import DUST_S
from workbench.core.records import ModelRef
from workbench.errors import ModelError

__all__ = ["BreakerState", "Circuit", "CircuitState", "Verdict"]

CircuitState = Literal["closed", "open", "half_open"]

Verdict = Literal["success", "failure", "answered", "nothing"]
"""Of a call: ``answered`` says that the endpoint lives but not how well; ``nothing``: it was called off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """Where a circuit stands.

    Parameters
    ----------
    name, origin, model
        Whose it is.
    state
        closed: calls go; open: none goes; half_open: one is on its way to find out.
    calls, failures
        In the window that it is judged by.
    opened
        How often it has opened.
    probe_in_s
        Seconds until the next call may go; None where it is closed or half-open.
    proven
        Whether the model has answered once.
    problem
        What failed last, in words; empty where nothing did.
    """

    name: str
    origin: str
    model: str
    state: CircuitState
    calls: int
    failures: int
    opened: int
    probe_in_s: float | None = None
    proven: bool = False
    problem: str = ""


class Circuit:
    """The rules of `Breaker` for one model; its parameters are explained there.

    Parameters
    ----------
    changed
        Called with the new state at each change; None: nobody is told.
    """

    def __init__(
        self,
        ref: ModelRef,
        *,
        calls: int,
        share: float,
        window: int,
        window_s: float,
        open_s: float,
        changed: Callable[[BreakerState], None] | None = None,
    ) -> None:
        self.state: CircuitState = "closed"
        self.proven = False
        """Whether the model has answered once."""
        self.down_since = 0.0
        """When it last opened after being closed."""
        self.last: ModelError | None = None
        """What failed last; the breaker says so to those who are not let through."""
        self._ref = ref
        self._calls, self._share, self._window, self._window_s = calls, share, window, window_s
        self._open_s = open_s
        self._changed = changed
        self._seen: deque[tuple[float, bool]] = deque()  # when, whether it failed
        self._failures = 0
        self._run = 0  # failures since the last success
        self._opened = 0
        self._epoch = 0  # news of calls sent in an earlier state decides nothing
        self._probe_at = 0.0
        self._probed_at = 0.0
        self._waiting: set[asyncio.Future[None]] = set()

    def passable_in(self, now: float) -> float:
        """Return the seconds until a call may go: 0 now, inf while a probe is on its way."""
        if self.state == "closed":
            return 0.0
        if self.state == "half_open":
            return math.inf
        wait_s = self._probe_at - now
        return wait_s if wait_s > DUST_S else 0.0

    def admit(self, now: float) -> int | None:
        """Return a ticket for a call that goes now (at an open circuit: the probe); None where it may not."""
        if self.passable_in(now) > 0:
            return None
        if self.state == "open":
            self._probed_at = now
            self._turn("half_open", now)
        return self._epoch

    def record(self, ticket: int, now: float, verdict: Verdict) -> None:
        """Take in what came of the call that got the ticket."""
        self.proven = self.proven or verdict in ("success", "answered")
        if ticket != self._epoch:
            return
        if self.state == "half_open":
            if verdict in ("success", "answered"):
                self._seen.clear()
                self._failures = self._run = 0
                self._turn("closed", now)
            else:
                self._probe_at = self._open_s + (now if verdict == "failure" else self._probed_at)
                self._turn("open", now)
        elif verdict in ("success", "failure"):
            self._add(now, verdict == "failure")
            if self._is_down():
                self._opened += 1
                self.down_since = now
                self._probe_at = now + self._open_s
                self._turn("open", now)

    def snapshot(self, now: float) -> BreakerState:
        """Return where it stands."""
        return BreakerState(
            name=self._ref.name,
            origin=self._ref.origin,
            model=self._ref.model,
            state=self.state,
            calls=len(self._seen),
            failures=self._failures,
            opened=self._opened,
            probe_in_s=max(0.0, self._probe_at - now) if self.state == "open" else None,
            proven=self.proven,
            problem=self.last.problem.rstrip(".") if self.last else "",
        )

    async def change(self, until: float) -> None:
        """Wait for the next change, or until a time of the event loop's clock."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout_at(None if until == math.inf else until):
                await future
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(future)

    def _add(self, now: float, failed: bool) -> None:
        self._seen.append((now, failed))
        self._failures += failed
        self._run = self._run + 1 if failed else 0
        while len(self._seen) > self._window or self._seen[0][0] < now - self._window_s:
            self._failures -= self._seen.popleft()[1]

    def _is_down(self) -> bool:
        known = len(self._seen)
        return known >= self._calls and (self._failures >= self._share * known or self._run >= self._calls)

    def _turn(self, state: CircuitState, now: float) -> None:
        self.state = state
        self._epoch += 1
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        if self._changed is not None:
            self._changed(self.snapshot(now))
