"""A server for a person, started as the command line starts it, and ended with all its children."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

STARTS_WITHIN_S = 90


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    command: Sequence[str], environ: Mapping[str, str], folder: Path, health: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in a folder until the block ends; begin it when `health` answers.

    Its output goes into ``folder/server.log``, whose end is in the error where it does not start.
    """
    log = folder / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environ), stdout=out, stderr=out, start_new_session=True
        )
    try:
        _wait(process, health, log)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)


def _wait(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(health, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            # A refused connection comes back at once; the process itself is what is waited on.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
    raise AssertionError(f"{health} does not answer:\n{log.read_text(errors='replace')[-3000:]}")
