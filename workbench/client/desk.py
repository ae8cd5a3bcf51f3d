"""Where what is held back waits for a human."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from workbench.errors import InputError
from workbench.store.held import Held, HeldQueue

__all__ = ["Desk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A queue of held items, and how long one waits there.

    Parameters
    ----------
    queue
        The journal's (`Journal.held`); it keeps the time, and any process may decide.
    deadline_s
        Seconds a human has, above 0.
    poll_s
        Seconds between two looks at an item, above 0.

    Raises
    ------
    InputError
        Where either is not above 0.
    """

    queue: HeldQueue
    deadline_s: float
    poll_s: float = 0.5

    def __post_init__(self) -> None:
        """Hold that both times are some."""
        if not (self.deadline_s > 0 and self.poll_s > 0):
            raise InputError("desk", "deadline_s or poll_s is not above 0", "Give seconds above 0.")

    async def decided(self, held: Held) -> Held:
        """Return the item once it is no longer held: somebody decided, or its deadline is over."""
        while held.state == "held":
            await asyncio.sleep(self.poll_s)
            held = self.queue.get(held.item)
        return held
