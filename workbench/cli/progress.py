"""One line of progress on a terminal; a line every tenth elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TextIO

from workbench.core.redact import redact
from workbench.run.progress import Progress

__all__ = ["ProgressLine"]


class ProgressLine:
    """A listener that writes where a run stands: trials, tokens, USD, errors, time left, what holds it back.

    Parameters
    ----------
    stream
        Where to; None: standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._tenth = 0
        self._held: set[str] = set()

    def notify(self, event: Progress) -> None:
        """Write a snapshot: over the last one on a terminal, else when another tenth is done."""
        self._tell(event.endpoints)
        share = event.done / event.planned if event.planned else 1.0
        if self._live:
            bar = "█" * int(share * 20) + "·" * (20 - int(share * 20))
            self._stream.write(f"\r\x1b[K{bar} {event.summary.splitlines()[0]}"[:220])
        elif int(share * 10) > self._tenth or event.state != "running":
            self._tenth = int(share * 10)
            self._stream.write(f"  {share:4.0%} {event.summary.splitlines()[0]}\n")
        if event.state != "running":
            # Why a run failed is said by the error that follows.
            why = f"  {event.reason}\n" if event.reason and event.state != "failed" else ""
            self._stream.write(("\n" if self._live else "") + why)
        self._stream.flush()

    def _tell(self, endpoints: Sequence[str]) -> None:
        """Write what holds calls back on lines of their own, once as long as only its numbers change."""
        held = {re.sub(r"\d+", "#", line): line for line in endpoints}
        for kind, line in held.items():
            if kind not in self._held:
                self._stream.write(("\r\x1b[K" if self._live else "") + f"  {redact(line)}\n")
        self._held = set(held)
