"""A recorded decision, recomputed from what lies in MLflow; and what was changed since is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.record.examples import answer, make
from workbench.analyze.compare import compare
from workbench.core.records import Score, Trial
from workbench.core.table import to_frame
from workbench.errors import RecordError
from workbench.plan.gate import Gate
from workbench.plan.plan import Plan
from workbench.promote.decision import Decision, decide
from workbench.promote.evidence import gather
from workbench.promote.looks import Looks
from workbench.promote.verify import verify
from workbench.record.decisions import RecordedDecision, read_decision
from workbench.record.runs import Recorder


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Recorder:
    """Give a store of its own."""
    home = tmp_path_factory.mktemp("mlflow")
    return Recorder(f"sqlite:///{home}/mlflow.db", home)


def ran(study: str) -> tuple[Plan, list[Trial], list[Score]]:
    """Return 40 cases of two arms: the longer one is right, the other in two of three cases."""
    plan = make(study, n=40)
    trials, scores = answer(plan)
    cases = {trial.trial_id: (int(trial.case_id[1:]), trial.variant) for trial in trials}
    marked = []
    for score in scores:
        number, variant = cases[score.trial_id]
        value = float(variant == "long" or number % 3 > 0)
        marked.append(score if score.value is None else replace(score, value=value))
    return plan, trials, marked


def recorded(
    recorder: Recorder, study: str, gate: Gate | None = None, **evidence: Any
) -> tuple[str, Decision, Plan]:
    """Record an execution and a decision on it; return the decision's run, the decision and the plan."""
    plan, trials, scores = ran(study)
    gate = gate or plan.gate
    frame = to_frame(trials, scores)
    comparison = compare(frame, gate.score, plan.incumbent, gate.margin, gate.alpha)
    recorder.record(plan, trials, scores, comparison)
    decision = decide(
        comparison,
        gate,
        study=plan.study,
        execution_id=plan.execution_id,
        plan_hash=plan.hash,
        evidence=gather(frame, gate, plan.incumbent, seed=plan.seed, **evidence),
        planned_gate_hash=plan.gate.hash,
    )
    return recorder.record_decision(decision.to_mapping()), decision, plan


@pytest.fixture(scope="module")
def read(recorder: Recorder) -> RecordedDecision:
    """Give a decision as it lies in the store."""
    return read_decision(recorder.open(), recorded(recorder, "verified")[0])


def test_a_decision_is_what_its_artifacts_say(recorder: Recorder) -> None:
    """Every figure, word and metric is equal, whether it is named by its run or by its execution."""
    run, decision, plan = recorded(recorder, "as-recorded", looks=Looks(count=2))
    for name in (run, plan.execution_id):
        found = verify(read_decision(recorder.open(), name))
        assert found.ok, found.summary
        assert (found.run_id, found.verdict, found.trials) == (run, decision.verdict, len(plan))
        assert found.checked > 100
        assert "all equal" in found.summary
        assert found.frame.empty


def test_a_rollback_since_is_no_decision(recorder: Recorder) -> None:
    """It is recorded beside the decision and later; by either name the decision is found."""
    run, _, plan = recorded(recorder, "rolled-back")
    move = {"action": "rollback", "verdict": "rollback", "chosen": plan.incumbent, "move": 2}
    back = recorder.record_decision({"study": plan.study, "execution_id": plan.execution_id, **move})
    for name in (plan.execution_id, back):
        assert verify(read_decision(recorder.open(), name)).run_id == run


def test_a_changed_gate_is_recomputed_as_well(recorder: Recorder) -> None:
    """A decision by another gate than the planned one says so, then and now; slices are made again."""
    gate = Gate(score="exact", margin=0.05, min_cases=10, slice_by="user")
    run, decision, _ = recorded(recorder, "another-gate", gate)
    assert any("gate was changed" in reason for reason in decision.reasons)
    found = verify(read_decision(recorder.open(), run))
    assert found.ok, str(found)


def test_what_no_artifact_holds_is_taken_and_said(read: RecordedDecision) -> None:
    """A failed rule on the looks keeps its weight in the verdict recomputed, and its code is named."""
    found = verify(read)
    assert set(found.taken) == {"WB113", "WB114", "WB117"}
    assert all(code in found.summary for code in found.taken)


def test_a_changed_figure_is_named(read: RecordedDecision) -> None:
    """In the decision's own file: the place, what stands there and what it should be."""
    verdicts = [dict(row) for row in read.decision["verdicts"]]
    verdicts[0]["why"] = "because"
    forged = replace(read, decision={**read.decision, "verdicts": verdicts})
    (difference,) = verify(forged).differences
    assert difference.where == "verdicts[long@offline/minilm].why"
    assert difference.recorded == "because"
    assert "points" in difference.recomputed


def test_a_changed_metric_is_named(read: RecordedDecision) -> None:
    """In an arm's run, by the last digits that count; one that was taken away is missing."""
    arm = "long@offline/minilm"
    metrics = {name: dict(values) for name, values in read.metrics.items()}
    metrics[arm]["quality_mean"] *= 1 + 1e-9
    del metrics[arm]["cost_usd_per_1000"]
    found = {each.where: each.recorded for each in verify(replace(read, metrics=metrics)).differences}
    assert set(found) == {f"{arm}: quality_mean", f"{arm}: cost_usd_per_1000"}
    assert found[f"{arm}: cost_usd_per_1000"] is None


def test_changed_trials_change_the_decision(read: RecordedDecision) -> None:
    """One score turned in the trial table: its figures are no longer those recorded."""
    trials = read.trials.copy()
    first = trials.index[trials["score_exact"] == 1.0][0]
    trials.loc[first, "score_exact"] = 0.0
    found = verify(replace(read, trials=trials))
    assert not found.ok
    assert any("quality_mean" in each.where for each in found.differences)
    assert "NOT equal" in found.summary


def test_what_cannot_be_read(recorder: Recorder, read: RecordedDecision, tmp_path: Path) -> None:
    """No such decision; an execution that nobody decided on; a decision without its gate."""
    with pytest.raises(RecordError, match="not in this MLflow store"):
        read_decision(recorder.open(), "never-made")
    plan, trials, scores = ran("undecided")
    ids = recorder.record(plan, trials, scores)
    with pytest.raises(RecordError, match="not in this MLflow store"):
        read_decision(recorder.open(), ids.parent)
    bare = {name: value for name, value in read.decision.items() if name != "gate"}
    with pytest.raises(RecordError, match="cannot be read"):
        verify(replace(read, decision=bare))
