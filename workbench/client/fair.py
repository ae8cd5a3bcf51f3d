"""A fair queue in front of anything that is scarce: places on the wire, tokens a minute, retries.

Start-time fair queueing (P. Goyal, H. Vin, H. Cheng, 1996): callers belong to flows; each flow gets an equal
share of the supply, by size and not by number, and within a flow the first to come is the first to go. The
head of the queue waits until the supply holds what it needs and nobody overtakes it, so a large request is
never starved.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from dataclasses import replace
from typing import Protocol

from workbench.client.attempts import again, waited
from workbench.client.deadline import DUST_S, last_moment
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError

__all__ = ["FairGate", "Slots", "Supply", "ask_after", "flow_of"]


class Supply(Protocol):
    """What is scarce."""

    def ready_in(self, size: float, now: float) -> float:
        """Return the seconds until so much can be taken: 0 now, inf not before something is given back."""
        ...

    def take(self, size: float, now: float) -> None:
        """Take so much."""
        ...

    def give_back(self, size: float, now: float) -> None:
        """Undo a `take`."""
        ...


class Slots:
    """Places: each caller takes one, whatever its size, and gives it back.

    Parameters
    ----------
    limit
        How many there are; may be changed at any time.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def ready_in(self, size: float, now: float) -> float:
        """Return 0 where there is a place, else inf."""
        return 0.0 if self.used < self.limit else math.inf

    def take(self, size: float, now: float) -> None:
        """Take a place."""
        self.used += 1

    def give_back(self, size: float, now: float) -> None:
        """Give a place back."""
        self.used -= 1


def flow_of(request: Request) -> str:
    """Return the flow a request belongs to: its workload, so that a batch does not hold up a person."""
    return request.workload


class FairGate:
    """Lets callers through as the supply allows, fairly.

    Parameters
    ----------
    supply
        What they take.
    """

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._heap: list[tuple[float, int, float, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._virtual = 0.0  # start tag of whoever went through last
        self._finish: dict[str, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, flow: str, size: float, until: float = math.inf) -> float:
        """Take `size` from the supply, in turn.

        Parameters
        ----------
        flow
            Whose turn; flows share equally.
        size
            How much; also what the flow is charged.
        until
            Time of the loop's clock to give up at; the call's own deadline counts as well.

        Returns
        -------
        float
            Seconds waited.

        Raises
        ------
        TimeoutError
            When the time is up; nothing is taken.
        """
        loop = asyncio.get_running_loop()
        came = loop.time()
        if self._head() is None and self._supply.ready_in(size, came) <= DUST_S:
            self._supply.take(size, came)
            return 0.0
        until = min(until, last_moment())
        if until <= came:
            raise TimeoutError
        place = loop.create_future()
        start = max(self._virtual, self._finish.get(flow, 0.0))
        self._finish[flow] = start + size
        heapq.heappush(self._heap, (start, next(self._order), size, place))
        self.poke()
        try:
            async with asyncio.timeout_at(None if until == math.inf else until):
                await place
        except BaseException:
            if not place.cancelled():  # its turn came in the moment in which it was called off
                self._supply.give_back(size, loop.time())
            self.poke()
            raise
        return loop.time() - came

    def leave(self, size: float) -> None:
        """Give back what was taken."""
        self._supply.give_back(size, asyncio.get_running_loop().time())
        if self._heap:
            self.poke()

    def poke(self) -> None:
        """Look who can go now; to be called when the supply has grown."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (head := self._head()) is not None:
            start, _, size, place = head
            wait_s = self._supply.ready_in(size, now)
            if wait_s > DUST_S:
                if not math.isinf(wait_s):
                    self._timer = loop.call_at(now + wait_s, self.poke)
                return
            heapq.heappop(self._heap)
            self._virtual = start
            self._supply.take(size, now)
            place.set_result(None)
        self._virtual = 0.0  # nobody waits: nobody is owed anything
        self._finish.clear()

    def _head(self) -> tuple[float, int, float, asyncio.Future[None]] | None:
        """Return who is next, without those who were called off."""
        while self._heap and self._heap[0][3].done():
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None


async def ask_after(model: Model, request: Request, wait_s: float) -> Reply:
    """Ask a model after a wait, which becomes part of the first attempt's `wait_s`."""
    if wait_s <= 0:
        return await model.ask(request)
    try:
        reply = await model.ask(request)
    except ModelError as error:
        raise again(error, attempts=waited(error.attempts, wait_s)) from error.__cause__
    return replace(reply, attempts=waited(reply.attempts, wait_s))
