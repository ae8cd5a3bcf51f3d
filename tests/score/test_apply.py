"""Applying scorers."""

from __future__ import annotations

import asyncio

from tests.conformance.scorer import a_trial
from workbench.core.records import Score, Trial
from workbench.core.table import to_frame
from workbench.score.apply import rescore, score_trial
from workbench.score.checks import exact, json_schema
from workbench.score.functions import scorer


class Careless:
    """A scorer that gives 0 to everything, failed calls included."""

    name = "careless"
    digest = "d"

    async def score(self, trial: Trial) -> Score:
        """Return 0."""
        return Score(trial_id=trial.trial_id, scorer=self.name, value=0.0)


def test_one_score_each_in_order() -> None:
    """Each scorer gives one score, in the scorers' order."""
    scores = asyncio.run(score_trial(a_trial(), [json_schema({}), exact()]))
    assert [(score.scorer, score.value) for score in scores] == [("json_schema", 0.0), ("exact", 1.0)]


def test_a_scorer_that_raises_is_missing() -> None:
    """An error in a scorer is a missing score with a redacted reason; the others are not touched."""
    key = "sk-" + "notarealkey" * 3

    def broken(output: str) -> bool:
        raise RuntimeError(f"no lexicon for {output}, tried {key}")

    first, second = asyncio.run(score_trial(a_trial(), [scorer(broken), exact()]))
    assert first.missing == "the scorer failed: RuntimeError: no lexicon for billing, tried [redacted]"
    assert second.value == 1.0


def test_a_careless_scorer_cannot_turn_failures_into_zeros() -> None:
    """A trial without an answer is missing, whatever the scorer would say."""
    (score,) = asyncio.run(score_trial(a_trial(status="truncated"), [Careless()]))
    assert (score.value, score.missing) == (None, "truncated")


def test_rescore_keeps_the_order_and_fills_the_table() -> None:
    """Trials are scored in their order; in the table missing is NaN with its reason."""
    trials = [a_trial(trial_id="a"), a_trial("access", trial_id="b"), a_trial(trial_id="c", status="refused")]
    scores = asyncio.run(rescore(trials, [exact()], concurrency=2))
    assert [score.trial_id for score in scores] == ["a", "b", "c"]
    frame = to_frame(trials, scores)
    assert frame["score_exact"].tolist()[:2] == [1.0, 0.0]
    assert frame["score_exact"].isna().tolist() == [False, False, True]
    assert frame["missing_exact"].tolist()[2] == "refused"
