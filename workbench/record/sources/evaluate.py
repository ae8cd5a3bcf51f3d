"""MLflow's evaluate runs, and any traces of an experiment, as a trial table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from workbench.errors import RecordError
from workbench.record.experiments import EXECUTION_TAG
from workbench.record.sources.rows import Judged, case_of, number, table
from workbench.record.store import Store, guarded

__all__ = ["from_experiment", "from_run"]

PAGE = 200
SOURCE_RUN = "mlflow.sourceRun"
REQUEST = "mlflow.eval.requestId"


def from_run(store: Store, run_id: str) -> pd.DataFrame:
    """Return the traces of one run as a trial table: its name is the arm.

    Raises
    ------
    RecordError
        Where it has no traces.
    """
    with guarded(store.uri):
        run = store.client.get_run(run_id)
        traces = list(_traces(store, [run.info.experiment_id], run_id))
    return _table(store, traces, f"run {run_id}", {run_id: run}, str(run.info.run_name))


def from_experiment(store: Store, name: str) -> pd.DataFrame:
    """Return all traces of an experiment as one table: each run is an arm, traces of no run are one.

    Raises
    ------
    RecordError
        Where there is no such experiment, it is a study of the workbench, or it has no traces.
    """
    with guarded(store.uri):
        found = store.client.get_experiment_by_name(name)
        if found is None:
            raise RecordError(
                f"{name!r}",
                "is not in this MLflow store: no run, execution or experiment",
                "Look in `workbench ui`.",
            )
        runs = {
            run.info.run_id: run for run in store.client.search_runs([found.experiment_id], max_results=1000)
        }
        own = [run.data.tags[EXECUTION_TAG] for run in runs.values() if EXECUTION_TAG in run.data.tags]
        if own:
            latest = ", ".join(list(dict.fromkeys(own))[:3])
            raise RecordError(
                f"experiment {name!r}", "is a study of the workbench", f"Name an execution: {latest}."
            )
        traces = list(_traces(store, [found.experiment_id], None))
    return _table(store, traces, f"experiment {name}", runs, name)


def _traces(store: Store, experiments: Sequence[str], run_id: str | None) -> Iterator[Any]:
    token = None
    while True:
        page = store.client.search_traces(
            locations=list(experiments), run_id=run_id, max_results=PAGE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _table(
    store: Store, traces: Sequence[Any], source: str, runs: dict[str, Any], study: str
) -> pd.DataFrame:
    if not traces:
        raise RecordError(
            source,
            "holds no trial table and no traces",
            "Name a run of mlflow.genai.evaluate, or an execution.",
        )
    arms = _arms(runs)
    ordered = sorted(traces, key=lambda trace: trace.info.request_time)
    rows = [_row(made, arms, study) for made in _one_a_row(ordered)]
    return table(rows, source, study=study)


def _arms(runs: dict[str, Any]) -> dict[str, str]:
    """Return names by run id; runs of one name are told apart by their ids."""
    names = [str(run.info.run_name or key[:8]) for key, run in runs.items()]
    return {
        key: name if names.count(name) == 1 else f"{name}-{key[:8]}"
        for key, name in zip(runs, names, strict=True)
    }


def _one_a_row(traces: Sequence[Any]) -> list[list[Any]]:
    """Return the traces of a row together: evaluate asks again where a call failed, and traces that too."""
    groups: dict[tuple[str, str], list[Any]] = {}
    for trace in traces:
        request = trace.info.tags.get(REQUEST) or trace.info.trace_id
        groups.setdefault((trace.info.trace_metadata.get(SOURCE_RUN, ""), request), []).append(trace)
    return list(groups.values())


def _row(made: Sequence[Any], arms: dict[str, str], study: str) -> dict[str, Any]:
    # The scores are on one of them: that is the one that counted.
    trace = next((each for each in reversed(made) if each.info.assessments), made[-1])
    info = trace.info
    inputs, output = _plain(trace.data.request), _plain(trace.data.response)
    arm = arms.get(info.trace_metadata.get(SOURCE_RUN, ""), study)
    state = getattr(info.state, "value", str(info.state))
    broke = state != "OK"
    usage, cost = info.token_usage or {}, info.cost or {}
    expected = {each.name: each.expectation.value for each in _kind(info, "expectation")}
    columns = inputs if isinstance(inputs, dict) else {"input": inputs}
    return {
        "arm": arm,
        "variant": arm,
        "case_id": case_of(inputs),
        "status": "error" if broke else "ok" if output not in (None, "") else "empty",
        "output": output,
        "expected": next(iter(expected.values())) if len(expected) == 1 else expected or None,
        "error_kind": "elsewhere" if broke else None,
        "error": _error(trace, state) if broke else None,
        "attempts": len(made),
        "started_at": pd.Timestamp(info.request_time, unit="ms", tz="UTC"),
        "latency_s": None if broke or info.execution_duration is None else info.execution_duration / 1000,
        "tokens_in": usage.get("input_tokens"),
        "tokens_out": usage.get("output_tokens"),
        "cost_usd": cost.get("total_cost"),
        **{f"case_{name}": value for name, value in columns.items()},
        "scores": {each.name: _feedback(each) for each in _kind(info, "feedback")},
    }


def _kind(info: Any, kind: str) -> list[Any]:
    """Return the assessments of a kind, oldest first, without those that were overridden."""
    found = [each for each in info.assessments or [] if getattr(each, kind, None) is not None]
    valid = [each for each in found if each.valid is not False]
    return sorted(valid, key=lambda each: each.create_time_ms or 0)


def _feedback(assessment: Any) -> Judged:
    error = assessment.feedback.error
    if error is not None:
        words = getattr(error, "error_message", None) or getattr(error, "error_code", None) or error
        return Judged(value=None, missing=f"scorer failed: {words}")
    return number(assessment.feedback.value, assessment.rationale)


def _error(trace: Any, state: str) -> str:
    for span in trace.data.spans:
        for event in span.events or ():
            message = (event.attributes or {}).get("exception.message")
            if message:
                return str(message)
    return f"the trace ended as {state}"


def _plain(text: Any) -> Any:
    """Return what a trace keeps as JSON; what is none as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
