"""A decision back from MLflow, with everything it was made from."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import RecordError
from workbench.record.experiments import ARM_TAG, EXECUTION_TAG, KIND_TAG
from workbench.record.load import load
from workbench.record.store import Store, guarded

__all__ = ["RecordedDecision", "read_decision"]

PARENT_TAG = "mlflow.parentRunId"
FILE = "decision.json"
ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedDecision:
    """A decision and its artifacts, as they lie in MLflow.

    Parameters
    ----------
    run_id
        The decision's run.
    decision
        What it says: plain values.
    trials
        The trial table of its execution.
    params
        The execution's params.
    metrics
        By arm: the metrics of its run.
    """

    run_id: str
    decision: Mapping[str, Any]
    trials: pd.DataFrame
    params: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, float]]


def read_decision(store: Store, name: str) -> RecordedDecision:
    """Return a decision by its run's id, or the latest one of an execution by that one's id.

    A rollback is recorded beside the decisions and is none: its run's id leads to the execution's latest one.

    Raises
    ------
    RecordError
        Where there is none, or its artifacts are not there.
    """
    with guarded(store.uri):
        run = _find(store, name)
        if run is None:
            raise RecordError(
                f"decision {name!r}", "is not in this MLflow store", "Name a decision's run or an execution."
            )
        tags, experiment = run.data.tags, run.info.experiment_id
        content = _content(store, run.info.run_id)
        execution = store.client.get_run(tags[PARENT_TAG])
        query = f"tags.`{EXECUTION_TAG}` = '{tags[EXECUTION_TAG]}' and tags.`{KIND_TAG}` = 'arm'"
        arms = store.client.search_runs([experiment], query, max_results=1000)
    return RecordedDecision(
        run_id=run.info.run_id,
        decision=content,
        trials=load(store, execution.info.run_id),
        params=dict(execution.data.params),
        metrics={arm.data.tags[ARM_TAG]: dict(arm.data.metrics) for arm in arms},
    )


def _find(store: Store, name: str) -> Any:
    """Return the run of a decision; None where there is none."""
    from mlflow.exceptions import MlflowException

    try:
        run = store.client.get_run(name)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
    else:
        if run.data.tags.get(KIND_TAG) == "decision" and run.data.params.get("verdict") != ROLLBACK:
            return run
        name = run.data.tags.get(EXECUTION_TAG, name)
    experiments = [item.experiment_id for item in store.client.search_experiments()]
    text = name.replace("'", "''")
    query = (
        f"tags.`{EXECUTION_TAG}` = '{text}' and tags.`{KIND_TAG}` = 'decision'"
        f" and params.verdict != '{ROLLBACK}'"
    )
    found = store.client.search_runs(
        experiments, query, max_results=1, order_by=["attributes.start_time DESC"]
    )
    return found[0] if found else None


def _content(store: Store, run_id: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        if FILE not in {item.path for item in store.client.list_artifacts(run_id)}:
            raise RecordError(f"decision {run_id}", f"has no {FILE}", "Decide again: it is recorded anew.")
        path = Path(store.client.download_artifacts(run_id, FILE, folder))
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content
