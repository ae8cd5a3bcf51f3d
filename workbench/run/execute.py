"""Executing a plan: every cell becomes a row, and each row is in the journal when it is reported."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from workbench.core.protocols import Listener, Model, Scorer
from workbench.core.records import Score, Trial, Usage
from workbench.errors import PlanError, StoreError
from workbench.plan.plan import Cell, Plan
from workbench.plan.reckon import Counter
from workbench.run.budget import Budget
from workbench.run.calls import BUSY_S, Caller, Landed
from workbench.run.course import Course, Whole
from workbench.run.progress import Progress, Tracker
from workbench.run.stop import Stop
from workbench.run.trials import judges_of, price_scores
from workbench.store.entries import Limit
from workbench.store.journal import Journal

__all__ = ["ScoreTrial", "check", "execute"]

ScoreTrial = Callable[[Trial, Sequence[Scorer]], Awaitable[Sequence[Score]]]
"""Scores one trial by all scorers; a scorer that fails gives a missing score."""

NOTICE_S = 0.25
"""Seconds between two snapshots to the listener."""

BEAT_S = 1.0
"""Seconds after which there is one though nothing has landed."""

ONE_TOKEN = Usage(tokens_in_uncached=1, tokens_out=1)


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
    endpoints: Callable[[], Iterable[str]] = tuple,
    course: Course | None = None,
) -> Progress:
    """Make every trial of the plan that the journal does not hold, and return where it ended.

    Running the same plan again resumes it: answered trials stay, failed ones are asked again. A call that the
    journal holds, from another execution or another arm, is not made again. A failed call is a row; what is
    finished is kept whatever happens. Several processes may run the same plan on one journal: each cell is
    made by one of them, the budget is one for all, and each of them ends with the whole table.

    Parameters
    ----------
    models
        By `ModelRef.name`, each with its layers around it.
    journal
        Where intents, replies and rows go.
    score
        `workbench.score.apply.score_trial`, or another of its shape.
    listener
        Hears `Progress`, at most four times a second and at least once, and the last one.
    concurrency
        Calls under way at a time, at least 1.
    stop
        Once set, no new call starts, a judge's neither; those under way are awaited and kept.
    count
        A tokenizer for the budget's reservations; None: one token a byte is reserved.
    allow_unpriced
        Whether calls at an unknown price may be made though there is a budget, which then cannot hold.
    endpoints
        Says what holds calls back now, a line each, for the progress.
    course
        Which cells are asked, given what has landed; None: all of them.

    Raises
    ------
    PlanError
        Before anything is spent: a model is not given, or a price is unknown though there is a budget.
    StoreError
        Where the journal cannot be written: nothing is asked whose answer could not be kept.
    """
    check(plan, models, allow_unpriced)
    stop = stop or Stop()
    owner = f"{plan.execution_id}/{secrets.token_hex(6)}"
    execution = _Execution(plan, journal, score, listener, endpoints, course or Whole(plan))
    journal.add_execution(plan.execution_id, plan.study, plan.to_mapping())
    journal.begin_run(owner, plan.execution_id)
    try:
        execution.load()
        caller = Caller(
            plan=plan,
            models=models,
            journal=journal,
            budget=Budget(journal, owner, Limit(usd=plan.budget_usd, tokens=plan.budget_tokens)),
            stop=stop,
            end=execution.tracker.end,
            owner=owner,
            paid=execution.paid(),
            count=count,
            allow_unpriced=allow_unpriced,
        )
        return await execution.run(caller, stop, concurrency)
    finally:
        with contextlib.suppress(StoreError):  # what ended the run is told, not that this failed too
            journal.end_run(owner)


def check(plan: Plan, models: Mapping[str, Model], allow_unpriced: bool) -> None:
    """Refuse a plan that cannot be run as asked; `PlanError` says why."""
    for arm in plan.arms:
        if arm.model.name not in models:
            raise PlanError(
                f"model {arm.model.name!r}", "it is in the plan and was not given", "Give it in `models`."
            )
    judges = judges_of(plan.scorers).values()
    unknown = [ref.name for refs in judges for ref in refs if plan.book.cost_usd(ref, ONE_TOKEN) is None]
    unpriced = (*plan.estimate.unpriced, *unknown)
    if plan.budget_usd is not None and unpriced and not allow_unpriced:
        raise PlanError(
            "budget",
            f"no price is known for {', '.join(unpriced)}, so {plan.budget_usd:g} USD cannot be held",
            "Declare a price, plan without a budget, or allow unpriced calls.",
        )


class _Execution:
    """One run of a plan: its rows and where it stands."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        score: ScoreTrial,
        listener: Listener | None,
        endpoints: Callable[[], Iterable[str]],
        course: Course,
    ) -> None:
        self.plan, self.journal, self.score, self.listener = plan, journal, score, listener
        self.course = course
        self.loop = asyncio.get_running_loop()
        each = len(plan.cases) * plan.repeats
        planned = {arm.name: each for arm in plan.arms}
        self.tracker = Tracker(plan.execution_id, planned, self.loop.time, endpoints)
        self.noticed = -NOTICE_S
        self.judges = judges_of(plan.scorers)
        self.earlier: dict[str, Trial] = {}  # by trial id: rows of runs before this one
        self.scored: dict[str, list[Score]] = {}  # and their scores

    async def run(self, caller: Caller, stop: Stop, concurrency: int) -> Progress:
        cells = self.open_cells(stop)
        beat = self.loop.create_task(self.beat())
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
            beat.cancel()
            if stop.is_set:
                self.tracker.end("stopped", "it was stopped; run the same plan again to resume")
            if caller.budget.reached:
                self.tracker.again(caller.reached())  # the last calls are settled now
            if self.course.ended:
                self.tracker.end("stopped", self.course.ended)
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
            self.scored[trial.trial_id] = scores.get(trial.trial_id, [])
            self.tracker.add(trial, self.scored[trial.trial_id], earlier=True)
            if not self.lacking(trial):
                self.course.landed(trial, self.scored[trial.trial_id])

    def paid(self) -> set[str]:
        """Return the call keys whose cost is on a row already."""
        rows = self.earlier.values()
        return {row.call_key for row in rows if row.source == "call" and row.status != "error"}

    def open_cells(self, stop: Stop) -> Iterator[Cell]:
        """Yield the cells that lack an answer or a judge's score, until something ends the run."""
        for cell in self.course.cells():
            if stop.is_set or self.tracker.state != "running":
                return
            row = self.earlier.get(cell.trial_id)
            if row is None or self.lacking(row):
                yield cell

    def lacking(self, row: Trial) -> bool:
        """Return whether an earlier row lacks an answer or a judge's score."""
        return row.status == "error" or bool(self.owing(row))

    def owing(self, row: Trial) -> list[Scorer]:
        """Return the judges whose score of an earlier row is not there, or whose call failed."""
        there = {
            score.scorer
            for score in self.scored[row.trial_id]
            if score.value is not None or not score.attempts or score.attempts[-1].error_kind is None
        }
        return [scorer for scorer in self.plan.scorers if scorer.name not in there]

    async def work(self, cells: Iterator[Cell], caller: Caller) -> None:
        """Make one cell after the other; those that another run is at come last."""
        late = [cell for cell in cells if not await self.make(cell, caller, wait=False)]
        for cell in late:
            if self.tracker.state == "running":
                await self.make(cell, caller, wait=True)

    async def make(self, cell: Cell, caller: Caller, *, wait: bool) -> bool:
        """Make a cell's row, and report it; False: another run is at it."""
        before = self.earlier.get(cell.trial_id)
        if before is not None and before.status != "error":
            return await self.judge_again(before, caller, wait=wait)
        found = await caller.trial(cell, before, wait=wait)
        if found is None or found == "busy":  # None: nothing was sent: a stop, or the budget
            return found is None
        if isinstance(found, Landed):
            trial, scores = found.trial, self.journal.scores(self.plan.execution_id, [cell.trial_id])
        else:
            trial, scores = found, await self.judged(found, self.plan.scorers, caller)
            self.journal.put(trial, scores)
        if before is not None:
            self.tracker.remove(before)
        self.tracker.add(trial, scores)
        self.course.landed(trial, scores)
        self.notify()
        return True

    async def judged(self, trial: Trial, scorers: Sequence[Scorer], caller: Caller) -> list[Score]:
        """Return a trial's scores, judges' calls priced, without those that stop or budget held back."""
        allowance = caller.allowance()
        with allowance:
            scores = price_scores(await self.score(trial, scorers), scorers, self.plan.book)
        attempts = [attempt for score in scores for attempt in score.attempts]
        if attempts or allowance.holds:
            ended = allowance.close(attempts)
            caller.budget.settle(ended.spent, ended.released, ended.count)
        if caller.budget.reached:
            self.tracker.end("budget", caller.reached())
        return [score for score in scores if not (allowance.refused and self.unasked(score))]

    def unasked(self, score: Score) -> bool:
        """Return whether a score is missing since its judge was not asked: resuming asks it."""
        return score.value is None and not score.attempts and score.scorer in self.judges

    async def judge_again(self, row: Trial, caller: Caller, *, wait: bool) -> bool:
        """Make the scores that judges still owe for an earlier row; False: another run is at it."""
        while (claim := self.journal.claim_cell((row.execution_id, row.trial_id), caller.owner)) != "mine":
            self.scored[row.trial_id] = self.journal.scores(row.execution_id, [row.trial_id])
            if claim == "left" or not self.owing(row):
                break
            if not wait or caller.stop.is_set:
                return caller.stop.is_set
            await asyncio.sleep(BUSY_S)
        owed = self.owing(row)
        if not owed:
            self.course.landed(row, self.scored[row.trial_id])
        if not owed or caller.stop.is_set:
            return True
        scores = await self.judged(row, owed, caller)
        before = {score.scorer: score.attempts for score in self.scored[row.trial_id]}
        paid = [replace(each, attempts=before.get(each.scorer, ()) + each.attempts) for each in scores]
        self.journal.put_scores(row.execution_id, paid)
        self.tracker.add_scores(row.arm, scores)
        self.course.landed(row, [*self.scored[row.trial_id], *scores])
        self.notify()
        return True

    async def beat(self) -> None:
        """Tell where it stands, and what holds calls back, also while nothing lands."""
        while True:
            await asyncio.sleep(BEAT_S)
            self.notify()

    def notify(self, *, force: bool = False) -> None:
        now = self.loop.time()
        if self.listener is not None and (force or now - self.noticed >= NOTICE_S):
            self.noticed = now
            self.listener.notify(self.tracker.snapshot())
