"""One line of progress on a terminal; a line every tenth elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO

from workbench.run.progress import Progress

__all__ = ["ProgressLine"]


class ProgressLine:
    """A listener that writes where a run stands: trials, tokens, USD, errors, time left.

    Parameters
    ----------
    stream
        Where to; None: standard error.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._tenth = 0

    def notify(self, event: Progress) -> None:
        """Write a snapshot: over the last one on a terminal, else when another tenth is done."""
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
