"""`bench.recheck`: sentinel cases are asked again, and what comes back is held against what came before."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.drift import Recheck, drift
from workbench.core.table import answered, to_frame
from workbench.define.dataset import Dataset
from workbench.errors import PlanError
from workbench.plan.grid import permuted
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.run.handle import Run

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["SENTINELS", "recheck", "recheck_plan"]

SENTINELS = 50
"""Cases that are asked again where nobody says how many."""

FEWEST_REPEATS = 2
"""Draws of each: how much answers vary anyway is seen only where a case is drawn twice."""

SUFFIX = "-recheck"
"""Rechecks are kept as a study of their own: the last execution of the study stays the one that decides."""


def recheck_plan(
    bench: Bench,
    of: Run | Plan,
    *,
    cases: int = SENTINELS,
    seed: int = 1,
    budget_usd: float | None = None,
    now: Callable[[], float] = time.time,
) -> Plan:
    """Return the plan of a recheck: what it will cost, before it is asked.

    Parameters
    ----------
    of, cases, seed, budget_usd, now
        As `recheck` takes them.

    Raises
    ------
    PlanError
        Where nothing of it was answered.
    """
    plan = of if isinstance(of, Plan) else of.plan
    frame = _before(bench, plan)
    day = datetime.fromtimestamp(now(), UTC).date().isoformat()
    sentinels = _sentinels(plan, frame, cases, seed)
    return make_plan(
        f"{plan.study}{SUFFIX}",
        list({arm.variant.name: arm.variant for arm in plan.arms}.values()),
        sentinels,
        models=list({arm.model.name: arm.model for arm in plan.arms}.values()),
        scorers=plan.scorers,
        incumbent=plan.incumbent,
        repeats=max(FEWEST_REPEATS, plan.repeats),
        seed=plan.seed,
        sample=bench.models.draw(f"recheck-{day}"),
        gate=plan.gate if plan.scorers else None,
        budget_usd=budget_usd,
        book=bench.book,
        params=plan.params,
        workload=plan.workload,
        concurrency=bench.concurrency,
        count=bench.models.count,
        known=bench.journal.reply,
    )


def recheck(
    bench: Bench,
    of: Run | Plan,
    *,
    cases: int = SENTINELS,
    seed: int = 1,
    budget_usd: float | None = None,
    alpha: float = 0.05,
    now: Callable[[], float] = time.time,
) -> Recheck:
    """Ask some answered cases again, freshly, and say whether the models behind the names have changed.

    Each arm is asked a seeded subset of the cases that all arms answered, at least twice each. The draws are
    new (their sample carries the day: again on the same day resumes, on another day draws anew), and are
    kept in the journal and in MLflow under the study's name with ``-recheck``. It waits for the answers.

    Parameters
    ----------
    of
        A run, or the plan of one.
    cases
        How many, at least 1; all there are where there are fewer.
    seed
        Of the choice.
    budget_usd
        What it may spend; None: no limit.
    alpha
        Chance that an unchanged arm is called changed, over all arms and measures, in (0, 1).
    now
        Gives seconds since the epoch.

    Raises
    ------
    PlanError
        Where nothing of it was answered, or `cases` is below 1.
    DatasetError
        Where no sentinel was answered this time.
    """
    plan = of if isinstance(of, Plan) else of.plan
    before = _before(bench, plan)
    again = recheck_plan(bench, plan, cases=cases, seed=seed, budget_usd=budget_usd, now=now)
    bench.models.prepare()
    frame = bench.run(again, show=False).result()
    bench.recording.record(again, None, None)
    return drift(before, frame, plan.gate.score, alpha=alpha, seed=seed)


def _before(bench: Bench, plan: Plan) -> pd.DataFrame:
    execution = plan.execution_id
    trials, scores = bench.journal.trials(execution), bench.journal.scores(execution)
    if not trials:
        raise PlanError(f"execution {execution}", "the journal holds no trial of it", "Run the plan first.")
    return to_frame(trials, scores)


def _sentinels(plan: Plan, frame: pd.DataFrame, cases: int, seed: int) -> Dataset:
    if isinstance(cases, bool) or not isinstance(cases, int) or cases < 1:
        raise PlanError("recheck", f"cases is {cases!r}", "Use a whole number of at least 1.")
    arms = frame[answered(frame)].groupby("case_id")["arm"].nunique()
    whole = set(arms.index[arms == len(plan.arms)])
    # Another seed than the plan's order, so that what was asked first is not asked again and again.
    chosen = [case.case_id for case in permuted(plan.cases.cases, seed + 1) if case.case_id in whole][:cases]
    if not chosen:
        raise PlanError("recheck", "no case was answered by every arm", "Run the plan to its end first.")
    table = plan.cases.frame
    return Dataset.from_frame(
        table[table["case_id"].isin(chosen)],
        expected=plan.cases.expected,
        id="case_id",
        name=f"{plan.cases.name}, sentinels",
    )
