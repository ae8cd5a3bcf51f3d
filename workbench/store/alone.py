"""One at a time: a lock among all threads and processes that share a file's name."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["alone"]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until nobody else is in here, and keep others out meanwhile; a dead process keeps nobody out.

    Parameters
    ----------
    path
        The file that is locked; made where it does not exist. It must not be entered twice by one thread.
    """
    with open(path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # a child forked meanwhile has the file open too
