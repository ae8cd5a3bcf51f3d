"""Traces: complete, linked, searchable, and never doubled."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.record.examples import answer, make
from workbench.record.entities import trace_id
from workbench.record.experiments import ArmRun
from workbench.record.runs import Recorder
from workbench.record.traces import write_traces


def test_a_trace_has_prompt_answer_tokens_cost_user_and_tags(recorder: Recorder) -> None:
    """Everything a person looks for stands on the trace."""
    plan = make("complete")
    trials, scores = answer(plan)
    recorder.begin(plan)
    assert recorder.add_traces(trials, scores) == 16
    trace = recorder.open().client.get_trace(trace_id(trials[0].trial_id))
    inputs = trace.data.spans[0].inputs
    assert inputs["messages"] == [message.to_dict() for message in trials[0].messages]
    assert inputs["temperature"] == 0.7
    assert trace.data.spans[0].outputs["choices"][0]["message"]["content"] == "billing"
    assert trace.info.token_usage == {"input_tokens": 20, "output_tokens": 2, "total_tokens": 22}
    assert trace.info.cost["total_cost"] == 1e-5
    assert trace.info.cost["output_cost"] == pytest.approx(2 * 0.4 / 1e6)
    assert trace.info.cost["input_cost"] == pytest.approx(1e-5 - 2 * 0.4 / 1e6)
    assert trace.info.trace_metadata["mlflow.trace.user"] == trials[0].case["user"]
    tags = trace.info.tags
    assert tags["arm"] == trials[0].arm
    assert tags["case_id"] == trials[0].case_id
    assert tags["repeat"] == "0"
    assert tags["status"] == "ok"
    assert tags["feature"] == "mail"
    assert trace.info.execution_duration == 250
    values = {item.name: item for item in trace.info.assessments}
    assert values["exact"].feedback.value == 1.0
    assert values["exact"].rationale == "equal"
    assert values["expected"].expectation.value == "billing"


def test_a_hit_of_the_semantic_cache_says_how_near_and_whose(recorder: Recorder) -> None:
    """Its similarity and the call whose answer it is are tags; what was asked of a model has neither."""
    plan = make("cached")
    trials, _ = answer(plan)
    hit = replace(trials[0], source="semantic", similarity=0.93125, source_call="c1")
    recorder.add_traces([hit, *trials[1:]], ())
    client = recorder.open().client
    tags = client.get_trace(trace_id(hit.trial_id)).info.tags
    assert (tags["source"], tags["cache.similarity"], tags["cache.source"]) == ("semantic", "0.9313", "c1")
    assert "cache.source" not in client.get_trace(trace_id(trials[1].trial_id)).info.tags


def test_a_failure_is_an_error_without_tokens_and_its_score_is_missing(recorder: Recorder) -> None:
    """Missing is not zero in MLflow either."""
    plan = make("failures")
    trials, scores = answer(plan)
    recorder.add_traces(trials, scores)
    trace = recorder.open().client.get_trace(trace_id(trials[4].trial_id))
    assert trace.info.state == "ERROR"
    assert trace.info.tags["error_kind"] == "server"
    assert trace.info.token_usage is None
    assert trace.info.cost is None
    (feedback,) = [item for item in trace.info.assessments if item.name == "exact"]
    assert feedback.feedback.value is None
    assert feedback.feedback.error.error_message == "error"


def test_traces_are_found_by_run_prompt_user_and_tag(recorder: Recorder) -> None:
    """Searches of MLflow's UI find the arm's traces."""
    plan = make("searched")
    trials, scores = answer(plan)
    ids = recorder.begin(plan)
    recorder.add_traces(trials, scores)
    arm = "long@offline/minilm"
    wanted = {trace_id(trial.trial_id) for trial in trials if trial.arm == arm}
    version = ids.prompts[arm]
    for query in (
        f"attributes.run_id = '{ids.children[arm]}'",
        f'prompt = "{version.name}/{version.version}"',
        f"tags.arm = '{arm}'",
    ):
        found = recorder.open().client.search_traces(locations=[ids.experiment_id], filter_string=query)
        assert {trace.info.trace_id for trace in found} == wanted


def test_redelivery_changes_nothing(recorder: Recorder) -> None:
    """The same trials again write no trace, no span, no assessment and no link."""
    plan = make("redelivered")
    trials, scores = answer(plan)
    ids = recorder.begin(plan)
    recorder.add_traces(trials, scores)
    client = recorder.open().client
    before = [trace.to_json() for trace in client.search_traces(locations=[ids.experiment_id])]
    assert recorder.add_traces(trials, scores) == 0
    assert [trace.to_json() for trace in client.search_traces(locations=[ids.experiment_id])] == before


class Rival:
    """A store at which another machine makes each link between MLflow's look and its write."""

    def __init__(self, store: Any) -> None:
        self.store, self.made = store, set[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def link_prompts_to_trace(self, identity: str, prompts: list[Any]) -> None:
        """Fail once for each trace, as a unique key does."""
        from mlflow.exceptions import MlflowException

        self.store.link_prompts_to_trace(identity, prompts)
        if identity not in self.made:
            self.made.add(identity)
            raise MlflowException("UNIQUE constraint failed: entity_associations.source_id")


def test_a_link_that_another_machine_makes_meanwhile_is_one(recorder: Recorder) -> None:
    """Two machines that deliver one execution to one server both get through."""
    plan = make("two machines", n=2, repeats=1)
    trials, scores = answer(plan)
    ids, store = recorder.begin(plan), recorder.open()
    rival = Rival(store.tracking)
    runs = {arm: ArmRun(run=run, prompt=ids.prompts[arm]) for arm, run in ids.children.items()}
    assert (
        write_traces(replace(store, tracking=rival), ids.experiment_id, trials, scores, runs, now=0.0)
        == len(rival.made)
        == 4
    )


def test_a_trial_asked_again_and_scored_again_replaces_its_trace(recorder: Recorder) -> None:
    """A failure that was mended is OK afterwards; its new score stands in the old one's place."""
    plan = make("mended")
    trials, scores = answer(plan)
    recorder.add_traces(trials, scores)
    trials[4] = replace(trials[4], status="ok", output="other", error=None, error_kind=None)
    scores[4] = replace(scores[4], value=0.0, missing=None, reason="different")
    assert recorder.add_traces(trials, scores) == 1
    trace = recorder.open().client.get_trace(trace_id(trials[4].trial_id))
    assert trace.info.state == "OK"
    assert trace.info.tags["status"] == "ok"
    assert len(trace.data.spans) == 1
    (feedback,) = [item for item in trace.info.assessments if item.name == "exact"]
    assert feedback.feedback.value == 0.0
    assert feedback.feedback.error is None


@given(st.text(max_size=40))
def test_trace_ids_are_well_formed_and_stable(trial_id: str) -> None:
    """Any trial id gives 32 hexadecimal digits, the same each time."""
    made = trace_id(trial_id)
    assert made == trace_id(trial_id)
    assert len(made) == 35
    int(made.removeprefix("tr-"), 16)
