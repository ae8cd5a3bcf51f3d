"""What a layer remembers about each model it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from workbench.core.records import ModelRef

__all__ = ["PerModel"]

T = TypeVar("T")


class PerModel(Generic[T]):
    """One thing for each (origin, model), made when it is first needed.

    Each event loop has its own, since clocks and waiters belong to a loop; what a closed loop had is
    forgotten.

    Parameters
    ----------
    make
        Makes the thing for a model.
    """

    def __init__(self, make: Callable[[ModelRef], T]) -> None:
        self._make = make
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, str], T]] = (
            WeakKeyDictionary()
        )

    def __getitem__(self, ref: ModelRef) -> T:
        """Return the running event loop's thing for a model."""
        things = self._loops.setdefault(asyncio.get_running_loop(), {})
        key = (ref.origin, ref.model)
        if key not in things:
            things[key] = self._make(ref)
        return things[key]

    def items(self) -> Iterator[tuple[tuple[str, str], T, float]]:
        """Yield every thing there is, with its (origin, model) and the time on its loop; from any thread."""
        for loop, things in list(self._loops.items()):
            for key, thing in list(things.items()):
                yield key, thing, loop.time()

    def all(self) -> Iterator[tuple[T, float]]:
        """Yield every thing there is with the time on its loop's clock; from any thread."""
        for _, thing, now in self.items():
            yield thing, now
