"""The recorder: a study as an experiment, an execution as a parent run, each arm as a child run."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from workbench.core.identity import digest
from workbench.core.records import Score, Trial
from workbench.core.redact import redact
from workbench.core.table import attempts_frame, to_frame
from workbench.record import arms, prompts
from workbench.record.experiments import Experiments
from workbench.record.load import load
from workbench.record.prompts import JudgePrompt, PromptVersionRef
from workbench.record.select import select
from workbench.record.spans import span
from workbench.record.store import Store, open_store
from workbench.record.tables import clean
from workbench.record.traces import write_traces
from workbench.record.turn import Turn, in_turn

if TYPE_CHECKING:
    from workbench.plan.grid import Arm
    from workbench.plan.plan import Plan

__all__ = ["Compared", "Recorder", "RunIds"]


class Compared(Protocol):
    """What the recorder reads of a comparison."""

    @property
    def arms(self) -> pd.DataFrame:
        """One row an arm, its name in the column ``arm``; every numeric column becomes a metric."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIds:
    """Where an execution is in MLflow.

    Parameters
    ----------
    experiment_id, parent
        The study's experiment and the execution's run.
    children
        Run id by arm.
    prompts
        Prompt version by arm; empty where the plan was not at hand.
    judges
        Prompt version by judge, those of panels and cascades by their own names.
    """

    experiment_id: str
    parent: str
    children: Mapping[str, str]
    prompts: Mapping[str, PromptVersionRef] = field(default_factory=dict)
    judges: Mapping[str, PromptVersionRef] = field(default_factory=dict)


def _linked(*versions: PromptVersionRef) -> str:
    """Return the tag by which MLflow's UI shows prompts at a run."""
    return json.dumps([{"name": version.name, "version": str(version.version)} for version in versions])


