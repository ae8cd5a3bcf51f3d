"""`bench.rescore`: old answers judged by other scorers; the models of the arms are not asked again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.cells import case_clusters
from workbench.analyze.intervals import mean_interval
from workbench.analyze.pairs import scale
from workbench.core.protocols import Scorer
from workbench.core.records import Score, Trial
from workbench.core.show import Shown
from workbench.core.table import COLUMNS, to_frame, validate
from workbench.errors import InputError, PlanError
from workbench.plan.plan import Plan
from workbench.record.scorers import adapted
from workbench.run.handle import Run
from workbench.run.loop import background
from workbench.run.trials import price_scores
from workbench.score.apply import rescore as rescore_trials

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["BATCH", "RESCORE_COLUMNS", "Rescored", "rescore"]

RESCORE_COLUMNS = ("arm", "score", "attempted", "answered", "scored", "mean", "low", "high", "missing")
"""One row an arm and score; `missing` says why, with counts, most frequent first."""

BATCH = 64
"""Trials whose scores are kept at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescored(Shown):
    """What scorers made of old answers. Made by `rescore`.

    Parameters
    ----------
    trials
        The trial table with the new scores' columns: `Bench.compare` and the like take it.
    scores
        The new scores, trial by trial.
    table
        One row an arm and score: the columns of `RESCORE_COLUMNS`.
    """

    trials: pd.DataFrame
    scores: tuple[Score, ...]
    table: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm and score."""
        return self.table

    @property
    def summary(self) -> str:
        """How many scores were given, how many are missing, and that no arm's model was asked."""
        missing = sum(score.value is None for score in self.scores)
        asked = sum(len(score.attempts) for score in self.scores)
        judges = f"; judges were asked {asked:,} times" if asked else ""
        return (
            f"{len(self.scores):,} scores of {len(self.trials):,} trials, {missing:,} of them missing;"
            f" no model answered again{judges}"
        )


def rescore(
    bench: Bench, what: Run | Plan | pd.DataFrame, scorers: Sequence[Scorer | Any], *, concurrency: int = 16
) -> Rescored:
    """Judge answers that are there by other scorers; no arm's model is asked again.

    A judge among the scorers asks its own model. Scores of a run are kept in the journal as they land, beside
    those it had, and MLflow gets them as assessments on the trials' traces in the background: `sync` waits
    for it. Those of a loaded table are in the result only.

    Parameters
    ----------
    what
        A run or its plan: what has landed of it. Or a table of `load`.
    scorers
        The workbench's, or any of MLflow's.
    concurrency
        The most trials judged at once, at least 1.

    Raises
    ------
    InputError
        Where two scorers have one name, or one has the name of a score that was planned and is another: what
        a gate decides by is fixed before. Or where there is none.
    PlanError
        Where the journal holds nothing of it.
    """
    ready = adapted(scorers)
    _check(ready, what)
    if isinstance(what, pd.DataFrame):
        table = validate(what)
        trials = [_trial(row) for row in table.to_dict("records")]
        scores = _judged(bench, trials, ready, concurrency)
        return _result(_joined(table, trials, scores, ready), scores, ready)
    execution = what.execution_id
    trials = bench.journal.trials(execution)
    if not trials:
        raise PlanError(f"execution {execution}", "the journal holds no trial of it", "Run the plan first.")
    keep = partial(bench.journal.put_scores, execution)
    scores = _judged(bench, trials, ready, concurrency, keep)
    bench.recording.rest((what if isinstance(what, Plan) else what.plan).study)
    return _result(to_frame(trials, bench.journal.scores(execution)), scores, ready)


def _check(scorers: Sequence[Scorer], what: Run | Plan | pd.DataFrame) -> None:
    if not scorers:
        raise InputError("rescore", "there is no scorer", "Give at least one.")
    seen: dict[str, str] = {}
    if not isinstance(what, pd.DataFrame):
        plan = what if isinstance(what, Plan) else what.plan
        seen = {scorer.name: scorer.digest for scorer in plan.scorers}
    names = [scorer.name for scorer in scorers]
    for scorer in scorers:
        if names.count(scorer.name) > 1 or seen.get(scorer.name, scorer.digest) != scorer.digest:
            whose = "another scorer" if names.count(scorer.name) > 1 else "another scorer of the plan"
            raise InputError(
                f"scorer {scorer.name!r}", f"{whose} has that name", "Give it another with name=."
            )


