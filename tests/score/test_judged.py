"""What judges gave is counted."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from tests.conformance.scorer import a_trial
from tests.score.panels import level, scripted
from workbench.analyze.agreement import agreement
from workbench.client.fakes import fake_error, fake_reply
from workbench.core.records import Score
from workbench.plan.prices import Price, PriceBook
from workbench.run.trials import price_scores
from workbench.score.apply import rescore
from workbench.score.checks import exact
from workbench.score.judged import judged, ratings
from workbench.score.panel import panel
from workbench.score.scales import ABSTAIN

SAID = [level("yes"), level(ABSTAIN), "Yes!", '{"level": "yes"}', fake_error("server"), level("no")]


def trials(count: int) -> list[object]:
    """Return this many answered trials, and one that failed."""
    return [a_trial(trial_id=f"t{i}") for i in range(count)] + [a_trial(trial_id="bad", status="error")]


def test_every_score_is_counted_once() -> None:
    """Verdicts, abstentions, unusable replies, failures and answers that never came add up to all."""
    scores = asyncio.run(rescore(trials(6), [scripted("a", *SAID), exact()], concurrency=1))  # type: ignore[arg-type]
    (row,) = judged(scores).frame.to_dict("records")
    assert [row[n] for n in ("scores", "verdicts", "abstained", "unparsable", "failed", "other")] == [
        7, 2, 1, 2, 1, 1,
    ]  # fmt: skip
    assert (row["calls"], row["usage_unknown"]) == (6, 1)
    assert np.isnan(row["usd"])
    assert "2 of 7 have a verdict, 1 abstained, 2 unparsable, 1 failed; 6 calls" in judged(scores).summary


def test_tokens_and_cost_of_a_judge() -> None:
    """They are summed over its calls by its own price."""
    judge = scripted("a", *[fake_reply(level("yes"), model="a", tokens_in=90, tokens_out=10)] * 2)
    scores = [asyncio.run(judge.score(a_trial(trial_id=f"t{i}"))) for i in range(2)]
    book = PriceBook(declared={"acme/a": Price(in_per_mtok=1.0, out_per_mtok=10.0)}, date="2025-01-01")
    (row,) = judged(price_scores(scores, [judge], book)).frame.to_dict("records")
    assert (row["tokens_in"], row["tokens_out"]) == (180, 20)
    assert row["usd"] == pytest.approx((180 + 200) / 1e6)


def test_a_panels_verdicts_are_the_table_of_agreement() -> None:
    """A column a judge, NaN where there was none; agreement takes it as it is."""
    one = scripted("a", level("yes"), level("no"), level("yes"), level("no"))
    other = scripted("b", level("yes"), level(ABSTAIN), level("yes"), level("no"))
    both = panel(one, other, quorum=1)
    scores: list[Score] = [asyncio.run(both.score(a_trial(trial_id=f"t{i}"))) for i in range(4)]
    table = ratings(scores, "panel")
    assert list(table.columns) == ["a", "b"]
    assert table.loc["t1"].isna().tolist() == [False, True]
    assert agreement(table).row("a × b", "agreement")["estimate"] == 1.0
    assert list(judged(scores).frame["scorer"]) == ["panel", "panel/a", "panel/b"]
    assert list(judged(scores).frame["abstained"]) == [0, 0, 1]


def test_no_judge_is_said() -> None:
    """Checks alone leave nothing to count."""
    assert judged([]).summary == "No judge gave a score."
    assert ratings([], "panel").empty
