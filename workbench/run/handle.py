"""The handle of a run: returned at once, shows progress, stops, gives the rows."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

import pandas as pd

from workbench.core.protocols import Listener, Model
from workbench.core.records import Score, Trial
from workbench.core.show import Shown
from workbench.core.table import attempts_frame, to_frame
from workbench.plan.plan import Plan
from workbench.plan.reckon import Counter
from workbench.run.course import Course
from workbench.run.execute import ScoreTrial, check, execute
from workbench.run.loop import Background, background
from workbench.run.progress import Progress, Tracker
from workbench.run.stop import Stop
from workbench.store.journal import Journal

__all__ = ["Run", "start"]

LOOK_S = 0.1
"""Seconds between two looks while waiting: an interrupt is heard after at most this long."""

GRACE_S = 10.0
"""Seconds that an interrupted `result` gives the calls under way to land."""


class Run(Shown):
    """A run under way or ended. Made by `start`.

    Parameters
    ----------
    plan
        What is run.
    journal
        Where its rows are.
    stop
        Stops it.
    """

    def __init__(self, plan: Plan, journal: Journal, stop: Stop) -> None:
        self.plan = plan
        self._journal = journal
        self._stop = stop
        self._lock = threading.Lock()
        self._listeners: list[Listener] = []
        planned = {arm.name: len(plan.cases) * plan.repeats for arm in plan.arms}
        self._progress = Tracker(plan.execution_id, planned, lambda: 0.0).snapshot()
        self._future: Future[Progress] = Future()

    @property
    def execution_id(self) -> str:
        """Name of the execution."""
        return self.plan.execution_id

    @property
    def done(self) -> bool:
        """Whether it ended, for whatever reason."""
        return self._future.done()

    @property
    def progress(self) -> Progress:
        """The latest snapshot."""
        return self._progress

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The rows so far, in the order in which they landed."""
        return tuple(self._journal.trials(self.execution_id))

    @property
    def scores(self) -> tuple[Score, ...]:
        """Their scores so far."""
        return tuple(self._journal.scores(self.execution_id))

    @property
    def frame(self) -> pd.DataFrame:
        """The trial table so far: see `workbench.core.table`."""
        return to_frame(self.trials, self.scores)

    @property
    def ledger(self) -> pd.DataFrame:
        """Every attempt so far, judges' included: see `workbench.core.table.attempts_frame`."""
        return attempts_frame(self.trials, self.scores)

    @property
    def summary(self) -> str:
        """Where it stands, in a line."""
        return f"{self.plan.study}, {self._progress.summary}"

    def subscribe(self, listener: Listener) -> None:
        """Let a listener hear every `Progress` from now on, the latest one at once."""
        with self._lock:
            self._listeners.append(listener)
            _tell(listener, self._progress)

    def stop(self) -> None:
        """Start no new call; those under way are finished and kept. The same plan again resumes."""
        self._stop.set()

    def result(self, timeout: float | None = None) -> pd.DataFrame:
        """Wait for the end and return the trial table.

        A run that was stopped, or whose budget was reached, ends in order: `progress` says so. An interrupt
        stops it, waits a moment for the calls under way, and passes on.

        Parameters
        ----------
        timeout
            Seconds to wait; None: until the end.

        Raises
        ------
        TimeoutError
            Where it goes on after that time; it is not stopped.
        WorkbenchError
            Where it could not go on; the rows so far are kept.
        """
        try:
            self._wait(timeout)
        except KeyboardInterrupt:
            self.stop()
            with contextlib.suppress(TimeoutError):
                self._wait(GRACE_S)
            raise
        self._future.result()
        return self.frame

    def _wait(self, timeout: float | None) -> None:
        waited = 0.0
        while not self._future.done():
            # A lock without a limit cannot be interrupted on every platform; a short one can.
            step = LOOK_S if timeout is None else min(LOOK_S, timeout - waited)
            if step <= 0:
                raise TimeoutError(f"{self.execution_id} still runs after {timeout:g} s")
            with contextlib.suppress(TimeoutError):
                self._future.exception(step)
            waited += step

    def notify(self, event: Any) -> None:
        """Take a snapshot from the run and pass it on."""
        with self._lock:
            self._progress = event
            for listener in self._listeners:
                _tell(listener, event)

    def _follow(self, future: Future[Progress]) -> None:
        self._future = future

    def __str__(self) -> str:
        return str(self._progress)


def _tell(listener: Listener, progress: Progress) -> None:
    # A display that fails must not end a run that costs money.
    with contextlib.suppress(Exception):
        listener.notify(progress)


def start(
    plan: Plan,
    models: Mapping[str, Model],
    *,
    journal: Journal,
    score: ScoreTrial,
    listener: Listener | None = None,
    concurrency: int = 16,
    stop: Stop | None = None,
    count: Counter | None = None,
    allow_unpriced: bool = False,
    endpoints: Callable[[], Iterable[str]] = tuple,
    course: Course | None = None,
    loop: Background | None = None,
) -> Run:
    """Start a plan and return its handle at once.

    Parameters
    ----------
    plan, models, journal, score, listener, concurrency, count, allow_unpriced, endpoints, course
        As in `workbench.run.execute.execute`.
    stop
        The flag that `Run.stop` sets; give the one that the models' `Stoppable` layer looks at.
    loop
        Where it runs; None: the workbench's own loop.

    Raises
    ------
    PlanError
        Where the plan cannot be run as asked.
    """
    check(plan, models, allow_unpriced)
    stop = stop or Stop()
    run = Run(plan, journal, stop)
    if listener is not None:
        run.subscribe(listener)
    work = execute(
        plan,
        models,
        journal=journal,
        score=score,
        listener=run,
        concurrency=concurrency,
        stop=stop,
        count=count,
        allow_unpriced=allow_unpriced,
        endpoints=endpoints,
        course=course,
    )
    run._follow((loop or background()).submit(work))
    return run
