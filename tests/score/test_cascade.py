"""A cheap judge first, a strong one where it is unsure."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from tests.score.panels import level, scripted
from workbench.client.fakes import fake_error
from workbench.core.records import Reply, Score
from workbench.errors import InputError, ModelError
from workbench.plan.prices import Price, PriceBook
from workbench.run.trials import price_scores
from workbench.score.cascade import Cascade, cascade
from workbench.score.panel import panel
from workbench.score.scales import ABSTAIN

BOOK = PriceBook(
    declared={
        "acme/small": Price(in_per_mtok=0, out_per_mtok=1e6),
        "acme/large": Price(in_per_mtok=0, out_per_mtok=9e6),
    },
    date="2025-01-01",
)


def test_conformance() -> None:
    """A cascade keeps the law of scorers."""
    check_scorer(lambda: cascade(scripted("small", level("yes"), level("yes")), scripted("large")), a_trial())


@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        (level("yes"), False),
        (level("no"), False),
        (level("partly"), True),
        (level(ABSTAIN), True),
        ("hard to say", True),
        (fake_error("server"), True),
    ],
)
def test_the_strong_judge_sees_what_the_cheap_one_is_unsure_of(
    reply: str | Reply | ModelError, asked: bool
) -> None:
    """A verdict in the doubtful range and no verdict at all go on; a sure one stays."""
    judge = cascade(
        scripted("small", reply), scripted("large", level("yes")), unsure=(0.25, 0.75), name="fit"
    )
    score = asyncio.run(judge.score(a_trial()))
    assert len(score.parts) == (2 if asked else 1)
    assert score.value == (1.0 if asked else score.parts[0].value)
    assert len(score.attempts) == len(score.parts)
    assert (score.scorer, score.digest) == ("fit", judge.digest)


def test_where_both_have_no_verdict_it_is_missing() -> None:
    """The strong judge's abstention is the cascade's: missing, not the cheap one's guess."""
    judge = cascade(scripted("small", level("partly")), scripted("large", level(ABSTAIN)), unsure=(0.5, 0.5))
    score = asyncio.run(judge.score(a_trial()))
    assert (score.value, score.missing) == (None, "the judge abstained")


def test_a_panel_that_disagrees_is_unsure() -> None:
    """Two cheap judges that agree settle it; a tie is left to the strong one."""
    two = panel(scripted("a", level("yes"), level("yes")), scripted("b", level("yes"), level("no")))
    judge = cascade(two, scripted("large", level("no")))
    first, second = (asyncio.run(judge.score(a_trial())) for _ in range(2))
    assert (first.value, len(first.attempts)) == (1.0, 2)
    assert (second.value, len(second.attempts)) == (0.0, 3)


def scored(*said: str) -> tuple[Cascade, list[Score]]:
    """Return a cascade and its priced scores; the cheap judge says these, the strong one yes."""
    judge = cascade(
        scripted("small", *map(level, said)), scripted("large", *[level("yes")] * 9), unsure=(0.5, 0.5)
    )
    scores = [asyncio.run(judge.score(a_trial(trial_id=f"t{i}"))) for i in range(len(said))]
    return judge, price_scores(scores, [judge], BOOK)


def test_the_saving_is_what_the_strong_judge_alone_would_have_taken() -> None:
    """Of four answers one went on: 4 cheap calls and 1 strong one against 4 strong ones, by hand."""
    judge, scores = scored("yes", "partly", "no", "yes")
    words = len(level("yes").split())
    saving = judge.saving([*scores, replace(scores[0], digest="another cascade")])
    assert (saving.judged, saving.escalated) == (4, 1)
    assert saving.cheap_usd == pytest.approx(4 * words)
    assert saving.strong_usd == pytest.approx(9 * words)
    assert saving.strong_alone_usd == pytest.approx(36 * words)
    assert saving.saved_share == pytest.approx(23 / 36)
    assert "settled 3 of 4" in saving.summary
    assert "63.9 % less" in saving.summary
    assert list(saving.frame["answers"]) == [4, 1, 4]


def test_an_unknown_saving_is_unknown() -> None:
    """Where the strong judge saw nothing, or a price is missing, nothing is made up."""
    judge, scores = scored("yes", "no")
    assert math.isnan(judge.saving(scores).saved_usd)
    assert "saw none" in judge.saving(scores).summary
    judge, scores = scored("partly", "no")
    bare = [replace(s, attempts=tuple(replace(a, cost_usd=None) for a in s.attempts)) for s in scores]
    assert "a cost is unknown" in judge.saving(bare).summary


def test_a_cascade_that_always_goes_on_costs_more() -> None:
    """A negative saving is said as what it is."""
    judge, scores = scored("partly", "partly")
    saving = judge.saving(scores)
    assert saving.saved_usd < 0
    assert "more than the strong judge alone" in saving.summary


def test_malformed_cascades() -> None:
    """One model twice, one name twice and a turned range are refused."""
    a, b = scripted("a"), scripted("b")
    for cheap, strong, unsure in ((a, a, None), (a, replace(b, name="a"), None), (a, b, (0.7, 0.3))):
        with pytest.raises(InputError):
            cascade(cheap, strong, unsure=unsure)
