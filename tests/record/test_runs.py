"""What a person finds in MLflow, and that nothing is there twice."""

from __future__ import annotations

import json
from dataclasses import replace

from pandas.testing import assert_frame_equal

from tests.record.examples import answer, compared, make
from workbench.core.table import to_frame
from workbench.record.arms import measured_params
from workbench.record.runs import Recorder


def test_an_execution_is_a_parent_run_with_a_run_for_each_arm(recorder: Recorder) -> None:
    """Child runs are named like the arms, and carry params and metrics for Compare."""
    plan = make("arms")
    trials, scores = answer(plan)
    ids = recorder.record(plan, trials, scores, compared(plan), "<p>report</p>", {"../front.svg": "<svg/>"})
    client = recorder.open().client
    assert set(ids.children) == {arm.name for arm in plan.arms}
    run = client.get_run(ids.children["long@offline/minilm"])
    assert run.info.run_name == "long@offline/minilm"
    assert run.data.tags["mlflow.parentRunId"] == ids.parent
    assert run.data.params["variant"] == "long"
    assert run.data.params["temperature"] == "0.7"
    assert run.data.params["prompt_version"] == "2"
    assert run.data.metrics["quality_mean"] == 0.6
    assert run.data.metrics["attempted"] == 8
    assert run.data.metrics["answered"] < 8
    assert run.data.metrics["score_exact"] == 1.0
    assert "latency_p99_s" not in run.data.metrics  # missing is not zero
    assert run.data.params["price_out_per_mtok"] == "0.4"
    assert run.info.status == "FINISHED"
    own = [attempt for trial in trials if trial.arm == "long@offline/minilm" for attempt in trial.attempts]
    assert run.info.start_time == 1000 * min(attempt.started_at for attempt in own)
    assert run.info.end_time == 1000 * max(attempt.started_at + attempt.latency_s for attempt in own)
    assert run.inputs.dataset_inputs[0].dataset.name == "tickets"


def test_compare_begins_with_cost_against_quality(recorder: Recorder) -> None:
    """MLflow draws the first param against the first metric: an arm's final cost, and its quality."""
    plan = make("axes")
    trials, scores = answer(plan)
    client = recorder.open().client
    ids = recorder.record(plan, trials[:8], scores[:8], compared(plan))
    begun = [client.get_run(run).data.params for run in ids.children.values()]
    assert not any("USD per 1000 requests" in params for params in begun)
    recorder.record(plan, trials, scores, compared(plan))
    for number, run in enumerate(ids.children.values()):
        data = client.get_run(run).data
        assert (min(data.params), min(data.metrics)) == ("USD per 1000 requests", "Quality")
        assert float(data.params["USD per 1000 requests"]) == 0.01
        assert data.metrics["Quality"] == data.metrics["quality_mean"] == 0.5 + number / 10
        assert data.params["role"] == ("challenger" if number else "incumbent")


def test_an_unknown_cost_is_no_axis() -> None:
    """What has no price gets no param, rather than a zero."""
    assert measured_params({"cost_usd_per_1000": float("nan")}) == measured_params(None) == {}


def test_the_parent_holds_table_ledger_report_and_charts(recorder: Recorder) -> None:
    """Artifacts open from the run; no file name leaves the run's folder."""
    plan = make("files")
    trials, scores = answer(plan)
    ids = recorder.record(plan, trials, scores, None, "<p>report</p>", {"../front.svg": "<svg/>"})
    client = recorder.open().client
    names = {item.path for item in client.list_artifacts(ids.parent)}
    assert names == {
        "trials.parquet",
        "trials_table.json",
        "attempts.parquet",
        "environment.json",
        "plan.txt",
        "report.html",
        "front.svg",
    }
    tags = client.get_run(ids.parent).data.tags
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "trials_table.json", "type": "table"}]
    assert tags["traces_sampled"] == "all 16 trials"


def test_recording_twice_doubles_nothing(recorder: Recorder) -> None:
    """The same execution again finds its runs, versions, metrics and traces."""
    plan = make("twice")
    trials, scores = answer(plan)
    first = recorder.record(plan, trials, scores, compared(plan))
    again = recorder.record(plan, trials, scores, compared(plan))
    assert first == again
    client = recorder.open().client
    assert len(client.search_runs([first.experiment_id])) == 3
    assert len(client.search_traces(locations=[first.experiment_id])) == 16
    run = first.children["terse@offline/minilm"]
    assert len(client.get_metric_history(run, "quality_mean")) == 1


def test_a_resumed_execution_is_brought_up_to_date(recorder: Recorder) -> None:
    """Metrics and traces follow; the run is first stopped, then finished."""
    plan = make("resumed")
    trials, scores = answer(plan)
    ids = recorder.record(plan, trials[:8], scores[:8])
    client = recorder.open().client
    assert client.get_run(ids.parent).info.status == "KILLED"
    assert client.get_run(ids.parent).data.metrics["calls"] == 8
    recorder.record(plan, trials, scores)
    assert client.get_run(ids.parent).info.status == "FINISHED"
    assert client.get_run(ids.parent).data.metrics["calls"] == 16
    assert len(client.search_traces(locations=[ids.experiment_id])) == 16


def test_load_gives_the_same_trial_table_back(recorder: Recorder) -> None:
    """By execution, by parent run, and by the arms' runs."""
    plan = make("loaded")
    trials, scores = answer(plan)
    mixed = {"extra": ["a", 1], "maybe": None}
    trials[0] = replace(trials[0], case={**trials[0].case, **mixed})
    ids = recorder.record(plan, trials, scores)
    frame = to_frame(trials, scores)
    assert_frame_equal(recorder.load(plan.execution_id), frame)
    assert_frame_equal(recorder.load(ids.parent), frame)
    parts = recorder.load(list(ids.children.values()))
    assert sorted(parts["trial_id"]) == sorted(frame["trial_id"])
    assert str(parts["started_at"].dtype) == str(frame["started_at"].dtype)


def test_a_decision_is_a_run_of_its_own_and_marks_the_execution(recorder: Recorder) -> None:
    """The same decision again is the same run; another one is another."""
    plan = make("decided")
    ids = recorder.begin(plan)
    decision = {
        "study": plan.study,
        "execution_id": plan.execution_id,
        "verdict": "promote",
        "chosen": "long@offline/minilm",
        "reasons": ["better"],
    }
    run = recorder.record_decision(decision, "<p>card</p>", {"rules.json": "[]"})
    assert recorder.record_decision(decision) == run
    assert recorder.record_decision({**decision, "verdict": "keep", "chosen": None}) != run
    client = recorder.open().client
    assert client.get_run(ids.parent).data.tags["verdict"] == "keep"
    assert client.get_run(run).info.run_name == "decision: promote long@offline/minilm"
    assert {item.path for item in client.list_artifacts(run)} == {
        "decision.json",
        "decision.html",
        "rules.json",
    }


def test_secrets_do_not_reach_mlflow(recorder: Recorder) -> None:
    """A key in an answer is masked in traces and in the table."""
    key = "sk-" + "notareal" * 4
    plan = make("secrets", n=1, repeats=1)
    trials, scores = answer(plan)
    trials[0] = replace(trials[0], output=f"the key is {key}")
    ids = recorder.record(plan, trials, scores)
    assert key not in recorder.load(ids.parent).to_csv()
    traces = recorder.open().client.search_traces(locations=[ids.experiment_id])
    assert not any(key in trace.to_json() for trace in traces)
    assert any("[redacted]" in trace.to_json() for trace in traces)
