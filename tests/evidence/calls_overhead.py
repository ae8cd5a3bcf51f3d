"""What the workbench itself takes of a call's time."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from tests.evidence.journal_world import within
from tests.evidence.ledger import QUICK, Ledger
from tests.plan.world import MINI, Same, dataset, plan
from tests.run.world import Counting
from workbench.core.records import Reply, Request
from workbench.run.execute import execute
from workbench.run.stop import Stop
from workbench.score.apply import score_trial
from workbench.store.journal import Journal

__all__ = ["overhead"]

CALLS = 600 if QUICK else 5_000


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


def overhead(ledger: Ledger) -> None:
    """Add the row on the time between an answer and the next question."""
    gaps = Gaps()
    whole = plan(cases=dataset(CALLS // 2), repeats=1, scorers=[Same()])
    rendering, cells = [], whole.cells()
    for _ in range(len(whole)):
        began = time.perf_counter()
        next(cells)
        rendering.append(time.perf_counter() - began)
    layers = within(gaps, Stop())
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite") as book:
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