class Recorder:
    """Writes executions into an MLflow store. Every method may be repeated: nothing is written twice.

    Nothing of MLflow is imported before the first use.

    Parameters
    ----------
    tracking_uri
        The store; None: ``MLFLOW_TRACKING_URI``, or a SQLite file in `home`.
    home
        Folder of the local store and of its artifacts.
    now
        Gives seconds since the epoch.
    """

    def __init__(
        self,
        tracking_uri: str | None = None,
        home: Path | str = ".workbench",
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.home = Path(home).expanduser().absolute()
        self.uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{self.home}/mlflow.db"
        self._now = now
        self._opened: Store | None = None
        self.turn = Turn(self.home / "recording.lock")
        """Held while something is written."""

    def open(self) -> Store:
        """Open the store, once, and return it.

        Raises
        ------
        RecordError
            Where it is unreachable, is no store, or is of another version; within seconds.
        """
        if self._opened is None:
            self._opened = open_store(self.uri, self.home / "artifacts")
        return self._opened

    @property
    def _experiments(self) -> Experiments:
        return Experiments(self.open(), self.home / "artifacts", self._now)

    @in_turn
    def begin(self, plan: Plan, trials: Sequence[Trial] = ()) -> RunIds:
        """Make the experiment, the prompt versions, the parent run and a run an arm, with their params.

        Parameters
        ----------
        trials
            Those there are already: a run begins when the first of them did, else now. MLflow takes a start
            only when a run is made.
        """
        runs = self._experiments
        experiment = runs.experiment(plan.study)
        versions = {arm.name: prompts.register(self.open(), plan.study, arm, experiment) for arm in plan.arms}
        judges = {
            judge.name: prompts.register_judge(self.open(), plan.study, judge, experiment)
            for scorer in plan.scorers
            for judge in getattr(scorer, "members", ())
        }
        parent = runs.parent(experiment, plan.study, plan.execution_id, span(trials).start)
        tags = {"mlflow.note.content": str(redact(plan.summary))}
        if judges:
            tags["mlflow.linkedPrompts"] = _linked(*judges.values())
        runs.log(parent, arms.execution_params(plan), {}, tags)
        children = {}
        for arm in plan.arms:
            version = versions[arm.name]
            start = span(trial for trial in trials if trial.arm == arm.name).start
            children[arm.name] = child = runs.child(experiment, parent, plan.execution_id, arm.name, start)
            linked = {"mlflow.linkedPrompts": _linked(version)}
            runs.log(child, arms.arm_params(arm, plan, version), {}, linked)
        for run in (parent, *children.values()):
            runs.dataset(run, plan.cases.name, plan.cases.digest, plan.cases.source)
        return RunIds(
            experiment_id=experiment, parent=parent, children=children, prompts=versions, judges=judges
        )

    @in_turn
    def add_traces(self, trials: Sequence[Trial], scores: Iterable[Score]) -> int:
        """Write trials of one execution as traces, and return how many were new or changed.

        Runs are found by the execution's id, and made where `begin` was never called; prompt versions are
        those that `begin` linked to the arms' runs.
        """
        if not trials:
            return 0
        runs, first = self._experiments, trials[0]
        experiment = runs.experiment(first.study)
        parent = runs.parent(experiment, first.study, first.execution_id, span(trials).start)
        children = {
            arm: runs.child(
                experiment, parent, first.execution_id, arm, span(t for t in trials if t.arm == arm).start
            )
            for arm in dict.fromkeys(trial.arm for trial in trials)
        }
        known = {arm: runs.arm_run(run) for arm, run in children.items()}
        return write_traces(self.open(), experiment, trials, scores, known, now=self._now())

    @in_turn
    def record(
        self,
        plan: Plan,
        trials: Sequence[Trial],
        scores: Sequence[Score],
        comparison: Compared | None = None,
        report_html: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> RunIds:
        """Write all there is to know of an execution; again after a resume brings everything up to date.

        Parameters
        ----------
        trials, scores
            All there are so far.
        comparison
            The result by arm; None: only what can be counted.
        report_html
            The report, kept as ``report.html``.
        files
            Further artifacts of the execution by file name (charts).
        """
        ids, runs = self.begin(plan, trials), self._experiments
        frame = clean(to_frame(trials, scores))
        table = pd.DataFrame({"arm": []}) if comparison is None else comparison.arms
        rows = {str(row["arm"]): {str(k): v for k, v in row.items()} for row in table.to_dict("records")}
        complete = len(trials) >= len(plan)
        for arm, run in ids.children.items():
            part = frame[frame["arm"] == arm].reset_index(drop=True)
            params = arms.measured_params(rows.get(arm)) if complete else {}
            runs.log(run, params, arms.arm_metrics(part, rows.get(arm)), {})
            with tempfile.TemporaryDirectory() as folder:
                arms.write_files(Path(folder), part)
                runs.files(run, folder, table=arms.LEAN_FILE)
            runs.finish(run, span(t for t in trials if t.arm == arm).end, complete=complete)
        chosen = select(trials, scores, plan.incumbent)
        attempts = clean(attempts_frame(trials, scores))
        runs.log(ids.parent, {}, arms.execution_metrics(attempts), {"traces_sampled": chosen.words})
        with tempfile.TemporaryDirectory() as folder:
            named = {"plan.txt": str(redact(str(plan))), "report.html": report_html, **(files or {})}
            arms.write_files(Path(folder), frame, attempts, named)
            runs.files(ids.parent, folder, table=arms.LEAN_FILE)
        runs.finish(ids.parent, span(trials).end, complete=complete)
        self.add_traces(chosen, scores)
        return ids

    @in_turn
    def register(self, study: str, arm: Arm) -> PromptVersionRef:
        """Return the registry's version of an arm's content, made where there is none."""
        return prompts.register(self.open(), study, arm, self._experiments.experiment(study))

    @in_turn
    def register_judge(self, study: str, judge: JudgePrompt) -> PromptVersionRef:
        """Return the registry's version of a judge's definition, made where there is none."""
        return prompts.register_judge(self.open(), study, judge, self._experiments.experiment(study))

    @in_turn
    def set_alias(self, prompt: str, alias: str, version: int) -> None:
        """Point an alias of a prompt at a version."""
        prompts.set_alias(self.open(), prompt, alias, version)

    def get_alias(self, prompt: str, alias: str) -> int | None:
        """Return the version an alias points to, never from a cache; None: to none."""
        return prompts.get_alias(self.open(), prompt, alias)

    @in_turn
    def record_decision(
        self,
        decision: Mapping[str, Any],
        html: str | None = None,
        files: Mapping[str, str | bytes] | None = None,
    ) -> str:
        """Write a decision as a run below its execution's; return the run's id, the same for the same one.

        Parameters
        ----------
        decision
            Plain values; ``study``, ``execution_id``, ``verdict`` and ``chosen`` (an arm or None) among them.
        html
            The decision card, kept as ``decision.html``.
        files
            Further artifacts by file name.
        """
        runs, plain = self._experiments, redact(dict(decision))
        study, execution = str(plain["study"]), str(plain["execution_id"])
        experiment = runs.experiment(study)
        parent = runs.parent(experiment, study, execution)
        name = f"decision: {plain['verdict']}" + (f" {plain['chosen']}" if plain.get("chosen") else "")
        run = runs.decision(experiment, parent, execution, name, digest(plain)[:16])
        short = {key: value for key, value in plain.items() if isinstance(value, (str, int, float))}
        runs.log(run, {str(key): str(value)[:6000] for key, value in short.items()}, {}, {})
        runs.log(parent, {}, {}, {"verdict": name.removeprefix("decision: ")})
        with tempfile.TemporaryDirectory() as folder:
            text = json.dumps(plain, indent=1, ensure_ascii=False, default=str)
            arms.write_named(Path(folder), {"decision.json": text, "decision.html": html, **(files or {})})
            runs.files(run, folder)
        runs.finish(run, self._now(), complete=True)
        return run

    @in_turn
    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run."""
        self._experiments.log(run_id, {}, {}, tags)

    def tagged(self, study: str, tags: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Return all tags of those runs of a study that have these, by run id."""
        runs = self._experiments
        return runs.tagged(runs.experiment(study), tags)

    def load(self, what: str | Sequence[str]) -> pd.DataFrame:
        """Return the trial table of run ids or of an execution id, as it was recorded."""
        return load(self.open(), what)
