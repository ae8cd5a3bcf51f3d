"""Experiments and runs in MLflow: found by their tags, made where they are not there, never doubled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from workbench.core.redact import redact
from workbench.define.study import slug
from workbench.errors import RecordError
from workbench.record.prompts import PromptVersionRef
from workbench.record.store import Store, guarded

__all__ = ["ARM_TAG", "EXECUTION_TAG", "KIND_TAG", "Experiments"]

KIND_TAG = "workbench.kind"
EXECUTION_TAG = "workbench.execution_id"
ARM_TAG = "workbench.arm"
DECISION_TAG = "workbench.decision"
PARENT_TAG = "mlflow.parentRunId"
CHUNK = 100  # params or tags in one request


class Experiments:
    """The experiments and runs of one store.

    Parameters
    ----------
    store
        Where they are.
    artifacts
        Folder below which a local store's experiments keep their files; a server decides itself.
    now
        Gives seconds since the epoch.
    """

    def __init__(self, store: Store, artifacts: Path, now: Callable[[], float]) -> None:
        self._store = store
        self._client = store.client
        self._artifacts = artifacts
        self._now = now

    def experiment(self, study: str) -> str:
        """Return the id of a study's experiment.

        Raises
        ------
        RecordError
            Where it was deleted in MLflow, which keeps its name taken.
        """
        from mlflow.exceptions import MlflowException

        with guarded(self._store.uri):
            found = self._client.get_experiment_by_name(study)
            if found is None:
                place = None if self._store.remote else (self._artifacts / slug(study)).as_uri()
                try:
                    return str(self._client.create_experiment(study, artifact_location=place))
                except MlflowException:
                    found = self._client.get_experiment_by_name(study)  # another process was faster
                    if found is None:
                        raise
        if found.lifecycle_stage == "deleted":
            raise RecordError(
                f"experiment {study!r}",
                "was deleted in MLflow",
                f"Restore it: `mlflow experiments restore --experiment-id {found.experiment_id}`.",
            )
        return str(found.experiment_id)

    def _find(self, experiment: str, tags: Mapping[str, str]) -> str | None:
        quoted = {key: value.replace("'", "''") for key, value in tags.items()}
        query = " and ".join(f"tags.`{key}` = '{value}'" for key, value in quoted.items())
        found = self._client.search_runs(
            [experiment], query, max_results=1, order_by=["attributes.start_time ASC"]
        )
        return str(found[0].info.run_id) if found else None

    def _ensure(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        with guarded(self._store.uri):
            run = self._find(experiment, tags)
            if run is None:
                source = {"mlflow.source.name": "workbench", "mlflow.source.type": "LOCAL"}
                run = self._client.create_run(
                    experiment, start_time=int(self._now() * 1000), tags={**tags, **source}, run_name=name
                ).info.run_id
            return str(run)

    def parent(self, experiment: str, study: str, execution: str) -> str:
        """Return the run of an execution."""
        tags = {KIND_TAG: "execution", EXECUTION_TAG: execution}
        return self._ensure(experiment, f"{study} {execution[:8]}", tags)

    def child(self, experiment: str, parent: str, execution: str, arm: str) -> str:
        """Return the run of an arm, named like it."""
        tags = {KIND_TAG: "arm", EXECUTION_TAG: execution, ARM_TAG: arm, PARENT_TAG: parent}
        return self._ensure(experiment, arm, tags)

    def decision(self, experiment: str, parent: str, execution: str, name: str, identity: str) -> str:
        """Return the run of a decision."""
        tags = {KIND_TAG: "decision", EXECUTION_TAG: execution, DECISION_TAG: identity, PARENT_TAG: parent}
        return self._ensure(experiment, name, tags)

    def log(
        self,
        run: str,
        params: Mapping[str, str],
        metrics: Mapping[str, float],
        tags: Mapping[str, str],
    ) -> None:
        """Write what is new or changed of a run.

        A param that is there keeps its value, as MLflow demands; an equal metric gets no second point.
        """
        from mlflow.entities import Metric, Param, RunTag

        with guarded(self._store.uri):
            data = self._client.get_run(run).data
            at = int(self._now() * 1000)
            fresh = [Param(key, value) for key, value in params.items() if key not in data.params]
            points = [
                Metric(key, value, at, 0) for key, value in metrics.items() if data.metrics.get(key) != value
            ]
            marks = [
                RunTag(key, value[:5000]) for key, value in tags.items() if data.tags.get(key) != value[:5000]
            ]
            if points or marks:
                self._client.log_batch(run, metrics=points, tags=marks)
            for start in range(0, len(fresh), CHUNK):
                self._client.log_batch(run, params=fresh[start : start + CHUNK])

    def dataset(self, run: str, name: str, digest: str, source: str) -> None:
        """Name the dataset a run used, in MLflow's own column; of its digest MLflow keeps 36 digits."""
        from mlflow.entities import Dataset, DatasetInput

        entity = Dataset(name=name[:500], digest=digest[:36], source_type="local", source=redact(source))
        with guarded(self._store.uri):
            self._client.log_inputs(run, [DatasetInput(entity)])

    def files(self, run: str, folder: str, table: str | None = None) -> None:
        """Upload a folder as a run's artifacts; `table` names the file that MLflow shows as a table."""
        with guarded(self._store.uri):
            self._client.log_artifacts(run, folder)
        if table is not None:
            self.log(run, {}, {}, {"mlflow.loggedArtifacts": json.dumps([{"path": table, "type": "table"}])})

    def finish(self, run: str, end: float | None, *, complete: bool) -> None:
        """Mark a run as finished, or as stopped before all trials were made, at a time (None: now)."""
        at = self._now() if end is None else end
        with guarded(self._store.uri):
            status = "FINISHED" if complete else "KILLED"
            if self._client.get_run(run).info.status != status:
                self._client.set_terminated(run, status, int(at * 1000))

    def linked(self, run: str) -> PromptVersionRef | None:
        """Return the prompt version that was linked to an arm's run; None where none was."""
        with guarded(self._store.uri):
            data = self._client.get_run(run).data
        links = json.loads(data.tags.get("mlflow.linkedPrompts", "[]"))
        if not links:
            return None
        return PromptVersionRef(
            name=links[0]["name"], version=int(links[0]["version"]), hash=data.params.get("prompt_hash", "")
        )
