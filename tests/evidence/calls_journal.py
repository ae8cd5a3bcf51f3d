"""The journal: kills, bursts, crashes, eight processes, stops, budgets; and what a call costs in time."""

from __future__ import annotations

import _thread
import asyncio
import json
import logging
import os
import random
import signal
import sqlite3
import statistics
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

from tests.evidence.journal_world import CONCURRENCY, Forks, layered, study, within
from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.loopback import Loopback, asked_as
from tests.plan.world import MINI, Same, dataset, plan
from tests.run.world import Counting
from workbench.core.records import Reply, Request
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

KILLS = 60 if QUICK else 1_000
CRASHES = 1 if QUICK else 5
PROCESSES = 8
CASES = 50
"""Of the study that is crashed, stopped and budgeted: 200 calls."""

SHARED = 10 if QUICK else 50
"""Cases of the study that the processes share: four calls each."""

STOPS = 3 if QUICK else 20
BUDGETS = 2 if QUICK else 20
BURST = (1, 150) if QUICK else (3, 1_000)  # executions, cases; two variants each
CALLS = 600 if QUICK else 5_000
LATE_S = 0.1


def journal(ledger: Ledger) -> None:
    """Add the rows on the journal."""
    _kills(ledger)
    _crashes(ledger)
    _processes(ledger)
    _stops(ledger)
    _budgets(ledger)
    _burst(ledger)
    _overhead(ledger)


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


def _crashes(ledger: Ledger) -> None:
    whole, rng = study(CASES), random.Random(11)
    with _folder() as calm, _folder() as folder, Loopback(delay_s=0.01) as server:
        _run(whole, server.base_url, calm)
        planned = len(server.seen)
        server.seen.clear()
        forks = Forks(folder, server.base_url)
        for _ in range(CRASHES):
            dead, fatal = threading.Event(), len(server.seen) + rng.randrange(3, planned // (CRASHES + 1))
            victim: list[int] = []

            def kill(number: int, fatal: int = fatal, dead: threading.Event = dead) -> None:
                if number >= fatal and not dead.is_set():
                    os.kill(victim[0], signal.SIGKILL)  # noqa: B023 - called within this round only
                    dead.set()

            server.at = kill
            victim.append(forks.start("run", CASES))
            dead.wait(60)
        server.at = lambda number: None
        last = forks.start("run", CASES)
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


def _processes(ledger: Ledger) -> None:
    whole = study(SHARED)
    with _folder() as folder, Loopback(delay_s=0.005) as server:
        forks = Forks(folder, server.base_url)
        for _ in range(PROCESSES):
            forks.start("record", SHARED)
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
    half, at = threading.Event(), rng.randrange(30, 120)
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
        limit = rng.randrange(1_000, 5_000)  # the whole study takes some 7,000
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


def _drain(ledger: Ledger, folder: Path, plans: list[Plan], book: Journal) -> None:
    from workbench.record.outbox import deliver
    from workbench.record.runs import Recorder

    recorder = Recorder(f"sqlite:///{folder}/mlflow.db", folder)
    recorder.open()
    locked = sqlite3.connect(folder / "mlflow.db", isolation_level=None)
    locked.execute("BEGIN EXCLUSIVE")
    refused, before = 0, len(book.pending(limit=10**6))
    logging.getLogger("mlflow").setLevel(logging.CRITICAL)  # it prints the whole traceback
    try:
        deliver(book, plans[0].execution_id, recorder)
    except RecordError:
        refused = int(len(book.pending(limit=10**6)) == before)
    locked.execute("ROLLBACK")
    locked.close()
    ledger.exact("MLflow locked: delivery says so, and the outbox keeps every row", refused, 1)
    began = time.perf_counter()
    for whole in plans:
        recorder.begin(whole)
        deliver(book, whole.execution_id, recorder, incumbent=whole.incumbent)
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


def _burst(ledger: Ledger) -> None:
    executions, cases = BURST
    plans = [plan(cases=dataset(cases), repeats=1, sample=f"burst-{n}") for n in range(executions)]
    with _folder() as folder, Journal(folder / "journal.sqlite") as book:

        async def go() -> None:
            for whole in plans:
                await execute(whole, {MINI.name: Counting()}, journal=book, score=score_trial, concurrency=64)

        asyncio.run(go())
        _drain(ledger, folder, plans, book)


class Gaps:
    """A model that answers at once and measures the time between an answer and the next question."""

    def __init__(self) -> None:
        self.model = Counting()
        self.gaps: list[float] = []
        self.busy: list[float] = []
        self._last = self._worked = 0.0

    async def ask(self, request: Request) -> Reply:
        """Answer."""
        if self._last:
            self.gaps.append(time.perf_counter() - self._last)
            self.busy.append(time.thread_time() - self._worked)
        reply = await self.model.ask(request)
        self._last, self._worked = time.perf_counter(), time.thread_time()
        return reply


def _overhead(ledger: Ledger) -> None:
    gaps = Gaps()
    whole = plan(cases=dataset(CALLS // 2), repeats=1, scorers=[Same()])
    rendering, cells = [], whole.cells()
    for _ in range(len(whole)):
        began = time.perf_counter()
        next(cells)
        rendering.append(time.perf_counter() - began)
    layers = within(gaps, Stop())
    with _folder() as folder, Journal(folder / "journal.sqlite") as book:
        asyncio.run(execute(whole, {MINI.name: layers}, journal=book, score=score_trial, concurrency=1))
    prompt = statistics.median(rendering)
    took = sorted(1e3 * (gap - prompt) for gap in gaps.gaps)
    median, high = statistics.median(took), took[int(0.99 * len(took))]
    busy = 1e3 * (statistics.median(gaps.busy) - prompt)
    began, total = time.thread_time(), 0
    for number in range(1_000_000):
        total += number
    speed = 1e3 * (time.thread_time() - began)
    ledger.timing(
        f"all layers, journal, row and score a call, {CALLS:,} calls one by one: median, p99",
        f"{median:.2f} ms, {high:.2f} ms ({busy:.2f} ms of the median is processor time; "
        f"a million additions take {speed:.0f} ms here)",
        "0.3 ms, 1 ms",
        median <= 0.3 and high <= 1,
    )
