"""Scorers applied to trials: every pair gives one score, whatever the scorer does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from workbench.core.protocols import Scorer
from workbench.core.records import Score, Trial
from workbench.core.redact import redact
from workbench.score.reading import unanswered

__all__ = ["rescore", "score_trial"]


async def _one(trial: Trial, scorer: Scorer) -> Score:
    def missing(why: str) -> Score:
        return Score(
            trial_id=trial.trial_id, scorer=scorer.name, value=None, missing=why, digest=scorer.digest
        )

    # Asked here too, so that a scorer from elsewhere cannot turn a failed call into a 0.
    why = unanswered(trial)
    if why is not None:
        return missing(why)
    try:
        return await scorer.score(trial)
    except Exception as error:
        return missing(str(redact(f"the scorer failed: {type(error).__name__}: {error}")))


async def score_trial(trial: Trial, scorers: Sequence[Scorer]) -> list[Score]:
    """Return one score for each scorer, in their order; they judge at the same time.

    A trial without an answer is missing for all of them, and a scorer that raises gives a missing score
    with the error as reason.
    """
    if len(scorers) == 1:  # the usual case, without the cost of a task
        return [await _one(trial, scorers[0])]
    return list(await asyncio.gather(*(_one(trial, scorer) for scorer in scorers)))


async def rescore(
    trials: Iterable[Trial], scorers: Sequence[Scorer], *, concurrency: int = 16
) -> list[Score]:
    """Return the scores of many trials, trial by trial, in their order.

    Parameters
    ----------
    trials, scorers
        Every scorer judges every trial.
    concurrency
        The most trials judged at once, at least 1; it matters to judges, which call a model.
    """
    gate = asyncio.Semaphore(concurrency)

    async def gated(trial: Trial) -> list[Score]:
        async with gate:
            return await score_trial(trial, scorers)

    return [score for scores in await asyncio.gather(*map(gated, trials)) for score in scores]
