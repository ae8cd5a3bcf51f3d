"""The verbs on results: compare, decide, approve, promote, report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.anytime import anytime
from workbench.analyze.compare import Comparison
from workbench.analyze.compare import compare as compare_table
from workbench.analyze.race import Race
from workbench.bench.deciding import evidence_of
from workbench.bench.loaded import compare_loaded, decide_loaded, gate_for
from workbench.errors import InputError, RecordError
from workbench.plan.gate import Gate
from workbench.promote.approval import Approval
from workbench.promote.approval import approve as approve_decision
from workbench.promote.decision import Decision
from workbench.promote.decision import decide as decide_comparison
from workbench.promote.evidence import Judge
from workbench.promote.history import Release
from workbench.promote.looks import Looks, note_look
from workbench.promote.release import promote as promote_decision
from workbench.run.handle import Run
from workbench.view.report import report_html
from workbench.view.widgets.once import show_once

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["Known", "approve", "compare", "decide", "promote", "report", "source_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Where a comparison comes from.

    Parameters
    ----------
    result
        The comparison.
    gate
        By which it is decided: the plan's, or for a loaded table the one given.
    frame
        The trial table that was compared.
    run
        The run it is of; None: the table was loaded, and there is nothing here to promote.
    race
        The race it is of; None: none.
    """

    result: Comparison
    gate: Gate
    frame: pd.DataFrame
    run: Run | None = None
    race: Race | None = None


def compare(
    bench: Bench,
    what: Run | Race | pd.DataFrame,
    *,
    score: str | None = None,
    incumbent: str | None = None,
    margin: float | None = None,
    gate: Gate | None = None,
) -> Comparison:
    """Compare the arms of a run (waits for it), of a race, or of a table that `load` gave.

    What has finished counts, and denominators say how much. MLflow gets a run's execution in the background;
    `sync` waits for it.

    Parameters
    ----------
    what
        A run or race: the gate of its plan says the score and the margin. A loaded table: the arguments do.
    score, margin, gate
        Of a loaded table; None: the gate's defaults, and the table's only score.
    incumbent
        Arm of a loaded table with which the others are compared.

    Raises
    ------
    InputError
        Where a run's plan would be overruled, or a loaded table lacks its incumbent.
    DatasetError
        Where nothing has finished, or an arm is without an answer.
    """
    if isinstance(what, pd.DataFrame):
        if incumbent is None:
            raise InputError("comparison", "it is not said who the incumbent is", "Say incumbent='<an arm>'.")
        rule = gate_for(what, score, margin, gate)
        return _keep(bench, Known(result=compare_loaded(what, rule, incumbent), gate=rule, frame=what))
    if not (score is None and incumbent is None and margin is None and gate is None):
        raise InputError(
            "comparison",
            "score, incumbent, margin and gate of a run are fixed by its plan",
            "Plan again with others; the answers that are there are not asked again.",
        )
    race, run = (what, what.run) if isinstance(what, Race) else (None, what)
    plan, frame = run.plan, run.result()
    rows = frame if race is None else race.rows(frame)
    result = compare_table(rows, plan.gate.score, plan.incumbent, plan.gate.margin, plan.gate.alpha)
    if race is not None:
        result = anytime(result, race)
    else:
        note_look(bench.journal, plan, len(rows))
    _keep(bench, Known(result=result, gate=plan.gate, frame=rows, run=run, race=race))
    bench.recording.record(plan, result, page(bench, run, result))
    return result


def _keep(bench: Bench, known: Known) -> Comparison:
    # By identity: equal tables of two runs are two results.
    bench.results[id(known.result)] = known
    return known.result


def page(bench: Bench, run: Run, result: Comparison, decision: Decision | None = None) -> str:
    """Return the report as one HTML text."""
    question = "" if bench.study is None else bench.study.question
    return report_html(run.plan, result, decision, run, question=question)


def source_of(bench: Bench, result: Comparison) -> Known:
    """Return where a comparison comes from.

    Raises
    ------
    InputError
        Where another bench made it.
    """
    known = bench.results.get(id(result))
    if known is None:
        raise InputError(
            "comparison",
            "it was not made by this bench",
            "Make it with bench.compare(run): the gate of the run's plan decides.",
        )
    return known


