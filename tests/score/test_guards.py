"""Guards as scorers: 1 where nothing was found; the gate reads them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from workbench.client.guards.personal import personal
from workbench.client.guards.words import words
from workbench.core.records import Message, Verdict
from workbench.errors import InputError, StudyError
from workbench.promote.rules.wb112_guards import GUARD
from workbench.score.apply import score_trial
from workbench.score.guards import BUILT_IN, guard
from workbench.score.specs import load_scorers

MAIL = "front.desk@hotel.example"


@dataclass
class Broken:
    """A classifier that raises."""

    name: str = "broken"
    digest: str = "b"

    async def check(self, text: str) -> Verdict:
        """Fail."""
        raise ValueError("no")


@pytest.mark.parametrize("name", BUILT_IN)
def test_conformance(name: str) -> None:
    """Each built-in one is a scorer, and the gate knows it by its name."""
    check_scorer(lambda: guard(name), a_trial())
    assert guard(name).name.startswith(GUARD)


def test_findings() -> None:
    """0 with the categories and without the text; 1 where nothing was found."""
    found = asyncio.run(guard(personal()).score(a_trial(f"Write to {MAIL}.")))
    assert (found.scorer, found.value, found.reason) == ("guard_personal", 0.0, "found: email (score 1.00)")
    clean = asyncio.run(guard(personal()).score(a_trial("Write to us.")))
    assert (clean.value, clean.reason) == (1.0, None)


def test_the_input() -> None:
    """Of what was asked, the last user message counts; where nobody asked, the score is missing."""
    messages = (
        Message(role="user", content=MAIL),
        Message(role="assistant", content=MAIL),
        Message(role="user", content="Where?"),
    )
    scorer = guard("personal", on="input")
    assert asyncio.run(scorer.score(a_trial(MAIL, messages=messages))).value == 1.0
    assert asyncio.run(scorer.score(a_trial(messages=messages[:1]))).value == 0.0
    assert asyncio.run(scorer.score(a_trial())).missing == "nobody asked anything"
    assert scorer.digest != guard("personal").digest


def test_a_classifier_that_fails() -> None:
    """The score is missing with the reason, never 1."""
    (score,) = asyncio.run(score_trial(a_trial(), [guard(Broken())]))
    assert score.value is None
    assert score.missing == "the scorer failed: ValueError: no"


def test_in_a_study_file() -> None:
    """A name, or settings; a word list with its words."""
    specs: list[Any] = [
        {"guard": "personal"},
        {"guard": {"classifier": "words", "words": ["crap"], "name": "guard_tone"}},
        {"guard": {"classifier": "injection", "on": "input"}},
    ]
    made = load_scorers(specs)
    assert [scorer.name for scorer in made] == ["guard_personal", "guard_tone", "guard_injection"]
    assert made[1] == guard(words(["crap"]), name="guard_tone")
    for wrong in ({"guard": "sarcasm"}, {"guard": {"classifier": "words", "words": "crap"}}, "guard"):
        with pytest.raises(StudyError):
            load_scorers([wrong])


@pytest.mark.parametrize(
    "settings",
    [
        {"classifier": "sarcasm"},
        {"classifier": "words"},
        {"classifier": "personal", "words": ["a"]},
        {"classifier": personal(), "words": ["a"]},
        {"classifier": "personal", "on": "both"},
        {"classifier": "personal", "name": "a b"},
    ],
)
def test_settings_that_are_none(settings: dict[str, Any]) -> None:
    """Each is an error before anything is judged."""
    with pytest.raises(InputError):
        guard(**settings)