def _judged(
    bench: Bench,
    trials: Sequence[Trial],
    scorers: Sequence[Scorer],
    concurrency: int,
    keep: Callable[[Sequence[Score]], None] = lambda scores: None,
) -> list[Score]:
    """Return the scores, judges' calls priced; each batch is kept as it lands, an interrupt loses one."""
    scores: list[Score] = []
    for start in range(0, len(trials), BATCH):
        work = rescore_trials(trials[start : start + BATCH], scorers, concurrency=concurrency)
        future = background().submit(work)
        try:
            landed = price_scores(future.result(), scorers, bench.book)
        except BaseException:
            future.cancel()
            raise
        keep(landed)
        scores += landed
    return scores


def _plain(value: Any) -> Any:
    """Return a cell as a record has it: None where it is missing."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def _trial(row: Mapping[Any, Any]) -> Trial:
    """Return the trial of a row; what a table does not hold (the prompt, its attempts) stays unknown."""
    known = {name: _plain(row[name]) for name in COLUMNS}
    case = {
        str(name).removeprefix("case_"): _plain(value)
        for name, value in row.items()
        if str(name).startswith("case_") and name not in COLUMNS
    }
    asked = ("execution_id", "study", "arm", "variant", "variant_hash", "model", "case_id", "call_key")
    kept = ("repeat", "status", "expected", "model_served", "output", "finish_reason", "error_kind", "error")
    fields: dict[str, Any] = {name: known[name] or "" for name in asked}
    fields |= {name: known[name] for name in (*kept, "cost_usd", "latency_s")}
    fields |= {name: known[name] for name in ("sample", "workload", "source") if known[name]}
    identity = "|".join(str(known[name]) for name in ("execution_id", "arm", "case_id", "repeat", "sample"))
    return Trial(
        **fields,
        trial_id=known["trial_id"] or identity,
        params=json.loads(known["params"]) if known["params"] else {},
        case=case,
        messages=(),
    )


def _joined(
    table: pd.DataFrame, trials: Sequence[Trial], scores: Sequence[Score], scorers: Sequence[Scorer]
) -> pd.DataFrame:
    """Return the table with the columns of the new scores, in place of older ones of their names."""
    names = [scorer.name for scorer in scorers]
    fresh = to_frame(trials, scores)
    columns = [f"{part}_{name}" for name in names for part in ("score", "missing", "reason")]
    out = table.drop(columns=[column for column in columns if column in table])
    return out.assign(**{column: fresh[column].to_numpy() for column in columns})


def _result(frame: pd.DataFrame, scores: Sequence[Score], scorers: Sequence[Scorer]) -> Rescored:
    clusters = case_clusters(frame)
    rows = []
    for arm, own in frame.groupby("arm", sort=False):
        for scorer in scorers:
            values = own[f"score_{scorer.name}"]
            why = own[f"missing_{scorer.name}"].value_counts()
            kind = scale(frame[f"score_{scorer.name}"])
            # Repeats of a case are one cluster.
            found = mean_interval(
                values.to_numpy(),
                own["case_id"].map(clusters).to_numpy(),
                binary=kind.binary,
                bounds=kind.bounds,
            )
            bounds = (found.mean, found.low, found.high) if found.n else (math.nan,) * 3
            counts = (len(own), int((own["status"] == "ok").sum()), int(values.notna().sum()))
            missing = "; ".join(f"{reason} ({count})" for reason, count in why.items())
            rows.append((arm, scorer.name, *counts, *bounds, missing))
    return Rescored(
        trials=frame, scores=tuple(scores), table=pd.DataFrame(rows, columns=list(RESCORE_COLUMNS))
    )
