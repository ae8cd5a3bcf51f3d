"""What a decision rests on, as a bench knows it; and a decision on the last execution, without asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.compare import compare
from workbench.bench.home import find_study
from workbench.core.table import to_frame
from workbench.define.study import Study
from workbench.errors import PlanError
from workbench.plan.gate import Gate
from workbench.plan.plan import Plan
from workbench.promote.decision import Decision, decide
from workbench.promote.evidence import Evidence, Judge, gather
from workbench.promote.looks import Looks, count_looks
from workbench.score.asking import Judging

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["decide_last", "evidence_of"]


def evidence_of(
    bench: Bench,
    plan: Plan,
    frame: pd.DataFrame,
    *,
    looks: Looks | None = None,
    judge: Judge | None = None,
) -> Evidence:
    """Return the evidence beside a comparison: what the gate asks for, the dataset of now, the looks.

    Parameters
    ----------
    plan, frame
        What was planned, and its trial table.
    looks
        How the result came about, where it is no plain run; None: counted in the journal.
    judge
        How well the judge agrees with people; None: a model's score counts as never held against them.
    """
    return gather(
        frame,
        plan.gate,
        plan.incumbent,
        cases_planned=plan.cases.digest,
        cases_now=_cases_now(bench, plan),
        judge=_judge_now(plan, judge),
        looks=count_looks(bench.journal, plan, len(frame)) if looks is None else looks,
        seed=plan.seed,
    )


def _judge_now(plan: Plan, judge: Judge | None) -> Judge | None:
    """Return the judge of the deciding score as it is now; None where no model gives that score."""
    score = plan.gate.score
    now = next((each for each in plan.scorers if each.name == score and isinstance(each, Judging)), None)
    if judge is None:
        return None if now is None else Judge.unheld(score)
    return judge if now is None else judge.seen(now.digest)


def _cases_now(bench: Bench, plan: Plan) -> str | None:
    """Return the digest of the study file's cases as they are on the disk; None where others were planned."""
    study, file = bench.study, find_study(bench.home, bench.name)
    if study is None or file is None or study.dataset.digest != plan.cases.digest:
        return None
    return Study.load(file).dataset.digest


def decide_last(bench: Bench, plan: Plan) -> Decision:
    """Decide on the last execution of the study as the journal holds it; asks nothing, records nothing.

    Parameters
    ----------
    plan
        What would be run today: its gate decides, and a gate or cases other than those of the execution are
        shown.

    Raises
    ------
    PlanError
        Where the journal holds no execution of the study.
    DatasetError
        Where nothing of it has finished.
    """
    known = bench.journal.executions(bench.name)
    if not known:
        raise PlanError(f"study {bench.name}", "the journal holds no execution of it", "Run the study first.")
    last, gate = known[-1], plan.gate
    incumbent = str(last.plan["incumbent"])
    trials, scores = bench.journal.trials(last.execution_id), bench.journal.scores(last.execution_id)
    frame = to_frame(trials, scores)
    same = plan.execution_id == last.execution_id
    return decide(
        compare(frame, gate.score, incumbent, gate.margin, gate.alpha),
        gate,
        study=bench.name,
        execution_id=last.execution_id,
        plan_hash=str(last.plan["hash"]),
        evidence=gather(
            frame,
            gate,
            incumbent,
            cases_planned=str(last.plan["cases"]["digest"]),
            cases_now=plan.cases.digest,
            judge=_judge_now(plan, None),
            looks=count_looks(bench.journal, plan, len(frame)) if same else None,
            seed=int(last.plan["seed"]),
        ),
        planned_gate_hash=Gate.from_mapping(last.plan["gate"]).hash,
    )
