"""`bench.pairwise`: two arms of a run, answer against answer, by a judge in both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import PlanError
from workbench.plan.plan import Plan
from workbench.run.handle import Run
from workbench.run.loop import background
from workbench.score.pairwise import Pairwise
from workbench.score.pairwise import pairwise as judge_pairs
from workbench.score.preference import Preference

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["pairwise"]


def pairwise(
    bench: Bench,
    what: Run | Plan,
    challenger: str,
    judge: Preference,
    *,
    incumbent: str | None = None,
    concurrency: int = 16,
) -> Pairwise:
    """Ask a judge which of two arms' answers is better, case by case; only what both orders say counts.

    No arm's model is asked again. Verdicts and what they cost are kept in the journal with the challenger's
    trials, so that asking again pays only for what is new or failed; the judge's prompt goes to the registry,
    and MLflow gets the scores in the background: `sync` waits for it.

    Parameters
    ----------
    what
        A run or its plan: what has landed of it.
    challenger
        Name of an arm.
    judge
        Of `workbench.score.preference.preference`.
    incumbent
        Name of an arm; None: the plan's incumbent.
    concurrency
        The most pairs asked about at once, at least 1; each is two calls.

    Raises
    ------
    PlanError
        Where the journal holds nothing of it.
    DatasetError
        Where no case was answered by both arms.
    """
    plan, journal = what if isinstance(what, Plan) else what.plan, bench.journal
    execution = plan.execution_id
    trials = journal.trials(execution)
    if not trials:
        raise PlanError(f"execution {execution}", "the journal holds no trial of it", "Run the plan first.")
    work = judge_pairs(
        trials,
        challenger,
        incumbent or plan.incumbent,
        judge,
        known=journal.scores(execution),
        book=bench.book,
        concurrency=concurrency,
    )
    found = background().submit(work).result()
    journal.put_scores(execution, found.scores)
    bench.recording.later(lambda: bench.recording.recorder.register_judge(plan.study, judge))
    bench.recording.rest(plan.study)
    return found
