"""What the workbench itself takes of a call's time."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.evidence.journal_world import within
from tests.evidence.ledger import QUICK, Ledger
from tests.plan.world import MINI, Same, dataset, plan
from tests.run.world import Counting
from workbench.core.records import Reply, Request
from workbench.plan.plan import Cell, Plan
from workbench.run.course import Whole
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


class Ready(Whole):
    """All cells of a plan, with prompts and keys made before the first is asked."""

    def __init__(self, whole: Plan) -> None:
        super().__init__(whole)
        self._cells = list(super().cells())

    def cells(self) -> Iterator[Cell]:
        """Yield them."""
        return iter(self._cells)


def overhead(ledger: Ledger) -> None:
    """Add the row on the time between an answer and the next question: all that is not the model's.

    In it are the reply's way out through the layers, its price, its outcome in the journal, the score, the
    row with its place in the outbox, and the progress; then the claim of the next cell, its intent, and the
    way in through retry, permit, breaker, limits, places and halt: three transactions, each committed. Not in
    it is what the plan does: rendering the prompt and making the key.
    """
    gaps = Gaps()
    whole = plan(cases=dataset(CALLS // 2), repeats=1, scorers=[Same()])
    models = {MINI.name: within(gaps, Stop())}
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal.sqlite") as book:
        asyncio.run(
            execute(whole, models, journal=book, score=score_trial, concurrency=1, course=Ready(whole))
        )
    took = sorted(1e3 * gap for gap in gaps.gaps)
    median, high = statistics.median(took), took[int(0.99 * len(took))]
    busy = 1e3 * statistics.median(gaps.busy)
    began, total = time.thread_time(), 0
    for number in range(1_000_000):
        total += number
    speed = 1e3 * (time.thread_time() - began)
    ledger.timing(
        "a call beside its model: all layers in and out, claim, intent, outcome, price, score, row and outbox"
        f" in three transactions (its prompt was made before), {CALLS:,} calls one by one: median, p99",
        f"{median:.2f} ms, {high:.2f} ms ({busy:.2f} ms of the median is processor time; "
        f"a million additions take {speed:.0f} ms here)",
        "0.3 ms, 1 ms",
        median <= 0.3 and high <= 1,
    )
