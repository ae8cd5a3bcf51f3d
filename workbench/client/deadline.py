"""When a call must be over: said by whoever limits it, read by the layers in which it may wait.

A call that is cut off while it waits in a queue was never sent and must not look like a paid attempt. So the
queues give up by themselves just before the deadline, with kind ``deadline`` and no attempt.
"""

from __future__ import annotations

import math
from contextvars import ContextVar

from workbench.core.records import ModelRef
from workbench.errors import ModelError

__all__ = ["DUST_S", "EARLY_S", "last_moment", "too_late", "until"]

DUST_S = 1e-6
"""Less than this is no time: clocks tick and numbers are rounded, and a timer may come that early."""

EARLY_S = 0.01
"""Seconds before the deadline at which a queue gives up, so that it comes before the deadline's own timer."""

_end: ContextVar[float] = ContextVar("workbench_deadline", default=math.inf)


class until:  # noqa: N801 - it reads as a word
    """Let the calls made within end by this time of the event loop's clock, or an earlier one around it."""

    def __init__(self, end: float) -> None:
        self._time = end

    def __enter__(self) -> None:
        self._before = _end.set(min(self._time, _end.get()))

    def __exit__(self, *_: object) -> None:
        _end.reset(self._before)


def last_moment() -> float:
    """Return the time of the event loop's clock after which waiting is pointless; inf: no deadline."""
    return _end.get() - EARLY_S


def too_late(ref: ModelRef, where: str) -> ModelError:
    """Return the error of a call whose time ran out before it was sent.

    Parameters
    ----------
    where
        What it waited for, in words.
    """
    return ModelError(
        ref.name,
        f"was not sent: its time ran out while it waited for {where}",
        "Allow more time, or ask for less at once.",
        kind="deadline",
    )
