"""`Bench`: one study, where its things are kept, and the verbs of the journey."""

from __future__ import annotations

import atexit
import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.analyze.compare import compare as compare_table
from workbench.bench.anatomy import anatomy
from workbench.bench.cache_study import cache_study
from workbench.bench.defaults import filled
from workbench.bench.doubting import equal_arms, verify
from workbench.bench.home import Home, find_study
from workbench.bench.models import Models, ModelSpec, price_book
from workbench.bench.pairwise import pairwise
from workbench.bench.race import race
from workbench.bench.recheck import recheck
from workbench.bench.recording import Recording
from workbench.bench.rescore import rescore
from workbench.bench.results import Known, approve, compare, decide, promote, report
from workbench.client.resilience import Resilience
from workbench.core.protocols import Scorer
from workbench.core.records import Workload
from workbench.core.table import to_frame
from workbench.define.dataset import Dataset
from workbench.define.study import Study, slug
from workbench.define.variant import Variant
from workbench.errors import DatasetError, InputError, PlanError
from workbench.plan.gate import Gate
from workbench.plan.make import make_plan
from workbench.plan.pilot import earlier_trials
from workbench.plan.plan import Arm, Plan
from workbench.plan.prices import Price, PriceBook
from workbench.plan.reprice import Repricing, Scenario, reprice
from workbench.promote.history import History, Release, history
from workbench.promote.release import rollback
from workbench.record.scorers import adapted
from workbench.record.sources.recognize import load
from workbench.run.course import Course
from workbench.run.handle import Run, start
from workbench.run.stop import Stop
from workbench.score.apply import score_trial
from workbench.score.specs import load_scorers
from workbench.store.journal import Journal
from workbench.view.report import report_html
from workbench.view.widgets.monitor import show as show_monitor

__all__ = ["Bench"]

CONCURRENCY = 16
"""Calls under way at a time where nobody says otherwise."""


