"""Endpoints on virtual time, for the layers that stand between the workbench and them."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.client.fakes import fake_error, fake_reply
from workbench.core.records import Message, ModelRef, Reply, Request, Workload

__all__ = ["REF", "By", "Call", "Held", "LimitedServer", "Sometimes", "ask_of", "settle"]

REF = ModelRef(name="acme/small", model="small", origin="https://acme.example")


def ask_of(workload: Workload = "batch", **params: Any) -> Request:
    """Return a small request to the one model of these tests."""
    return Request(
        messages=(Message(role="user", content="Hello?"),), ref=REF, params=params, workload=workload
    )


async def settle() -> None:
    """Let everything that can happen now happen."""
    for _ in range(20):
        await asyncio.sleep(0)


@dataclass(slots=True, eq=False)
class Call:
    """A call that has reached the endpoint: its task's name, and how to end it."""

    name: str
    sent: float
    task: asyncio.Task[Any]
    end: asyncio.Future[Reply]


class Held:
    """Keeps every call until the test ends it."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def ask(self, request: Request) -> Reply:
        """Wait for the test."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        call = Call(task.get_name(), loop.time(), task, loop.create_future())
        self.calls.append(call)
        return await call.end


class Sometimes:
    """Answers after a latency; while it is down it fails after another."""

    def __init__(
        self,
        down: Callable[[float], bool],
        *,
        latency_s: float = 0.5,
        fails_after_s: float = 0.01,
        kind: str = "server",
    ) -> None:
        self.down, self.latency_s, self.fails_after_s, self.kind = down, latency_s, fails_after_s, kind
        self.sent: list[float] = []
        self.busy = 0

    async def ask(self, request: Request) -> Reply:
        """Answer, or fail."""
        loop = asyncio.get_running_loop()
        self.sent.append(loop.time())
        self.busy += 1
        try:
            if self.down(loop.time()):
                await asyncio.sleep(self.fails_after_s)
                raise fake_error(self.kind, model=REF.model)  # type: ignore[arg-type]
            await asyncio.sleep(self.latency_s)
            return fake_reply("yes", model=REF.model)
        finally:
            self.busy -= 1


@dataclass(slots=True)
class By:
    """How a server counts: ``bucket`` (refilled evenly), ``sliding`` or ``fixed`` windows of a minute."""

    kind: str
    limit: float
    level: float = field(init=False)
    at: float = 0.0
    log: deque[tuple[float, float]] = field(default_factory=deque)
    used: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.limit

    def left(self, now: float) -> float:
        """Return what remains."""
        if self.kind == "bucket":
            self.level = min(self.limit, self.level + (now - self.at) * self.limit / 60)
            self.at = now
            return self.level
        while self.log and (
            self.log[0][0] <= now - 60 if self.kind == "sliding" else self.log[0][0] // 60 < now // 60
        ):
            self.used -= self.log.popleft()[1]
        return self.limit - self.used

    def take(self, amount: float, now: float) -> None:
        """Count so much."""
        self.level -= amount
        self.used += amount
        self.log.append((now, amount))

    def reset_s(self, now: float) -> float:
        """Return the seconds until all of it is there again."""
        if self.kind == "bucket":
            return (self.limit - self.left(now)) * 60 / self.limit
        if self.kind == "fixed":
            return 60 - now % 60
        return 60 - (now - self.log[0][0]) if self.log else 0.0


class LimitedServer:
    """Allows so many requests and tokens a minute, and answers the rest with 429."""

    def __init__(
        self,
        kind: str,
        *,
        requests: float,
        tokens: float,
        rng: random.Random,
        on_headers: Callable[[ModelRef, Mapping[str, str]], None] | None = None,
    ) -> None:
        self.requests, self.tokens = By(kind, requests), By(kind, tokens)
        self.rng = rng
        self.on_headers = on_headers
        self.accepted = self.refused = 0
        self.tokens_served = 0.0

    async def ask(self, request: Request) -> Reply:
        """Count the request where it arrives, answer it when it is done."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.rng.uniform(0.01, 0.06))  # the way there
        now = loop.time()
        tokens_in, tokens_out = request.params["in"], request.params["out"]
        fits = self.requests.left(now) >= 1 and self.tokens.left(now) >= tokens_in + tokens_out
        if fits:
            self.requests.take(1, now)
            self.tokens.take(tokens_in + tokens_out, now)
        headers = dict(self._headers(now))
        if fits:
            self.accepted += 1
            self.tokens_served += tokens_in + tokens_out
            await asyncio.sleep(self.rng.uniform(0.2, 2.0))
        else:
            self.refused += 1
        if self.on_headers is not None:
            self.on_headers(request.ref, headers)
        if not fits:
            raise fake_error("rate_limit", model=REF.model, status=429, retry_after_s=1.0)
        reply = fake_reply("yes", model=REF.model, tokens_in=tokens_in, tokens_out=tokens_out)
        return replace(reply)

    def _headers(self, now: float) -> Iterable[tuple[str, str]]:
        for name, by in (("requests", self.requests), ("tokens", self.tokens)):
            yield f"X-RateLimit-Limit-{name}", f"{by.limit:.0f}"
            yield f"X-RateLimit-Remaining-{name}", f"{int(max(0.0, by.left(now)))}"
            yield f"X-RateLimit-Reset-{name}", f"{by.reset_s(now):.3f}s"
