"""The workbench's own event loop, in a worker thread: notebooks and commands stay synchronous."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from functools import lru_cache
from typing import Any, TypeVar

__all__ = ["Background", "background"]

T = TypeVar("T")


class Background:
    """An event loop that runs in a thread of its own until the process ends.

    Everything that is asked runs on one loop, since the connections of a client belong to the loop that
    opened them.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="workbench", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the loop; its future may be waited for in any other thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """Stop the loop; what still runs on it is abandoned."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@lru_cache(maxsize=1)
def _of(pid: int) -> Background:
    return Background()


def background() -> Background:
    """Return the process's one loop, started when first asked for (and again in a forked process)."""
    return _of(os.getpid())
