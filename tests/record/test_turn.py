"""Tests of taking turns at the store."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from workbench.record.turn import Turn, in_turn


class Writer:
    """Something that writes in turns."""

    def __init__(self, path: Path) -> None:
        self.turn = Turn(path)
        self.at_once = self.most = 0

    @in_turn
    def outer(self, n: int) -> int:
        """Write by way of another write."""
        return self.inner(n)

    @in_turn
    def inner(self, n: int) -> int:
        """Count who is here."""
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        threading.Event().wait(0.001)
        self.at_once -= 1
        return n + 1


def test_threads_take_turns(tmp_path: Path) -> None:
    """Of many threads one writes at a time, and one write may contain another."""
    writer = Writer(tmp_path / "deep" / "lock")
    threads = [threading.Thread(target=writer.outer, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.most == 1
    assert writer.outer(1) == 2


def test_processes_take_turns(tmp_path: Path) -> None:
    """Another process waits until this one has done."""
    turn, said = Turn(tmp_path / "lock"), os.pipe()
    with turn:
        child = os.fork()
        if child == 0:
            with Turn(tmp_path / "lock"):
                os.write(said[1], b"in")
            os._exit(0)
        os.set_blocking(said[0], False)
        threading.Event().wait(0.05)
        try:
            early = os.read(said[0], 2)
        except BlockingIOError:
            early = b""
    assert early == b""
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(said[0], 2) == b"in"
