"""The journal among processes: a fresh file opened by many, a kill at any moment, a fork."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.store.test_journal import REPLY, REQUEST
from workbench.store.journal import Journal
from workbench.store.owner import alive, process_token

PRELUDE = """
import sys
from tests.store.test_journal import REPLY, REQUEST
from tests.conformance.sink import trial
from workbench.store.journal import Journal
journal = Journal(sys.argv[1])
"""


def start(code: str, path: Path, *more: str) -> subprocess.Popen[str]:
    """Start a process that runs the code on the journal."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(path), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """Read so many lines of a process's output."""
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def kill(process: subprocess.Popen[str]) -> list[str]:
    """Kill a process without warning and return the lines it had still written."""
    process.kill()
    assert process.stdout is not None
    # Not `communicate`: it passes over what `readline` has already taken in.
    rest = "" if process.stdout.closed else process.stdout.read()
    process.communicate()
    return rest.splitlines()


def test_each_cell_once(tmp_path: Path) -> None:
    """Processes that open one fresh file at once and work through the same cells ask each cell once."""
    code = """
for index in range(40):
    key = f"k{index}"
    if journal.begin(key, REQUEST, f"run of {sys.argv[2]}") in ("new", "in_doubt"):
        journal.finish(key, REPLY)
        journal.put(trial(key), [])
        print(key, flush=True)
"""
    processes = [start(code, tmp_path / "j", str(number)) for number in range(4)]
    asked = [key for process in processes for key in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(asked) == sorted(f"k{index}" for index in range(40))
    with Journal(tmp_path / "j") as journal:
        assert len(journal.trials("e1")) == 40


def test_killed(tmp_path: Path) -> None:
    """What a process said it wrote is there after it is killed; the call it was in is in doubt."""
    code = """
for index in range(10**6):
    key = f"k{index}"
    journal.begin(key, REQUEST, "run 1")
    journal.finish(key, REPLY)
    journal.put(trial(key), [])
    print(key, flush=True)
"""
    process = start(code, tmp_path / "j")
    said = lines(process, 50) + kill(process)
    with Journal(tmp_path / "j") as journal:
        kept = {trial.trial_id for trial in journal.trials("e1")}
        pending = {row.ref for row in journal.pending(limit=10**7)}
        said_whole = [key for key in said if key[1:].isdigit()]
        assert set(said_whole[:-1]) <= kept
        assert kept == pending
        assert len(kept) <= len(said_whole) + 1
        for doubt in journal.in_doubt():
            assert doubt.key not in kept


def test_in_doubt(tmp_path: Path) -> None:
    """While a process lives its call is busy for others; once it is killed, in doubt."""
    process = start(
        "print(journal.begin('k', REQUEST, 'run 1'), flush=True); sys.stdin.read()", tmp_path / "j"
    )
    try:
        assert lines(process, 1) == ["new"]
        with Journal(tmp_path / "j") as journal:
            assert journal.begin("k", REQUEST, "run 2") == "busy"
            assert journal.in_doubt() == []
            kill(process)
            assert [doubt.key for doubt in journal.in_doubt()] == ["k"]
            assert journal.begin("k", REQUEST, "run 2") == "in_doubt"
            journal.finish("k", REPLY)
            assert journal.reply("k") == REPLY
    finally:
        kill(process)


def test_fork(tmp_path: Path) -> None:
    """A forked child writes through a connection of its own, and the parent goes on."""
    with Journal(tmp_path / "j") as journal:
        journal.begin("k", REQUEST, "run 1")
        child = os.fork()
        if child == 0:
            journal.finish("k", REPLY)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert journal.reply("k") == REPLY


def test_alive() -> None:
    """The running process lives; a later one of its number or no such number does not; elsewhere: unknown."""
    host, pid, started = process_token().split("/")
    assert alive(process_token()) is True
    assert alive(f"{host}/{pid}/{started}0") is False
    assert alive(f"{host}/99999999/1") is False
    assert alive(f"elsewhere-{host}/{pid}/{started}") is None
