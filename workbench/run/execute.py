"""Executing a plan: every cell becomes a row, and each row is in the journal when it is reported."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from workbench.core.protocols import Listener, Model, Scorer
from workbench.core.records import Score, Trial
from workbench.errors import PlanError
from workbench.plan.plan import Cell, Plan
from workbench.plan.reckon import Counter
from workbench.run.budget import Budget
from workbench.run.calls import Caller
from workbench.run.progress import Progress, Tracker, judges_usd
from workbench.run.stop import Stop
from workbench.run.trials import price_scores
from workbench.store.journal import Journal

__all__ = ["ScoreTrial", "check", "execute"]

ScoreTrial = Callable[[Trial, Sequence[Scorer]], Awaitable[Sequence[Score]]]
"""Scores one trial by all scorers; a scorer that fails gives a missing score."""

NOTICE_S = 0.25
"""Seconds between two snapshots to the listener."""


async def execute(
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
) -> Progress:
    """Make every trial of the plan that the journal does not hold, and return where it ended.

    Running the same plan again resumes it: answered trials stay, failed ones are asked again. A call that the
    journal holds, from another execution or another arm, is not made again. A failed call is a row; what is
    finished is kept whatever happens.

    Parameters
    ----------
    models
        By `ModelRef.name`, each with its layers around it.
    journal
        Where intents, replies and rows go.
    score
        `workbench.score.apply.score_trial`, or another of its shape.
    listener
        Hears `Progress`, at most four times a second, and the last one.
    concurrency
        Calls under way at a time, at least 1.
    stop
        Once set, no new call starts; those under way are awaited and kept.
    count
        A tokenizer for the budget's reservations; None: one token a byte is reserved.
    allow_unpriced
        Whether calls at an unknown price may be made though there is a budget, which then cannot hold.

    Raises
    ------
    PlanError
        Before anything is spent: a model is not given, or a price is unknown though there is a budget.
    StoreError
        Where the journal cannot be written: nothing is asked whose answer could not be kept.
    """
    check(plan, models, allow_unpriced)
    execution = _Execution(plan, journal, score, listener)
    journal.add_execution(plan.execution_id, plan.study, plan.to_mapping())
    execution.load()
    stop = stop or Stop()
    caller = Caller(
        plan=plan,
        models=models,
        journal=journal,
        budget=Budget(plan.budget_usd, execution.tracker.snapshot().usd),
        stop=stop,
        end=execution.tracker.end,
        owner=f"{plan.execution_id}/{secrets.token_hex(6)}",
        paid={
            row.call_key
            for row in execution.earlier.values()
            if row.source == "call" and row.status != "error"
        },
        count=count,
        allow_unpriced=allow_unpriced,
    )
    return await execution.run(caller, stop, concurrency)


def check(plan: Plan, models: Mapping[str, Model], allow_unpriced: bool) -> None:
    """Refuse a plan that cannot be run as asked; `PlanError` says why."""
    for arm in plan.arms:
        if arm.model.name not in models:
            raise PlanError(
                f"model {arm.model.name!r}", "it is in the plan and was not given", "Give it in `models`."
            )
    unpriced = plan.estimate.unpriced
    if plan.budget_usd is not None and unpriced and not allow_unpriced:
        raise PlanError(
            "budget",
            f"no price is known for {', '.join(unpriced)}, so {plan.budget_usd:g} USD cannot be held",
            "Declare a price, plan without a budget, or allow unpriced calls.",
        )


class _Execution:
    """One run of a plan: its rows and where it stands."""

    def __init__(self, plan: Plan, journal: Journal, score: ScoreTrial, listener: Listener | None) -> None:
        self.plan, self.journal, self.score, self.listener = plan, journal, score, listener
        self.loop = asyncio.get_running_loop()
        each = len(plan.cases) * plan.repeats
        self.tracker = Tracker(plan.execution_id, {arm.name: each for arm in plan.arms}, self.loop.time)
        self.noticed = -NOTICE_S
        self.earlier: dict[str, Trial] = {}  # by trial id: rows of runs before this one

    async def run(self, caller: Caller, stop: Stop, concurrency: int) -> Progress:
        cells = self.open_cells(stop)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(self.work(cells, caller))
        except BaseExceptionGroup as errors:
            self.tracker.end("failed", str(errors.exceptions[0]))
            raise errors.exceptions[0] from None
        except asyncio.CancelledError:
            self.tracker.end("stopped", "it was canceled")
            raise
        finally:
            if stop.is_set:
                self.tracker.end("stopped", "it was stopped; run the same plan again to resume")
            self.tracker.end("done")
            self.tracker.finish()
            self.notify(force=True)
        self.journal.set_status(self.plan.execution_id, self.tracker.state)
        return self.tracker.snapshot()

    def load(self) -> None:
        """Take in the rows of earlier runs."""
        scores: dict[str, list[Score]] = {}
        for item in self.journal.scores(self.plan.execution_id):
            scores.setdefault(item.trial_id, []).append(item)
        for trial in self.journal.trials(self.plan.execution_id):
            self.earlier[trial.trial_id] = trial
            self.tracker.add(trial, scores.get(trial.trial_id, ()), earlier=True)

    def open_cells(self, stop: Stop) -> Iterator[Cell]:
        """Yield the cells without an answer, until something ends the run."""
        for cell in self.plan.cells():
            if stop.is_set or self.tracker.state != "running":
                return
            row = self.earlier.get(cell.trial_id)
            if row is None or row.status == "error":
                yield cell

    async def work(self, cells: Iterator[Cell], caller: Caller) -> None:
        for cell in cells:
            before = self.earlier.get(cell.trial_id)
            trial = await caller.trial(cell, before)
            if trial is None:  # nothing was sent: a stop, or the budget
                continue
            scorers = self.plan.scorers
            scores = price_scores(await self.score(trial, scorers), scorers, self.plan.book)
            self.journal.put(trial, scores)
            if before is not None:
                self.tracker.remove(before)
            self.tracker.add(trial, scores)
            caller.budget.charge(judges_usd(scores))
            self.notify()

    def notify(self, *, force: bool = False) -> None:
        now = self.loop.time()
        if self.listener is not None and (force or now - self.noticed >= NOTICE_S):
            self.noticed = now
            self.listener.notify(self.tracker.snapshot())
