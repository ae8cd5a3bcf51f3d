"""Judges over a real socket: the embedded endpoint answers in place of a large model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.conformance.scorer import a_trial
from workbench.client.openai import OpenAI
from workbench.define.answer import SchemaMode
from workbench.offline.chat import Chat
from workbench.offline.server import OfflineServer
from workbench.plan.prices import Price, PriceBook
from workbench.run.trials import price_scores
from workbench.score.judge import rubric
from workbench.score.pairwise import pairwise
from workbench.score.preference import preference

BOOK = PriceBook(declared={"offline/reader": Price(in_per_mtok=1.0, out_per_mtok=4.0)}, date="2025-01-01")


class Reader:
    """Judges by length: over six letters is right, and the longer of two is better."""

    def __init__(self) -> None:
        self.models = {"reader": "Judges by length, for tests."}

    def answer(self, chat: Chat) -> str:
        """Return a verdict as JSON."""
        shown = json.loads(chat.messages[-1][1])
        if "answer" in shown:
            return json.dumps({"reason": "Counted.", "level": "yes" if len(shown["answer"]) > 6 else "no"})
        better = "first" if len(shown["first"]) > len(shown["second"]) else "second"
        return json.dumps({"reason": "Counted.", "better": better})


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Give the address of an endpoint that serves the judge."""
    with OfflineServer(models=[Reader()]) as server:
        yield server.base_url


def model(url: str) -> OpenAI:
    """Return the judge's model."""
    return OpenAI("reader", base_url=url, name="offline/reader", origin="offline")


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool"])
def test_a_rubric_in_every_mode(url: str, mode: SchemaMode) -> None:
    """The verdict comes back whichever way the schema was asked for, with tokens and cost."""

    async def ask() -> None:
        reader = model(url)
        judge = rubric("Is it long?", reader, reader.ref, mode=mode)
        scores = [await judge.score(a_trial(output)) for output in ("billing", "mail")]
        assert [score.value for score in scores] == [1.0, 0.0]
        (attempt,) = price_scores(scores, [judge], BOOK)[0].attempts
        assert (attempt.purpose, attempt.model_served) == ("judge", "reader")
        assert attempt.usage is not None
        expected = (attempt.usage.tokens_in + 4 * attempt.usage.tokens_out) / 1e6
        assert attempt.cost_usd == pytest.approx(expected)
        await reader.aclose()

    asyncio.run(ask())


def test_pairs(url: str) -> None:
    """Both orders go out, and say the same of answers of different length."""

    async def ask() -> None:
        reader = model(url)
        judge = preference("Which is longer?", reader, reader.ref)
        trials = [a_trial("billing", arm="new"), a_trial("mail", arm="old", trial_id="t2")]
        found = await pairwise(trials, "new", "old", judge, book=BOOK)
        assert list(found.frame["score"]) == [1.0]
        assert len(found.scores[0].attempts) == 2
        assert found.usd > 0
        await reader.aclose()

    asyncio.run(ask())


def test_a_judge_that_is_not_there_is_missing(url: str) -> None:
    """A model that the endpoint does not serve is a missing score with its reason, never a 0."""

    async def ask() -> None:
        nobody = OpenAI("nobody", base_url=url, name="offline/nobody", origin="offline")
        score = await rubric("Is it long?", nobody, nobody.ref).score(a_trial())
        assert score.value is None
        assert str(score.missing).startswith("the judge failed: ")
        await nobody.aclose()

    asyncio.run(ask())
