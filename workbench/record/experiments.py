"""Experiments and runs in MLflow: found by their tags, made where they are not there, never doubled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.core.redact import redact
from workbench.define.study import slug
from workbench.errors import RecordError
from workbench.record.prompts import PromptVersionRef
from workbench.record.store import Store, guarded

__all__ = ["ARM_TAG", "EXECUTION_TAG", "KIND_TAG", "PRICE_OUT", "ArmRun", "Experiments"]

KIND_TAG = "workbench.kind"
EXECUTION_TAG = "workbench.execution_id"
ARM_TAG = "workbench.arm"
DECISION_TAG = "workbench.decision"
PARENT_TAG = "mlflow.parentRunId"
PRICE_OUT = "price_out_per_mtok"
CHUNK = 100  # params or tags in one request


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmRun:
    """An arm's run, and what its traces need to know of it.

    Parameters
    ----------
    run
        The run's id.
    prompt
        The prompt version the arm asks with; None where none was linked.
    price_out_per_mtok
        USD per million output tokens, by which a trace's cost is split; None where unknown.
    """

    run: str
    prompt: PromptVersionRef | None = None
    price_out_per_mtok: float | None = None


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

    def tagged(self, experiment: str, tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return all tags of the runs that have these, by run id, the latest 1,000."""
        with guarded(self._store.uri):
            found = self._client.search_runs([experiment], _query(tags), max_results=1000)
        # The query may find more, see there.
        return {
            str(run.info.run_id): dict(run.data.tags)
            for run in found
            if tags.items() <= run.data.tags.items()
        }

    def _find(self, experiment: str, tags: Mapping[str, str]) -> str | None:
        found = self._client.search_runs(
            [experiment], _query(tags), max_results=50, order_by=["attributes.start_time ASC"]
        )
        return next((str(run.info.run_id) for run in found if tags.items() <= run.data.tags.items()), None)

    def _ensure(self, experiment: str, name: str, tags: Mapping[str, str], start: float | None = None) -> str:
        with guarded(self._store.uri):
            run = self._find(experiment, tags)
            if run is None:
                source = {"mlflow.source.name": "workbench", "mlflow.source.type": "LOCAL"}
                began = int((self._now() if start is None else start) * 1000)
                run = self._client.create_run(
                    experiment, start_time=began, tags={**tags, **source}, run_name=name
                ).info.run_id
            return str(run)

    def parent(self, experiment: str, study: str, execution: str, start: float | None = None) -> str:
        """Return the run of an execution; one that is made has begun at `start` (None: now)."""
        tags = {KIND_TAG: "execution", EXECUTION_TAG: execution}
        return self._ensure(experiment, f"{study} {execution[:8]}", tags, start)

    def child(
        self, experiment: str, parent: str, execution: str, arm: str, start: float | None = None
    ) -> str:
        """Return the run of an arm, named like it; one that is made has begun at `start` (None: now)."""
        tags = {KIND_TAG: "arm", EXECUTION_TAG: execution, ARM_TAG: arm, PARENT_TAG: parent}
        return self._ensure(experiment, arm, tags, start)

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
            info = self._client.get_run(run).info
            if info.status != status:
                # A run made after its trials (recorded later from the journal) does not end before it began.
                self._client.set_terminated(run, status, max(int(at * 1000), info.start_time))

    def arm_run(self, run: str) -> ArmRun:
        """Return an arm's run with what `begin` wrote on it: prompt version and price."""
        with guarded(self._store.uri):
            data = self._client.get_run(run).data
        price = data.params.get(PRICE_OUT)
        links = json.loads(data.tags.get("mlflow.linkedPrompts", "[]"))
        prompt = None
        if links:
            prompt = PromptVersionRef(
                name=links[0]["name"],
                version=int(links[0]["version"]),
                hash=data.params.get("version_hash", ""),
            )
        return ArmRun(run=run, prompt=prompt, price_out_per_mtok=None if price is None else float(price))


def _query(tags: Mapping[str, str]) -> str:
    """Return MLflow's filter for tags. Of both quotes it can write one: any letter stands for the other."""
    parts = []
    for key, value in tags.items():
        sign, quote = "=", "'"
        if "'" in value:
            sign, quote = ("LIKE", "'") if '"' in value else ("=", '"')
        pattern = value.replace("'", "_") if sign == "LIKE" else value
        parts.append(f"tags.`{key}` {sign} {quote}{pattern}{quote}")
    return " and ".join(parts)
