"""Stop: after it no new request starts; what is under way is finished and kept."""

from __future__ import annotations

import threading

from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError
from workbench.run.allowance import current
from workbench.store.entries import NOTHING

__all__ = ["Halt", "Stop", "Stoppable"]


class Stop:
    """A flag that any thread may raise, once and for all."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Raise it."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it is raised."""
        return self._event.is_set()


class Stoppable:
    """A layer that sends nothing once a stop is set, or the budget of the run that asks is reached.

    Put under retries and re-asks, it keeps a call that is waiting to be sent again from being sent, and has
    each of its attempts permitted by the budget. Put outside of queues: an attempt that waits for the budget
    holds no place that another one needs to give its part of the budget back. `Halt` is for within them.

    Parameters
    ----------
    stop
        The flag; None: only that of the run in whose course it is asked.
    """

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop

    def __call__(self, model: Model) -> Model:
        """Return the wrapped model."""
        return _StoppableModel(model, self._stop)


class _StoppableModel:
    def __init__(self, model: Model, stop: Stop | None) -> None:
        self._model = model
        self._stop = stop

    async def ask(self, request: Request) -> Reply:
        allowance = current()
        stopped = self._stop is not None and self._stop.is_set
        amount = NOTHING if allowance is None or stopped else await allowance.permit(request)
        if stopped or amount is None:
            raise _unsent(request, "the run was stopped, or its budget is reached")
        if allowance is None:
            return await self._model.ask(request)
        try:
            reply = await self._model.ask(request)
        except ModelError as error:
            allowance.ended(request, amount, error.attempts)
            raise
        allowance.ended(request, amount, reply.attempts)
        return reply


class Halt:
    """A layer that sends nothing once a stop is set; innermost, for calls that waited in queues meanwhile.

    Parameters
    ----------
    stop
        The flag; None: only that of the run in whose course it is asked.
    """

    def __init__(self, stop: Stop | None = None) -> None:
        self._stop = stop

    def __call__(self, model: Model) -> Model:
        """Return the wrapped model."""
        return _HaltedModel(model, self._stop)


class _HaltedModel:
    def __init__(self, model: Model, stop: Stop | None) -> None:
        self._model = model
        self._stop = stop

    async def ask(self, request: Request) -> Reply:
        allowance = current()
        if (self._stop is not None and self._stop.is_set) or (allowance is not None and allowance.halted()):
            raise _unsent(request, "the run was stopped")
        return await self._model.ask(request)


def _unsent(request: Request, why: str) -> ModelError:
    return ModelError(request.ref.name, f"was not sent: {why}", "Run it again to resume.", kind="canceled")
