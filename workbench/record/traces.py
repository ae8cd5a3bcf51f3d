"""Trials as MLflow traces, in bulk and idempotently.

A trace is made by one `start_trace` that carries run, tags, tokens, cost, user, session and all assessments
at once (separate calls take several times as long); the spans of a batch follow in one `log_spans`.
Ids are made from the trial's: whatever is sent twice lands in the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workbench.core.records import Score, Trial
from workbench.record.entities import Cleaner, span, trace_id, trace_info
from workbench.record.experiments import ArmRun
from workbench.record.prompts import PromptVersionRef
from workbench.record.store import Store, guarded

__all__ = ["BATCH", "write_traces"]

BATCH = 200


def write_traces(
    store: Store,
    experiment_id: str,
    trials: Sequence[Trial],
    scores: Iterable[Score],
    runs: Mapping[str, ArmRun],
    *,
    now: float,
) -> int:
    """Write trials as traces, with their scores as assessments; again is harmless, and mends what is missing.

    Parameters
    ----------
    trials, scores
        What to write; scores of other trials are ignored.
    runs
        By arm: the run a trace belongs to, and the prompt version it is linked to.
    now
        Time of a trial that knows none, in seconds since the epoch.

    Returns
    -------
    written
        How many traces were new or changed.
    """
    by_trial: dict[str, list[Score]] = {}
    for score in scores:
        by_trial.setdefault(score.trial_id, []).append(score)
    written = 0
    with guarded(store.uri):
        for start in range(0, len(trials), BATCH):
            batch = trials[start : start + BATCH]
            clean = Cleaner()
            infos = [
                trace_info(
                    trial,
                    by_trial.get(trial.trial_id, ()),
                    experiment_id,
                    runs[trial.arm],
                    now,
                    clean,
                )
                for trial in batch
            ]
            spans = [span(trial, runs[trial.arm], now, clean) for trial in batch]
            links = [
                (trace_id(trial.trial_id), prompt)
                for trial in batch
                if (prompt := runs[trial.arm].prompt) is not None
            ]
            written += _send(store, experiment_id, infos, spans, links)
    return written


def _send(
    store: Store,
    experiment_id: str,
    infos: Sequence[Any],
    spans: Sequence[Any],
    links: Sequence[tuple[str, PromptVersionRef]],
) -> int:
    tracking = store.tracking
    there = {
        info.trace_id: info for info in tracking.batch_get_trace_infos([info.trace_id for info in infos])
    }
    changed = [info for info in infos if not _same(info, there.get(info.trace_id))]
    # One after the other, also to a server: on SQLite, parallel writers wait for each other and are slower.
    for info in changed:
        tracking.start_trace(info)
    # Spans and links always, also of traces that are there: a process may have died between these calls.
    # Equal spans replace each other, and a link that exists is not made again.
    tracking.log_spans(experiment_id, list(spans))
    for identity, prompt in links:
        _link(tracking, identity, prompt)
    return len(changed)


def _link(tracking: Any, identity: str, prompt: PromptVersionRef) -> None:
    from mlflow.exceptions import MlflowException

    try:
        tracking.link_prompts_to_trace(identity, [prompt])
    except MlflowException:
        # MLflow looks and then writes: another machine may have made the link between. It finds it now.
        tracking.link_prompts_to_trace(identity, [prompt])


def _same(info: Any, there: Any) -> bool:
    keys = ("workbench.digest", "mlflow.sourceRun")
    return there is not None and all(
        there.trace_metadata.get(key) == info.trace_metadata[key] for key in keys
    )
