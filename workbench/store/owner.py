"""Who started a call, and whether that process still lives."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

__all__ = ["alive", "process_token"]


def _started(pid: int) -> str:
    """Return the process's start tick, which tells it from a later process of the same number."""
    try:
        # Field 22 of /proc/<pid>/stat; the command in field 2 may hold spaces, hence the split at its end.
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""  # no /proc on this system: the number alone must do
    return "dead" if words[0] in "ZX" else words[19]  # a zombie runs no more


@cache
def _token(pid: int) -> str:
    return f"{platform.node()}/{pid}/{_started(pid)}"


def process_token() -> str:
    """Return ``host/pid/start``, the name of this process among all that may share a journal."""
    return _token(os.getpid())


def alive(token: str) -> bool | None:
    """Return whether the process of that token still runs; None where it is of another machine."""
    host, _, rest = token.partition("/")
    if host != platform.node():
        return None
    pid, _, started = rest.partition("/")
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as somebody else
    return _started(int(pid)) == started
