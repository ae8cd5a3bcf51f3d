"""MLflow follows in the background: one worker, in order; nobody waits for a store to see a result."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.analyze.compare import Comparison
from workbench.bench.home import Home
from workbench.plan.plan import Plan
from workbench.record.outbox import deliver, pending_rows
from workbench.record.runs import Recorder
from workbench.store.journal import Journal

if TYPE_CHECKING:
    from workbench.record.runs import RunIds

__all__ = ["Recording"]

T = TypeVar("T")


class Recording:
    """Writes to MLflow on a thread of its own.

    Parameters
    ----------
    home
        Where the store is.
    journal
        Whose outbox is emptied.
    """

    def __init__(self, home: Home, journal: Journal) -> None:
        self.recorder = Recorder(home.tracking_uri, home.folder)
        self._journal = journal
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mlflow")
        self._open: list[tuple[Callable[[], Any], Future[Any]]] = []
        self._failed: list[Callable[[], Any]] = []

    def later(self, work: Callable[[], T]) -> Future[T]:
        """Do something after all that was asked before; `wait` hears what went wrong."""
        future = self._worker.submit(work)
        self._open.append((work, future))
        return future

    def now(self, work: Callable[[], T]) -> T:
        """Do something after all that was asked before, and return its result."""
        return self._worker.submit(work).result()

    def record(self, plan: Plan, comparison: Comparison | None, report_html: str | None) -> Future[RunIds]:
        """Write an execution as the journal holds it, later."""
        return self.later(lambda: self._record(plan, comparison, report_html))

    def _record(self, plan: Plan, comparison: Comparison | None, report_html: str | None) -> RunIds:
        execution = plan.execution_id
        rows = pending_rows(self._journal, execution)
        trials, scores = self._journal.trials(execution), self._journal.scores(execution)
        ids = self.recorder.record(plan, trials, scores, comparison, report_html)
        # Only now: a process killed before sends everything again, which changes nothing.
        self._journal.delivered(row.seq for row in rows)
        return ids

    def rest(self, study: str) -> None:
        """Deliver, later, what lies in the outbox of a study's executions: what landed after `record`."""

        def work() -> None:
            for execution in self._journal.executions(study):
                if self._journal.pending(execution.execution_id, limit=1):
                    incumbent = execution.plan.get("incumbent")
                    deliver(self._journal, execution.execution_id, self.recorder, incumbent=incumbent)

        self.later(work)

    def wait(self) -> None:
        """Return when all is written; what failed at the last wait is tried once more.

        Raises
        ------
        RecordError
            Where the store failed; the journal keeps everything, and the same verb again delivers it.
        """
        again, self._failed = self._failed, []
        for work in again:
            self.later(work)
        errors: list[BaseException] = []
        while self._open:
            work, future = self._open[0]
            error = future.exception()
            del self._open[0]  # only now: an interrupted wait forgets nothing
            if error is not None:
                errors.append(error)
                self._failed.append(work)
        if errors:
            raise errors[0]

    def close(self) -> None:
        """Finish what was asked, and end the thread; warn where MLflow did not get it."""
        self._worker.shutdown(wait=True)
        errors = [error for _, future in self._open if (error := future.exception()) is not None]
        if errors:
            warnings.warn(
                f"MLflow has not got everything ({errors[0]}); the journal has: `workbench sync` delivers it",
                stacklevel=2,
            )
