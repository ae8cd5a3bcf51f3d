"""How many calls may be on the wire at once, and how many requests and tokens may be sent a minute."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from weakref import WeakKeyDictionary

from workbench.client.attempts import again, waited
from workbench.client.deadline import too_late
from workbench.client.fair import FairGate, ask_after, flow_of
from workbench.client.per_model import PerModel
from workbench.client.rates import Rate, estimate_tokens, read_limits
from workbench.core.protocols import Model
from workbench.core.records import ModelRef, Reply, Request, Usage
from workbench.errors import ModelError

__all__ = ["Concurrency", "Limits"]

LONGEST_HOLD_S = 60.0
"""A server that asks for a longer silence gets a call a minute: it may have changed its mind."""


class Concurrency:
    """Lets at most so many calls through at once, first come first served; the rest wait.

    All models that one instance wraps share its places. The wait is the first attempt's `wait_s`.

    Parameters
    ----------
    limit
        Calls at once, at least 1.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self.limit = limit
        # A semaphore belongs to the event loop it first waited in; a notebook has more than one.
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def __call__(self, model: Model) -> Model:
        """Return the model, asked by at most `limit` callers at once."""
        return _Limited(model, self)

    def places(self) -> asyncio.Semaphore:
        """Return the running event loop's semaphore."""
        return self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.limit))


class _Limited:
    def __init__(self, model: Model, layer: Concurrency) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the reply, once there is a place."""
        loop = asyncio.get_running_loop()
        came = loop.time()
        async with self._layer.places():
            wait_s = loop.time() - came
            try:
                reply = await self._model.ask(request)
            except ModelError as error:
                raise again(error, attempts=waited(error.attempts, wait_s)) from error.__cause__
            return replace(reply, attempts=waited(reply.attempts, wait_s))


class Limits:
    """Keeps within the requests and tokens a minute that an endpoint allows, for each (origin, model).

    A call reserves one request and the tokens it is likely to take, and waits in a fair queue until both are
    there; the reservation is settled on the usage the reply reports. A call that was not sent takes nothing,
    a failed one keeps its reservation. A 429 with a time to wait holds back all calls to that model.

    The pace is even, at 95 % of the limit with at most a second's worth in one go, so that it also stays
    within windows the server cuts differently. A single request larger than that goes alone, and is paid off
    by those after it.

    Parameters
    ----------
    requests_per_min, tokens_per_min
        What the endpoint allows; None: what its ``x-ratelimit-*`` headers say, without a limit until they do.
        Where both are known the lower one counts.
    count
        Estimates the tokens of a request, output included.
    flow
        Whose turn a request takes; flows share equally by tokens.
    """

    def __init__(
        self,
        *,
        requests_per_min: float | None = None,
        tokens_per_min: float | None = None,
        count: Callable[[Request], float] = estimate_tokens,
        flow: Callable[[Request], str] = flow_of,
    ) -> None:
        if any(limit is not None and limit <= 0 for limit in (requests_per_min, tokens_per_min)):
            raise ValueError("limits must be positive")
        self.count = count
        self.flow = flow
        self._for_all = (requests_per_min, tokens_per_min)
        self._declared: dict[tuple[str, str], tuple[float | None, float | None]] = {}
        self.lanes = PerModel(self._lane)
        """The state of each model; not for callers."""

    def declare(
        self, ref: ModelRef, requests_per_min: float | None = None, tokens_per_min: float | None = None
    ) -> None:
        """Say what one model's endpoint allows, before it is asked; None: what holds for all."""
        self._declared[ref.origin, ref.model] = (requests_per_min, tokens_per_min)

    def _lane(self, ref: ModelRef) -> _Lane:
        own = self._declared.get((ref.origin, ref.model), (None, None))
        each = (mine or others for mine, others in zip(own, self._for_all, strict=True))
        return _Lane(*map(Rate, each))

    def __call__(self, model: Model) -> Model:
        """Return the model, asked no faster than allowed."""
        return _Paced(model, self)

    def observe(self, ref: ModelRef, headers: Mapping[str, str]) -> None:
        """Take in the headers of a response; within the event loop that the calls are made in."""
        lane = self.lanes[ref]
        now = asyncio.get_running_loop().time()
        said = read_limits(headers)
        holds = (lane.requests.observe(said["requests"], now), lane.tokens.observe(said["tokens"], now))
        lane.hold(now, max(holds))


class _Lane:
    """The supply of one model: a request and its tokens."""

    def __init__(self, requests: Rate, tokens: Rate) -> None:
        self.requests = requests
        self.tokens = tokens
        self.gate = FairGate(self)
        self._hold_until = -math.inf

    def hold(self, now: float, seconds: float) -> None:
        """Let nothing through for so many seconds."""
        self._hold_until = max(self._hold_until, now + min(seconds, LONGEST_HOLD_S))
        self.gate.poke()

    def held_s(self, now: float) -> float:
        """Return the seconds for which nothing goes through, 0 where something may."""
        return max(0.0, self._hold_until - now)

    def ready_in(self, size: float, now: float) -> float:
        """Return the seconds until there is a request and so many tokens."""
        return max(self.held_s(now), self.requests.ready_in(1.0, now), self.tokens.ready_in(size, now))

    def take(self, size: float, now: float) -> None:
        """Reserve a request and so many tokens."""
        self.requests.add(-1.0, now)
        self.tokens.add(-size, now)

    def give_back(self, size: float, now: float) -> None:
        """Undo a reservation of which nothing was sent."""
        self.requests.add(1.0, now)
        self.tokens.add(size, now)

    def settle(self, size: float, usage: Usage | None, now: float) -> None:
        """Replace the reserved tokens by those used; unknown usage is taken to be as reserved."""
        if usage is not None:
            self.tokens.add(size - usage.tokens_in - usage.tokens_out, now)
            self.gate.poke()


class _Paced:
    def __init__(self, model: Model, layer: Limits) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the reply, once the limits allow the call."""
        loop = asyncio.get_running_loop()
        lane = self._layer.lanes[request.ref]
        size = self._layer.count(request)
        try:
            wait_s = await lane.gate.enter(self._layer.flow(request), size)
        except TimeoutError:
            raise too_late(request.ref, "its share of the rate limit") from None
        try:
            reply = await ask_after(self._model, request, wait_s)
        except ModelError as error:
            if not error.attempts:
                lane.gate.leave(size)
            elif error.kind == "rate_limit" and error.retry_after_s:
                lane.hold(loop.time(), error.retry_after_s)
            raise
        lane.settle(size, reply.usage, loop.time())
        return reply
