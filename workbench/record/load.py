"""The trial table back from MLflow: from run ids, or from an execution's id."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from workbench.errors import RecordError
from workbench.record.arms import TABLE_FILE
from workbench.record.experiments import EXECUTION_TAG, KIND_TAG
from workbench.record.sources.evaluate import from_experiment, from_run
from workbench.record.store import Store, guarded
from workbench.record.tables import read_parquet

__all__ = ["load"]


def load(store: Store, what: str | Sequence[str]) -> pd.DataFrame:
    """Return the trial table as it was recorded; of a run of ``mlflow.genai.evaluate`` by its traces.

    Parameters
    ----------
    what
        An execution's id, an experiment's name, or one or more run ids: a parent run gives all its trials,
        an arm's run its own.

    Raises
    ------
    RecordError
        Where there is no such run, or it holds neither a trial table nor traces.
    """
    wanted = [what] if isinstance(what, str) else list(what)
    if not wanted:
        raise RecordError("runs", "none was named", "Name a run id or an execution id.")
    frames = [_load_one(store, name) for name in wanted]
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _load_one(store: Store, name: str) -> pd.DataFrame:
    run = _find_run(store, name)
    if run is None:
        return from_experiment(store, name)
    with guarded(store.uri), tempfile.TemporaryDirectory() as folder:
        if TABLE_FILE not in {item.path for item in store.client.list_artifacts(run)}:
            return from_run(store, run)
        return read_parquet(Path(store.client.download_artifacts(run, TABLE_FILE, folder)))


def _find_run(store: Store, name: str) -> str | None:
    from mlflow.exceptions import MlflowException

    with guarded(store.uri):
        try:
            return str(store.client.get_run(name).info.run_id)
        except MlflowException as error:
            if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise
        experiments = [item.experiment_id for item in store.client.search_experiments()]
        text = name.replace("'", "''")
        query = f"tags.`{EXECUTION_TAG}` = '{text}' and tags.`{KIND_TAG}` = 'execution'"
        found = store.client.search_runs(experiments, query, max_results=1)
    return str(found[0].info.run_id) if found else None
