"""The journal: kills, crashes, eight processes, stops, budgets, bursts."""

from __future__ import annotations

import _thread
import asyncio
import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from tests.evidence.journal_world import CONCURRENCY, Forks, layered, study
from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.loopback import Loopback, asked_as
from tests.plan.world import MINI, dataset, plan
from tests.run.world import Counting
from workbench.core.table import to_frame
from workbench.errors import RecordError
from workbench.plan.plan import Plan
from workbench.run.execute import execute
from workbench.run.handle import start
from workbench.run.loop import Background
from workbench.run.progress import Progress
from workbench.run.stop import Stop
from workbench.score.apply import score_trial
from workbench.store.journal import Journal

__all__ = ["journal"]

KILLS = 30 if QUICK else 1_000
CRASHES = 1 if QUICK else 5
PROCESSES = 8
CASES = 25 if QUICK else 50
"""Of the study that is crashed, stopped and budgeted: four calls each."""

SHARED = 4 if QUICK else 50
"""Cases of the study that the processes share: four calls each."""

STOPS = 2 if QUICK else 20
BUDGETS = 2 if QUICK else 20
BURST = (1, 60) if QUICK else (3, 1_000)  # executions, cases; two variants each
BATCH = 50 if QUICK else 1_000
LATE_S = 0.5 if QUICK else 0.1  # the short version shares its cores: what was sent in time may be seen late


def journal(ledger: Ledger) -> None:
    """Add the rows on the journal; to be called while this process has no threads."""
    with Forks() as forks, _folder() as folder:
        _kills(ledger)
        _crashes(ledger, forks)
        _processes(ledger, forks, folder)
        _stops(ledger)
        _budgets(ledger)
        _burst(ledger, folder)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _run(whole: Plan, url: str, folder: Path, runs: int = 1) -> list[Progress]:
    """Run a plan on a folder's journal, several times at once where asked."""

    async def go() -> list[Progress]:
        work = [
            execute(
                whole,
                {MINI.name: layered(url, Stop())},
                journal=Journal(folder / "journal.sqlite"),
                score=score_trial,
                concurrency=CONCURRENCY,
            )
            for _ in range(runs)
        ]
        return await asyncio.gather(*work)

    return asyncio.run(go())


def _kills(ledger: Ledger) -> None:
    with _folder() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.evidence.killing", str(folder), str(KILLS), "7"],
            capture_output=True,
            text=True,
            check=True,
        )
    found = json.loads(done.stdout)
    ledger.exact(
        f"{KILLS:,} SIGKILLs in mid-write, {found['acknowledged']:,} steps acknowledged: lost/holes/corrupt",
        f"{found['lost']} / {found['hole']} / {found['corrupt']}",
        "0 / 0 / 0",
    )
    ledger.exact(
        f"  of these kills, {found['in_doubt']} fell into a call: kills that left more than the one in doubt",
        found["many_in_doubt"],
        0,
    )


def _table(whole: Plan, folder: Path) -> pd.DataFrame:
    """Return what of a table must not depend on how often it was interrupted."""
    with Journal(folder / "journal.sqlite") as book:
        frame = to_frame(book.trials(whole.execution_id), book.scores(whole.execution_id))
    kept = [
        "trial_id", "arm", "case_id", "repeat", "call_key", "status", "output", "model_served",
        "tokens_in_uncached", "tokens_out", "cost_usd", "price_book", "source", "score_exact",
    ]  # fmt: skip
    return frame[kept].sort_values("trial_id", ignore_index=True)