def _run_of(bench: Bench, result: Comparison) -> Run:
    run = source_of(bench, result).run
    if run is None:
        raise InputError(
            "comparison",
            "it is of a loaded table: its prompts are not here",
            "Run the variants with this bench; then the decision can be promoted.",
        )
    return run


def decide(
    bench: Bench,
    result: Comparison,
    *,
    judge: Judge | None = None,
    alias: str = "production",
    show: bool = True,
) -> Decision:
    """Decide by the gate that was fixed with the plan, and record the decision, whatever it is.

    Parameters
    ----------
    result
        Of `compare`.
    judge
        How well the judge of the deciding score agrees with people (`workbench.promote.evidence.Judge.of`).
        None: not known; a score that a model gives then promotes nothing, unless labels correct it.
    alias
        The alias that a promotion would move.
    show
        Whether the cell that decides shows the decision's card, in a notebook.
    """
    known = source_of(bench, result)
    if known.run is None:
        decision = decide_loaded(known.frame, result, known.gate, judge)
    else:
        decision = _decide_run(bench, known, known.run, alias, judge)
    if show and "ipykernel" in sys.modules:
        show_once(decision)
    return decision


def _decide_run(bench: Bench, known: Known, run: Run, alias: str, judge: Judge | None) -> Decision:
    plan, recorder = run.plan, bench.recording.recorder
    looks = None
    if known.race is not None:
        count = max(1, len(known.race.scores))
        looks = Looks(count=count, way="race", settled_by="an anytime-valid interval")
    decision = decide_comparison(
        known.result,
        plan.gate,
        study=plan.study,
        execution_id=plan.execution_id,
        plan_hash=plan.hash,
        evidence=evidence_of(bench, plan, known.frame, looks=looks, judge=judge),
        planned_gate_hash=plan.gate.hash,
        alias=alias,
        alias_version=_seen(bench, alias),
    )
    text = page(bench, run, known.result, decision)
    bench.recording.later(lambda: recorder.record_decision(decision.to_mapping(), text))
    return decision


def _seen(bench: Bench, alias: str) -> int | None:
    try:
        return bench.recording.recorder.get_alias(bench.name, alias)
    except RecordError:
        # The evidence can be seen without the store. `sync` says what is wrong with it, and a promotion
        # looks again: it is refused where the alias points to anything.
        return None


def approve(bench: Bench, decision: Decision, *, by: str, note: str = "") -> Approval:
    """Stand behind a decision to promote, before it is made; the gate says how many must.

    Parameters
    ----------
    by
        The role that approves, or who.
    note
        What was looked at.

    Raises
    ------
    PromotionError
        Where the decision promotes nothing, or nobody is named.
    """
    return approve_decision(decision, bench.journal, by=by, note=note)


def promote(bench: Bench, decision: Decision, *, why: str | None = None) -> Release:
    """Move the alias to the chosen arm: the decision is recorded first, the move after it.

    Raises
    ------
    PromotionError
        Without a decision to promote, without the approvals that the gate asks for, or where the alias has
        moved since.
    """
    run = _run_of(bench, decision.comparison)
    plan = run.plan
    html = page(bench, run, decision.comparison, decision)
    return bench.recording.now(
        lambda: promote_decision(
            decision,
            bench.recording.recorder,
            bench.journal,
            arm=plan.arm(decision.chosen or decision.incumbent),
            incumbent=plan.arm(decision.incumbent),
            why=why,
            html=html,
        )
    )


def report(bench: Bench, result: Comparison, decision: Decision | None = None) -> Path:
    """Write the result as one HTML file that opens without a network, and return its path."""
    run = _run_of(bench, result)
    bench.home.reports.mkdir(exist_ok=True)
    path = bench.home.reports / f"{bench.name}-{run.execution_id}.html"
    path.write_text(page(bench, run, result, decision), encoding="utf-8")
    return path
