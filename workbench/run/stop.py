"""Stop: after it no new request starts; what is under way is finished and kept."""

from __future__ import annotations

import threading

from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError

__all__ = ["Stop", "Stoppable"]


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
    """A layer that sends nothing once a stop is set.

    Put innermost, under the retries, it keeps a call that is waiting to be retried from being sent again.

    Parameters
    ----------
    stop
        The flag.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def __call__(self, model: Model) -> Model:
        """Return the wrapped model."""
        return _StoppableModel(model, self._stop)


class _StoppableModel:
    def __init__(self, model: Model, stop: Stop) -> None:
        self._model = model
        self._stop = stop

    async def ask(self, request: Request) -> Reply:
        if self._stop.is_set:
            raise ModelError(
                request.ref.name,
                "the run was stopped before this was sent",
                "Run it again to resume.",
                kind="canceled",
            )
        return await self._model.ask(request)
