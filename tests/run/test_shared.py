"""Tests of several runs of one plan at once: each cell once, one budget, every run ends with the whole."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.plan.world import MINI, plan
from tests.run.world import Counting, failure, journal, run
from workbench.core.protocols import Model
from workbench.core.records import Request, Score, Trial
from workbench.plan.plan import Plan
from workbench.run.execute import execute
from workbench.run.progress import Progress
from workbench.score.apply import score_trial


def together(whole: Plan, model: Model, folder: Path, runs: int = 3, **options: Any) -> list[Progress]:
    """Run a plan several times at once, each run with a connection of its own, as processes have."""

    async def go() -> list[Progress]:
        work = [
            execute(whole, {MINI.name: model}, journal=journal(folder), **{"score": score_trial, **options})
            for _ in range(runs)
        ]
        return await asyncio.gather(*work)

    return asyncio.run(go())


def slow(request: Request, n: int) -> Any:
    """Let the other runs have their turn."""
    return asyncio.sleep(0.001)


def test_each_cell_once(tmp_path: Path) -> None:
    """24 cells are asked 24 times and scored 24 times; each run ends complete and says the same."""
    model, scored = Counting(slow), []

    async def score(trial: Trial, scorers: Any) -> list[Score]:
        scored.append(trial.trial_id)
        return await score_trial(trial, scorers)

    ended = together(plan(), model, tmp_path, concurrency=4, score=score)
    assert len(model.asked) == len(scored) == 24
    assert [(each.state, each.done, each.failed) for each in ended] == [("done", 24, 0)] * 3
    assert [each.usd for each in ended] == [pytest.approx(24 * 0.002)] * 3
    book = journal(tmp_path)
    assert len(book.trials(ended[0].execution_id)) == len(book.scores(ended[0].execution_id)) == 24
    assert len(book.pending(limit=100)) == 24


def test_failed_cells_once_too(tmp_path: Path) -> None:
    """What failed in one run is not asked by the runs beside it, but by the next one."""

    async def fail(n: int) -> None:
        await asyncio.sleep(0.001)
        if n % 3 == 0:
            raise failure("server")

    model = Counting(lambda request, n: fail(n))
    ended = together(plan(), model, tmp_path, concurrency=4)
    assert len(model.asked) == 24
    assert [(each.state, each.done, each.failed) for each in ended] == [("done", 24, 8)] * 3
    again = Counting()
    assert run(plan(), again, journal(tmp_path)).failed == 0
    assert len(again.asked) == 8


def test_calls_of_twins_once(tmp_path: Path) -> None:
    """Cells that share a call share it between runs as well."""
    first = plan().arms[0].variant
    model = Counting(slow)
    twins = plan(variants=[first, first.replace(name="twin")])
    ended = together(twins, model, tmp_path, concurrency=4)
    assert len(model.asked) == 12
    assert [each.done for each in ended] == [24] * 3


def test_one_budget_for_all(tmp_path: Path) -> None:
    """10 calls fit the budget; three runs make 10 together, not 30."""
    model = Counting(slow)
    ended = together(
        plan(budget_usd=0.0201, params={"max_tokens": 500}),
        model,
        tmp_path,
        count=lambda messages, ref: 1000,
        concurrency=4,
    )
    assert len(model.asked) == 10
    assert {each.state for each in ended} == {"budget"}


def test_a_run_that_was_cut_off_leaves_its_cells(tmp_path: Path) -> None:
    """Calls cut off with their run are in doubt at once, for a run in the same process too, and flagged."""
    book, under_way = journal(tmp_path), asyncio.Event()

    def hang(request: Request, n: int) -> Any:
        if n == 3:
            under_way.set()
        return asyncio.sleep(3600) if n >= 3 else None

    async def cut_off() -> None:
        work = asyncio.create_task(
            execute(plan(), {MINI.name: Counting(hang)}, journal=book, score=score_trial, concurrency=2)
        )
        await under_way.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(cut_off())
    open_calls = book.in_doubt()
    assert 1 <= len(open_calls) <= 2
    model = Counting()
    progress = run(plan(), model, book)
    assert (progress.state, progress.done, progress.in_doubt) == ("done", 24, len(open_calls))
    assert f"{len(open_calls)} calls possibly billed twice" in progress.summary.replace("1 call ", "1 calls ")
    assert len(model.asked) == 22
    assert book.in_doubt() == []
    assert run(plan(), model, book).in_doubt == len(open_calls)