def _crashes(ledger: Ledger, forks: Forks) -> None:
    whole, rng = study(CASES), random.Random(11)
    with _folder() as calm, _folder() as folder, Loopback(delay_s=0.01) as server:
        _run(whole, server.base_url, calm)
        planned = len(server.seen)
        server.seen.clear()
        for _ in range(CRASHES):
            dead, fatal = threading.Event(), len(server.seen) + rng.randrange(3, planned // (CRASHES + 1))
            victim: list[int] = []

            def kill(number: int, fatal: int = fatal, dead: threading.Event = dead) -> None:
                if number >= fatal and not dead.is_set():
                    os.kill(victim[0], signal.SIGKILL)  # noqa: B023 - called within this round only
                    dead.set()

            server.at = kill
            victim.append(forks.start(folder, server.base_url, "run", CASES))
            dead.wait(60)
        server.at = lambda number: None
        last = forks.start(folder, server.base_url, "run", CASES)
        forks.end()
        said = json.loads((folder / f"{last}.json").read_text())
        with Journal(folder / "journal.sqlite") as book:
            rows = book.trials(whole.execution_id)
        asked = Counter(what for _, what in server.seen)
        names = {asked_as(cell.request): cell.key for cell in whole.cells()}
        twice = {names[what] for what, times in asked.items() if times > 1}
        doubted = {row.call_key for row in rows if row.in_doubt}
        ledger.exact(
            f"{CRASHES} crashes in {planned} calls: paid beyond the plan, against those in flight",
            len(server.seen) - planned,
            f"at most {CRASHES} × {CONCURRENCY}",
            len(server.seen) - planned <= CRASHES * CONCURRENCY,
        )
        ledger.exact(f"  calls paid twice and not flagged in doubt, of {len(twice)}", len(twice - doubted), 0)
        ledger.exact(
            "  calls possibly billed twice, as the run tells a person", said["in_doubt"], len(doubted)
        )
        same = _table(whole, calm).equals(_table(whole, folder))
        ledger.exact("  final table equal to the uninterrupted one", same and len(rows) == len(whole), True)


def _processes(ledger: Ledger, forks: Forks, folder: Path) -> None:
    whole = study(SHARED)
    with Loopback(delay_s=0.005) as server:
        for _ in range(PROCESSES):
            forks.start(folder, server.base_url, "record", SHARED)
        ended = forks.end()
        told = [path.read_text() for path in folder.glob("*.error")]
        ledger.exact(
            f"{PROCESSES} processes on one fresh journal, one fresh MLflow store, one study: crashes",
            f"{sum(code != 0 for code in ended.values())} of {len(ended)}" + "; ".join(["", *told]),
            f"0 of {PROCESSES}",
        )
        asked = Counter(what for _, what in server.seen)
        ledger.exact(f"  cells asked once, of {len(whole)}", sum(n == 1 for n in asked.values()), len(whole))
        said = [json.loads(path.read_text()) for path in folder.glob("*.json")]
        complete = sum(each["done"] == len(whole) and each["state"] == "done" for each in said)
        ledger.exact("  processes that ended with the whole table", complete, PROCESSES)
        with sqlite3.connect(folder / "mlflow.db") as raw:
            counts = [
                raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("trace_info", "runs")
            ]
        ledger.exact("  traces and runs in MLflow", tuple(counts), (len(whole), 3))


def _stop_once(folder: Path, server: Loopback, seed: int, interrupt: bool) -> tuple[int, bool]:
    """Stop a run in the middle; return requests after the grace, and whether all answered are kept."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    rng, stop, loop = random.Random(seed), Stop(), Background()
    server.seen.clear()
    server.answered.clear()
    half, at = threading.Event(), rng.randrange(CASES * 3 // 5, CASES * 12 // 5)
    server.at = lambda number: half.set() if number >= at else None
    whole = study(CASES, sample=f"stop-{seed}")
    with Journal(folder / "journal.sqlite") as book:
        run = start(
            whole,
            {MINI.name: layered(server.base_url, stop)},
            journal=book,
            score=score_trial,
            concurrency=CONCURRENCY,
            stop=stop,
            loop=loop,
        )
        stopped = []
        if interrupt:

            def press() -> None:
                half.wait(60)
                stopped.append(time.monotonic())
                _thread.interrupt_main()

            threading.Thread(target=press, daemon=True).start()
            with suppress(KeyboardInterrupt):
                run.result()
        else:
            half.wait(60)
            stopped.append(time.monotonic())
            run.stop()
            run.result(timeout=60)
        late = sum(when > stopped[0] + LATE_S for when, _ in server.seen)
        answers = sum(trial.status == "ok" for trial in book.trials(whole.execution_id))
        kept = run.done and run.progress.state == "stopped" and answers == len(set(server.answered))
    loop.close()
    return late, kept


def _stops(ledger: Ledger) -> None:
    with _folder() as folder, Loopback(delay_s=0.03, fail=lambda n: "error" if n % 3 == 0 else "") as server:
        ended = [_stop_once(folder, server, seed, interrupt=seed % 2 == 1) for seed in range(STOPS)]
    ledger.exact(
        f"{STOPS} stops and interrupts among retries: requests that reached the server {LATE_S:g} s later",
        sum(late for late, _ in ended),
        0,
    )
    ledger.exact("  of these, every answer of the server is kept", sum(kept for _, kept in ended), STOPS)


def _budgets(ledger: Ledger) -> None:
    passed, worst, asked = 0, 0.0, 0
    for seed in range(BUDGETS):
        rng = random.Random(seed)
        faults = [rng.choice(("", "", "", "error", "drop")) for _ in range(5_000)]
        limit = rng.randrange(20 * CASES, 100 * CASES)  # the whole study takes some 140 a case
        with _folder() as folder, Loopback(fail=lambda n, faults=faults: faults[n]) as server:
            ended = _run(study(CASES, budget_tokens=limit), server.base_url, folder, runs=3)
            passed += server.billed_tokens > limit
            worst = max(worst, server.billed_tokens / limit)
            asked += len(server.seen)
            assert {each.state for each in ended} == {"budget"}
    ledger.exact(
        f"{BUDGETS} budgets in tokens, 3 × {CONCURRENCY} calls at once, 40 % faults, half billed: passed",
        f"{passed} (in {asked:,} requests at most {worst:.1%} of a limit was billed)",
        "0",
        passed == 0,
    )


@contextmanager
def _refusing(store: Path) -> Iterator[str]:
    """Keep MLflow from writing: locked, for which it waits 20 s; in the short version, failing at once."""
    other = sqlite3.connect(store, isolation_level=None)
    if QUICK:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON trace_info BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        yield "fails"
        other.execute("DROP TRIGGER refuse")
    else:
        other.execute("BEGIN EXCLUSIVE")
        yield "locked"
        other.execute("ROLLBACK")
    other.close()


def _drain(ledger: Ledger, folder: Path, plans: list[Plan], book: Journal) -> None:
    from workbench.record.outbox import deliver
    from workbench.record.runs import Recorder

    recorder = Recorder(f"sqlite:///{folder}/mlflow.db", folder)
    recorder.open()
    refused, before = 0, len(book.pending(limit=10**6))
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # it prints the whole traceback
    with _refusing(folder / "mlflow.db") as how:
        try:
            deliver(book, plans[0].execution_id, recorder)
        except RecordError:
            refused = int(len(book.pending(limit=10**6)) == before)
    ledger.exact(f"MLflow {how}: delivery says so, and the outbox keeps every row", refused, 1)
    began = time.perf_counter()
    for whole in plans:
        recorder.begin(whole)
        deliver(book, whole.execution_id, recorder, incumbent=whole.incumbent, batch=BATCH)
    seconds = time.perf_counter() - began
    with sqlite3.connect(folder / "mlflow.db") as raw:
        there = {row[0] for row in raw.execute("SELECT request_id FROM trace_info")}
    wanted = {f"tr-{trial.trial_id}" for whole in plans for trial in book.trials(whole.execution_id)}
    size = sum(len(whole) for whole in plans)
    ledger.exact(
        f"burst of {size:,} trials ({len(plans)} executions, every trial a trace): in the journal, in MLflow",
        f"{before:,} / {len(there & wanted):,}",
        f"{size:,} / {size:,}",
    )
    ledger.exact("  rows left in the outbox", len(book.pending(limit=10**6)), 0)
    ledger.timing("  traces a second", f"{size / seconds:.0f}", "at least 60", size / seconds >= 60)


def _burst(ledger: Ledger, folder: Path) -> None:
    """Into a journal of its own, and the MLflow store that the processes left."""
    executions, cases = BURST
    plans = [plan(cases=dataset(cases), repeats=1, sample=f"burst-{n}") for n in range(executions)]
    with Journal(folder / "burst.sqlite") as book:

        async def go() -> None:
            for whole in plans:
                await execute(whole, {MINI.name: Counting()}, journal=book, score=score_trial, concurrency=64)

        asyncio.run(go())
        _drain(ledger, folder, plans, book)
