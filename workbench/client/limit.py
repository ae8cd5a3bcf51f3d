"""How many calls may be on the wire at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from weakref import WeakKeyDictionary

from workbench.client.attempts import again, waited
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError

__all__ = ["Concurrency"]


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
