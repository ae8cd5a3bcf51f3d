"""The exact cache: the same call is not paid for twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from workbench.client.attempts import again
from workbench.core.identity import call_key
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError

__all__ = ["ExactCache"]


class ExactCache:
    """Answers from what was answered before, and lets equal calls made at the same time share one.

    A reply from it has the source ``journal``: nothing was spent for it. Its attempts are those of the call
    that was paid. The repeat is part of a call's key, so repeats stay separate draws.

    Parameters
    ----------
    lookup
        Returns the reply of a call key, None where there is none: a journal's `reply`. The one who asks is
        the one who writes the journal; this layer only reads.
    """

    def __init__(self, lookup: Callable[[str], Reply | None]) -> None:
        self.lookup = lookup

    def __call__(self, model: Model) -> Model:
        """Return the model, asked only what was not answered before."""
        return _Cached(model, self.lookup)


class _Cached:
    def __init__(self, model: Model, lookup: Callable[[str], Reply | None]) -> None:
        self._model = model
        self._lookup = lookup
        self._asking: dict[str, asyncio.Future[Reply | ModelError]] = {}

    async def ask(self, request: Request) -> Reply:
        """Return the reply of an earlier call, of an equal one under way, or of a new one."""
        key = call_key(request)
        found = self._lookup(key)
        if found is not None:
            return replace(found, source="journal")
        while key in self._asking:
            # Shielded: one caller's cancellation is not the others'. Where the asking caller itself is
            # canceled, so is the future, and the next one takes over.
            under_way = self._asking[key]
            await asyncio.wait([under_way])
            if under_way.cancelled():
                continue
            outcome = under_way.result()
            if isinstance(outcome, ModelError):
                raise again(outcome, attempts=())  # the attempts are on the row of the one who made them
            return replace(outcome, source="journal")
        return await self._lead(key, request)

    async def _lead(self, key: str, request: Request) -> Reply:
        future = self._asking[key] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._model.ask(request)
            future.set_result(reply)
            return reply
        except ModelError as error:
            future.set_result(error)
            raise
        finally:
            del self._asking[key]
            future.cancel()  # no effect where it has its result
