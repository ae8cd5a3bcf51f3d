"""One process of a machine writes to MLflow at a time: they may be recording the same execution."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import IO, Concatenate, ParamSpec, Protocol, TypeVar

__all__ = ["Turn", "in_turn"]

P = ParamSpec("P")
R = TypeVar("R")


class Turn:
    """A lock among threads and processes; a thread that has it may take it again.

    MLflow looks and then writes in two steps (is there such a run, such a link?), so that two who write the
    same thing at once get an error, or make it twice.

    Parameters
    ----------
    path
        The file that is locked; made with its folders where it is absent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.RLock()
        self._depth = 0
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        """Wait until nobody else has it."""
        self._threads.acquire()
        try:
            if self._depth == 0:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(self._path, "w")
                fcntl.flock(self._file, fcntl.LOCK_EX)
            self._depth += 1
        except BaseException:
            self._threads.release()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        self._depth -= 1
        if self._depth == 0 and self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)  # a child forked meanwhile has the file open too
            self._file.close()
            self._file = None
        self._threads.release()


class _Writer(Protocol):
    turn: Turn


W = TypeVar("W", bound=_Writer)


def in_turn(write: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
    """Return the method, done while its object has its turn."""

    @wraps(write)
    def waiting(self: W, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.turn:
            return write(self, *args, **kwargs)

    return waiting
