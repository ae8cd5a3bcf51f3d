"""Tests of the handle: at once, live, stoppable, interruptible."""

from __future__ import annotations

import _thread
import asyncio
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from tests.conformance.listener import check_listener
from tests.plan.world import MINI, plan
from tests.run.world import Counting, Kept, journal
from workbench.core.protocols import Model
from workbench.core.records import Request
from workbench.errors import PlanError, StoreError
from workbench.plan.prices import PriceBook
from workbench.run.handle import Run, start
from workbench.run.loop import Background, background
from workbench.run.stop import Stop
from workbench.score.apply import score_trial
from workbench.store.journal import Journal


@pytest.fixture
def loop() -> Iterator[Background]:
    """Give a loop of the test's own."""
    own = Background()
    yield own
    own.close()


def begin(model: Model, book: Journal, loop: Background, **options: Any) -> Run:
    """Start the small plan."""
    return start(plan(), {MINI.name: model}, journal=book, score=score_trial, loop=loop, **options)


class Held:
    """Lets calls wait until the test opens the gate."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.waiting = threading.Event()

    def __call__(self, request: Request, n: int) -> Any:
        """Wait in another thread, so that the loop goes on."""
        self.waiting.set()
        return asyncio.to_thread(self.gate.wait, 30)


def test_it_returns_at_once_and_gives_the_table(tmp_path: Path, loop: Background) -> None:
    """The handle is there while the first calls wait; the result is the trial table."""
    held = Held()
    run = begin(Counting(held), journal(tmp_path), loop)
    assert held.waiting.wait(30)
    assert not run.done
    with pytest.raises(TimeoutError):
        run.result(timeout=0.01)
    assert not run.done
    held.gate.set()
    table = run.result()
    assert (run.done, len(table), table["score_exact"].notna().all()) == (True, 24, True)
    assert run.progress.state == "done"
    assert len(run.trials) == len(run.scores) == 24


def test_stop_ends_it_in_order(tmp_path: Path, loop: Background) -> None:
    """Calls under way land, none starts; the result is what there is."""
    held = Held()
    model = Counting(held)
    run = begin(model, journal(tmp_path), loop, concurrency=3)
    assert held.waiting.wait(30)
    run.stop()
    held.gate.set()
    assert len(run.result()) == len(model.asked) <= 3
    assert run.progress.state == "stopped"


def called_by(frame: FrameType | None) -> Iterator[CodeType]:
    """Yield the code of those who wait for a frame to end."""
    while frame is not None and (frame := frame.f_back) is not None:
        yield frame.f_code


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Give a stop; an interrupt is heard until it is set, within `Run.result` only, never by the runner."""
    own = Stop()

    def pressed(number: int, frame: FrameType | None) -> None:
        if not own.is_set and Run.result.__code__ in called_by(frame):
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, pressed)
    yield own
    own.set()
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_stops_and_keeps(tmp_path: Path, loop: Background, stop: Stop) -> None:
    """Ctrl-C while waiting stops the run, lets the calls under way land, and is passed on."""
    book = journal(tmp_path)

    def press() -> None:
        while not stop.is_set:
            _thread.interrupt_main()
            threading.Event().wait(0.005)

    model = Counting(lambda request, n: asyncio.to_thread(press) if n == 5 else None)
    run = begin(model, book, loop, concurrency=1, stop=stop)
    with pytest.raises(KeyboardInterrupt):
        run.result()
    assert run.done
    assert (run.progress.state, len(run.trials), len(model.asked)) == ("stopped", 5, 5)
    rest = Counting()
    assert len(begin(rest, book, loop).result()) == 24
    assert len(rest.asked) == 19


def test_a_plan_that_cannot_run_is_refused_at_once(tmp_path: Path, loop: Background) -> None:
    """The mistake is raised by `start`, not by `result`."""
    with pytest.raises(PlanError, match="no price"):
        start(
            plan(book=PriceBook(), budget_usd=1),
            {MINI.name: Counting()},
            journal=journal(tmp_path),
            score=score_trial,
            loop=loop,
        )


def test_an_error_of_the_journal_comes_out_of_result(tmp_path: Path, loop: Background) -> None:
    """What ends a run badly is raised where one waits for it."""
    book = journal(tmp_path)
    book.close()
    with pytest.raises(StoreError):
        begin(Counting(), book, loop).result()


def test_listeners_may_come_late_and_fail(tmp_path: Path, loop: Background) -> None:
    """A late listener hears the latest snapshot at once; one that raises disturbs nobody."""

    class Broken:
        def notify(self, event: Any) -> None:
            raise RuntimeError("no screen")

    first, late = Kept(), Kept()
    run = begin(Counting(), journal(tmp_path), loop, listener=first)
    run.subscribe(Broken())
    run.result()
    run.subscribe(late)
    assert first.heard[0].done == 0
    assert first.heard[-1] == late.heard[0] == run.progress


def test_it_shows_where_it_stands(tmp_path: Path, loop: Background) -> None:
    """Text and HTML are static, and say state and counts."""
    run = begin(Counting(), journal(tmp_path), loop)
    run.result()
    bundle = run._repr_mimebundle_()
    assert "done: 24 of 24 trials" in bundle["text/plain"]
    assert "done: 24 of 24 trials" in bundle["text/html"]
    assert run.summary.startswith("tickets, done")


def test_a_run_is_a_listener(tmp_path: Path) -> None:
    """The handle takes every snapshot."""
    check_listener(lambda: Run(plan(), journal(tmp_path), Stop()))


def test_the_process_has_one_loop() -> None:
    """Connections belong to a loop: everything runs on the same one."""
    assert background() is background()
    assert background().submit(asyncio.sleep(0, "here")).result(30) == "here"
