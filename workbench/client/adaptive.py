"""How many calls at once an endpoint bears: found out by trying, not declared."""

from __future__ import annotations

from collections.abc import Callable

from workbench.client.deadline import too_late
from workbench.client.fair import FairGate, Slots, ask_after, flow_of
from workbench.client.per_model import PerModel
from workbench.core.protocols import Model
from workbench.core.records import ModelRef, Reply, Request
from workbench.errors import ModelError

__all__ = ["AdaptiveConcurrency"]

_OVERLOAD_KINDS = frozenset({"rate_limit", "timeout"})
_OVERLOAD_STATUS = frozenset({503, 529})


class AdaptiveConcurrency:
    """Lets as many calls through at once, for each (origin, model), as it answers without being overloaded.

    Additive increase, multiplicative decrease (D. Chiu, R. Jain, 1989): a round of successes at the limit
    adds one place; a sign of overload (429, 503, 529, a timeout) multiplies the limit by `cut`, once for all
    calls that were on their way together. Other failures say nothing about load.

    Parameters
    ----------
    start, floor, ceiling
        Calls at once: at first, at least, at most.
    cut
        What the limit is multiplied with, in (0, 1).
    flow
        Whose turn a request takes; flows share equally by number.
    """

    def __init__(
        self,
        *,
        start: int = 8,
        floor: int = 1,
        ceiling: int = 64,
        cut: float = 0.5,
        flow: Callable[[Request], str] = flow_of,
    ) -> None:
        if not 1 <= floor <= start <= ceiling or not 0 < cut < 1:
            raise ValueError("needs 1 <= floor <= start <= ceiling and 0 < cut < 1")
        self.flow = flow
        self.windows = PerModel(lambda ref: _Window(start, floor, ceiling, cut))
        """The state of each model; not for callers."""

    def __call__(self, model: Model) -> Model:
        """Return the model, asked by as many callers at once as it bears."""
        return _Adapted(model, self)

    def limit(self, ref: ModelRef) -> int:
        """Return how many calls may be on their way to a model now."""
        return self.windows[ref].slots.limit


class _Window:
    def __init__(self, start: int, floor: int, ceiling: int, cut: float) -> None:
        self.slots = Slots(start)
        self.gate = FairGate(self.slots)
        self.cuts = 0
        self._size = float(start)
        self._floor, self._ceiling, self._cut = floor, ceiling, cut

    def went_well(self) -> None:
        """Grow by a part of a place, if the limit was in use; to be called before the place is given back."""
        if self.slots.used >= self.slots.limit:
            self._set(self._size + 1 / self._size)

    def overloaded(self, cuts: int) -> None:
        """Shrink, unless that was done since the call was sent."""
        if cuts == self.cuts:
            self.cuts += 1
            self._set(self._size * self._cut)

    def _set(self, size: float) -> None:
        self._size = min(float(self._ceiling), max(float(self._floor), size))
        self.slots.limit = int(self._size)


class _Adapted:
    def __init__(self, model: Model, layer: AdaptiveConcurrency) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the reply, once there is a place."""
        window = self._layer.windows[request.ref]
        try:
            wait_s = await window.gate.enter(self._layer.flow(request), 1.0)
        except TimeoutError:
            raise too_late(request.ref, "a place on the wire") from None
        cuts = window.cuts
        try:
            reply = await ask_after(self._model, request, wait_s)
            window.went_well()
            return reply
        except ModelError as error:
            if error.attempts and (error.kind in _OVERLOAD_KINDS or error.status in _OVERLOAD_STATUS):
                window.overloaded(cuts)
            raise
        finally:
            window.gate.leave(1.0)
