"""Parts of an evidence command, each in a process of its own; in the short version some of them at once."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any

from tests.evidence.ledger import QUICK, Ledger

__all__ = ["Part", "beside"]

Part = Callable[[Ledger], None]
"""Adds its rows to a ledger."""

AT_ONCE = 3 if QUICK else 1
"""Of two cores, a third one would find work while others wait for a clock."""

_forks = get_context("fork")  # what is imported before is imported once


def beside(ledger: Ledger, *parts: Part | str) -> None:
    """Run each part in a process of its own, and add the rows of all in the order of the parts.

    To be called while this process has no threads. In the full version a part prints as it goes; in the short
    one, all is printed when the last has ended.

    Parameters
    ----------
    parts
        A text among them is the name of a module that is imported once, for all that follow.

    Raises
    ------
    RuntimeError
        Where a part ended without its rows; its traceback is on standard error.
    """
    running: dict[Connection, Part] = {}
    said: dict[Part, tuple[str, list[Any]]] = {}

    def hear(most: int) -> None:
        while len(running) > most:
            for pipe in wait(list(running)):
                assert isinstance(pipe, Connection)
                part = running.pop(pipe)
                try:
                    said[part] = pipe.recv()
                except EOFError:
                    raise RuntimeError(f"{part.__name__} ended without its rows") from None

    for part in parts:
        if isinstance(part, str):
            import_module(part)
            continue
        hear(AT_ONCE - 1)
        running[_start(part)] = part
    hear(0)
    for text, rows in (said[part] for part in parts if not isinstance(part, str)):
        print(text, end="", flush=True)
        ledger.rows += rows


def _start(part: Part) -> Connection:
    ours, theirs = _forks.Pipe(duplex=False)
    sys.stdout.flush()
    _forks.Process(target=_run, args=(part, theirs)).start()
    theirs.close()
    return ours


def _run(part: Part, pipe: Connection) -> None:
    ledger = Ledger(part.__name__)
    with redirect_stdout(io.StringIO() if QUICK else sys.stdout) as said:
        part(ledger)
    pipe.send((said.getvalue() if isinstance(said, io.StringIO) else "", ledger.rows))
