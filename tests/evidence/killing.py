"""Kills a process in the middle of writing the journal, many times, and looks at what is left.

``python -m tests.evidence.killing FOLDER KILLS SEED`` prints what it found as JSON. A process of its own, so
that each victim is a fork of something small: a kill, a reopening and the looking take some 20 ms.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

from workbench.core.records import Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage
from workbench.errors import StoreError
from workbench.store.entries import Amount
from workbench.store.journal import Journal

__all__ = ["kill_often"]

REF = ModelRef(name="offline/minilm", model="minilm", origin="offline")
SYSTEM = Message(role="system", content="Answer with one of: billing, delivery, refund. " * 20)
STEPS = b"bfp"  # acknowledged: intent, outcome, row
COUNTS = ("lost", "hole", "corrupt", "many_in_doubt", "records", "in_doubt", "acknowledged")
PER_FILE = 50
"""Kills a file: the first meets a file that is being made, the others one that was killed before."""


def _request(execution: str, number: int) -> Request:
    user = Message(role="user", content=f"{execution}: where is parcel {number}? ✉ " + "x" * (number % 700))
    return Request(messages=(SYSTEM, user), ref=REF)


def _reply(number: int) -> Reply:
    usage = Usage(tokens_in_uncached=100 + number, tokens_out=number % 9)
    attempt = Attempt(model="minilm", started_at=5.0 + number, latency_s=0.1, usage=usage, cost_usd=1e-5)
    return Reply(text="delivery" * (number % 5), model_served="m", usage=usage, attempts=(attempt,))


def _trial(execution: str, number: int) -> Trial:
    request, reply = _request(execution, number), _reply(number)
    return Trial(
        trial_id=f"{execution}-{number}",
        execution_id=execution,
        study="s",
        arm="terse@offline/minilm",
        variant="terse",
        variant_hash="0" * 64,
        model=REF.name,
        params={"temperature": 0.7},
        case_id=str(number),
        case={"text": request.messages[-1].content},
        repeat=0,
        call_key=f"{execution}-{number}",
        messages=request.messages,
        status="ok",
        output=reply.text or None,
        usage=reply.usage,
        attempts=reply.attempts,
    )


def _score(execution: str, number: int) -> Score:
    return Score(trial_id=f"{execution}-{number}", scorer="exact", value=float(number % 2))


def _write(path: Path, execution: str, pipe: int) -> None:
    """Write trials for ever, and acknowledge each step when it has returned."""
    with Journal(path) as journal:
        owner = f"{execution}/run"
        journal.begin_run(owner, execution)
        for number in range(10**9):
            key = f"{execution}-{number}"
            journal.begin(key, _request(execution, number), owner, cell=(execution, key))
            os.write(pipe, STEPS[0:1])
            journal.finish(key, _reply(number), owner, spent=Amount(usd=1e-5, tokens=1))
            os.write(pipe, STEPS[1:2])
            journal.put(_trial(execution, number), [_score(execution, number)])
            os.write(pipe, STEPS[2:3])


def _victim(path: Path, execution: str, rng: random.Random) -> int:
    """Let a process write, kill it at a random moment, and return how many steps it acknowledged."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        try:
            _write(path, execution, theirs)
        finally:
            os._exit(1)
    os.close(theirs)
    said = b""
    for _ in range(rng.choice((0, 1, rng.randrange(60)))):
        said += os.read(ours, 1)
    moment = time.perf_counter() + rng.uniform(0, 0.008 if not said else 0.0006)
    while time.perf_counter() < moment:  # the kill falls anywhere within a step, not only between two
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(ours, 65536):
        said += more
    os.close(ours)
    return len(said)


def _look(path: Path, execution: str, steps: int) -> Counter[str]:
    """Reopen the journal and compare what is there with what was acknowledged."""
    found: Counter[str] = Counter()
    with Journal(path) as journal:
        trials = journal.trials(execution)
        here = [int(trial.case_id) for trial in trials]
        scores = {score.trial_id: score for score in journal.scores(execution)}
        outbox = {row.ref for row in journal.pending(execution, limit=10**6)}
        begun, finished, put = (steps + 2) // 3, (steps + 1) // 3, steps // 3
        found["lost"] += len(set(range(put)) - set(here))
        found["lost"] += sum(not journal.has(f"{execution}-{number}") for number in range(finished))
        doubts = {doubt.key for doubt in journal.in_doubt() if doubt.key.startswith(f"{execution}-")}
        open_calls = begun - finished
        found["lost"] += open_calls > len(doubts) + journal.has(f"{execution}-{begun - 1}")
        found["hole"] += here != list(range(len(here))) or len(here) > put + 1
        found["hole"] += any(f"{execution}-{number}" not in outbox for number in here)
        found["corrupt"] += sum(trial != _trial(execution, int(trial.case_id)) for trial in trials)
        found["corrupt"] += sum(
            scores.get(f"{execution}-{number}") != _score(execution, number) for number in here
        )
        found["records"] += len(here)
        found["in_doubt"] += len(doubts)
        found["many_in_doubt"] += len(doubts) > 1
    return found


def kill_often(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so many writers, and return the counts."""
    rng = random.Random(seed)
    total: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
    for kill in range(kills):
        path, execution = folder / f"journal-{kill // PER_FILE}", f"e{kill}"
        steps = _victim(path, execution, rng)
        total["acknowledged"] += steps
        try:
            total.update(_look(path, execution, steps))
        except StoreError:
            total["corrupt"] += 1
        if kill % PER_FILE == PER_FILE - 1 or kill == kills - 1:
            with sqlite3.connect(path) as raw:
                total["corrupt"] += raw.execute("PRAGMA integrity_check").fetchone() != ("ok",)
            raw.close()
            for name in folder.glob(f"{path.name}*"):
                name.unlink()
    return dict(total)


if __name__ == "__main__":
    print(json.dumps(kill_often(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