class Bench:
    """A study, where its things are kept, and how its models are asked.

    Parameters
    ----------
    study
        Name of the study, or a path of a study file. Where ``experiments/<name>/study.yaml`` exists, its
        models, prices, parameters, repeats and gate are the defaults of every method.
    models
        Who is asked: names (``offline/minilm``, ``openai/gpt-…``, ``ollama/…``) or `OpenAI` models. None:
        the study file's.
    prices
        Declared prices by model name, beside the bundled data and the study file's.
    home
        The project's folder; None: found from the current one (see `Home.find`).
    tracking_uri
        The MLflow store; None: ``MLFLOW_TRACKING_URI``, else SQLite in the project's folder.
    concurrency
        Calls under way at a time, at least 1; None: the study file's, else 16.
    fallback
        Name of a model -> the models that answer, in order, where it is exhausted. Every row of such a run
        is drawn apart and names it, and no arm that another model answered for is promoted. None: the study
        file's; without one nobody answers for another.
    resilience
        The layers around each model; None: the defaults, with `concurrency`.

    Raises
    ------
    InputError
        Where a model has no known endpoint, or the study file is wrong.
    """

    def __init__(
        self,
        study: str,
        *,
        models: Sequence[ModelSpec] | None = None,
        prices: Mapping[str, Mapping[str, Any] | Price] | None = None,
        home: str | Path | None = None,
        tracking_uri: str | None = None,
        concurrency: int | None = None,
        fallback: Mapping[str, Sequence[ModelSpec]] | None = None,
        resilience: Resilience | None = None,
    ) -> None:
        self.home = Home.find(home, tracking_uri=tracking_uri)
        found = find_study(self.home, study)
        self.study: Study | None = None if found is None else Study.load(found)
        self.name = slug(study) if self.study is None else self.study.slug
        specs = models if models is not None else () if self.study is None else self.study.models
        if not specs:
            raise InputError(
                f"bench {study!r}", "it has no models", "Give models=[…], or a study file that names them."
            )
        if fallback is None and self.study is not None:
            fallback = self.study.fallback
        if concurrency is None:
            concurrency = (None if self.study is None else self.study.concurrency) or CONCURRENCY
        layers = resilience or Resilience(concurrency=concurrency)
        self.models = Models(specs, fallback, layers, self.home.vectors)
        self.book = price_book(self.study, specs, prices)
        self.concurrency = concurrency
        self.journal = Journal(self.home.journal)
        self.recording = Recording(self.home, self.journal)
        self.results: dict[int, Known] = {}
        atexit.register(self.close)

    def plan(
        self,
        variants: Sequence[Variant] | None = None,
        cases: Dataset | None = None,
        *,
        scorers: Sequence[Scorer | Any] | None = None,
        incumbent: Variant | Arm | str | None = None,
        margin: float | None = None,
        gate: Gate | None = None,
        repeats: int | None = None,
        seed: int | None = None,
        params: Mapping[str, Any] | None = None,
        budget_usd: float | None = None,
        budget_tokens: int | None = None,
        workload: Workload | None = None,
        sample: str = "main",
    ) -> Plan:
        """Say what a run will cost and what it can show; nothing is spent.

        Parameters
        ----------
        variants, cases, scorers, incumbent, repeats, seed, params, budget_usd, budget_tokens
            As `make_plan` takes them. None: the study file's; without one, one repeat, seed 1, no parameters,
            no budget, and the first variant is the incumbent. Scorers may be MLflow's
            (`record.scorers.mlflow_scorer`).
        workload
            ``batch`` waits out limits, outages and retries; ``interactive`` fails fast, as an app would, and
            has its own percentiles. None: the study file's, else ``batch``.
        margin
            The loss of quality that counts as "not worse"; None: the gate's.
        gate
            What a promotion must show; None: the study file's, else the defaults on the first score.
        sample
            Name of the draw; another name draws anew.

        Raises
        ------
        PlanError
            Where anything does not fit, before anything is asked.
        """
        arguments = filled(
            self.study,
            {
                "variants": variants,
                "cases": cases,
                "scorers": None if scorers is None else adapted(scorers),
                "incumbent": incumbent,
                "gate": gate,
                "repeats": repeats,
                "seed": seed,
                "params": params,
                "workload": workload,
                "budget_usd": budget_usd,
                "budget_tokens": budget_tokens,
            },
            margin=margin,
            scorers_of=self._scorers_of,
        )
        plan = make_plan(
            self.name,
            **arguments,
            models=self.models.refs,
            sample=self.models.draw(sample),
            book=self.book,
            concurrency=self.concurrency,
            count=self.models.count,
            known=self.journal.reply,
            earlier=earlier_trials(self.journal, self.name),
        )
        self.models.prepare()
        return plan

    def _scorers_of(self, study: Study) -> Sequence[Scorer]:
        names = [ref.name for ref in self.models.refs]
        return load_scorers(study.scorers, find_model=self.models.find, candidates=names)

    def run(self, plan: Plan, *, show: bool = True, course: Course | None = None) -> Run:
        """Start asking; returns at once. The same plan again resumes: only what is missing is asked.

        Parameters
        ----------
        show
            Whether to show the live monitor, where a notebook can.
        course
            What is asked next, given what has landed; None: everything. A race has one of its own.

        Raises
        ------
        PlanError
            Where the plan cannot be run as asked; nothing is spent.
        """
        stop = Stop()
        handle = start(
            plan,
            self.models.ready(stop),
            journal=self.journal,
            score=score_trial,
            concurrency=self.concurrency,
            stop=stop,
            count=self.models.count,
            endpoints=self.models.resilience.told,
            course=course,
        )
        if show and "ipykernel" in sys.modules:
            show_monitor(handle)
        return handle

    # Verbs that stand in modules of their own, in the order of the journey.
    race = race
    anatomy = anatomy
    compare = compare
    decide = decide
    approve = approve
    promote = promote

    def rollback(self, *, alias: str = "production", why: str = "rolled back") -> Release:
        """Move the alias back to where it was before the last promotion that still stands; recorded as well.

        Raises
        ------
        PromotionError
            Where there is nothing to go back to, or something else moved the alias since.
        """
        recorder = self.recording.recorder
        return self.recording.now(lambda: rollback(self.name, recorder, self.journal, alias=alias, why=why))

    def history(self, *, alias: str = "production") -> History:
        """Return every move of the alias: who, when, from, to, why, on what evidence."""
        return history(self.journal, self.name, alias)

    def load(
        self,
        what: Any,
        *,
        columns: Mapping[str, str] | None = None,
        scores: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return a trial table from whatever holds one: MLflow, another tool's file, a plain table.

        Parameters
        ----------
        what, columns, scores
            As `workbench.record.sources.recognize.load` takes them.
        """
        store = self.recording.recorder.open
        if isinstance(what, pd.DataFrame):  # at hand: it need not wait for what MLflow is still given
            return load(what, store, columns=columns, scores=scores)
        return self.recording.now(lambda: load(what, store, columns=columns, scores=scores))

    def reprice(
        self, run: Run | pd.DataFrame, book: PriceBook | None = None, scenario: Scenario | None = None
    ) -> Repricing:
        """Return what a run (or a table of `load`) would cost by another book (None: this bench's)."""
        book, refs = book or self.book, self.models.refs
        if isinstance(run, Run):
            return reprice(run.trials, book, scenario, scores=run.scores, refs=refs)
        return reprice(run, book, scenario, refs=refs)

    report = report
    cache_study = cache_study
    recheck = recheck
    rescore = rescore
    pairwise = pairwise
    equal_arms = equal_arms
    verify = verify

    def sync(self) -> None:
        """Wait until MLflow has everything that the journal holds of the study.

        Raises
        ------
        RecordError
            Where the store fails; the journal keeps everything, and `workbench sync` delivers it later.
        """
        self.recording.rest(self.name)
        self.recording.wait()

    def deliver(self, plan: Plan) -> str:
        """Write to MLflow what the journal holds of a plan's execution; asks nothing. Return its id.

        Raises
        ------
        PlanError
            Where the journal holds nothing of it.
        RecordError
            Where the store fails; the journal keeps everything.
        """
        trials = self.journal.trials(plan.execution_id)
        if not trials:
            raise PlanError(
                f"execution {plan.execution_id}", "the journal holds no trial of it", "Run the plan first."
            )
        gate = plan.gate
        frame = to_frame(trials, self.journal.scores(plan.execution_id))
        result, page = None, None
        with contextlib.suppress(DatasetError):  # an arm without an answer: the rest goes all the same
            result = compare_table(frame, gate.score, plan.incumbent, gate.margin, gate.alpha)
            page = report_html(plan, result)
        self.recording.record(plan, result, page).result()
        return plan.execution_id

    def close(self) -> None:
        """Finish the background work, stop the embedded endpoint, close the journal."""
        atexit.unregister(self.close)
        self.recording.close()
        self.models.close()
        self.journal.close()
