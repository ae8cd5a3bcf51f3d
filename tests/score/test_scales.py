"""What a judge may answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from tests.score.fake_judge import REF, Written, said
from workbench.core.records import Reply, Score
from workbench.define.answer import SchemaMode
from workbench.errors import InputError
from workbench.score.judge import rubric
from workbench.score.scales import ABSTAIN, BOOLEAN, scale_of

QUESTION = "How well does the answer fit?"


def judged(verdict: dict[str, Any], **scale: Any) -> Score:
    """Return the score of a judge whose model says this."""
    model = Written(said(json.dumps({"reason": "As it says.", **verdict})))
    return asyncio.run(rubric(QUESTION, model, REF, **scale).score(a_trial()))


@pytest.mark.parametrize(("level", "value"), [("no", 0.0), ("yes", 1.0)])
def test_yes_or_no(level: str, value: float) -> None:
    """Of a yes or no, either is its value."""
    assert judged({"level": level}, levels=BOOLEAN).value == value


def test_named_levels_keep_their_values() -> None:
    """Levels of any number and spacing."""
    levels = {"poor": 1, "fair": 2, "good": 3, "excellent": 5}
    assert [judged({"level": level}, levels=levels).value for level in levels] == [1, 2, 3, 5]


@pytest.mark.parametrize("number", [0, 7.5, 10])
def test_numbers_in_the_range(number: float) -> None:
    """The number itself, both ends included."""
    assert judged({"score": number}, between=[0, 10]).value == number


@pytest.mark.parametrize("wrong", [-1, 11, "7", True, [7]])
def test_a_number_beside_the_range_is_no_verdict(wrong: Any) -> None:
    """It is neither cut to the range nor read from text: missing."""
    score = judged({"score": wrong}, between=[0, 10])
    assert score.value is None
    assert "schema violation" in str(score.missing)


@pytest.mark.parametrize(
    ("verdict", "scale"), [({"level": ABSTAIN}, {"levels": BOOLEAN}), ({"score": None}, {"between": [0, 10]})]
)
def test_abstention_is_missing_with_its_reason(verdict: dict[str, Any], scale: dict[str, Any]) -> None:
    """A judge that cannot tell is no 0, and what it said is kept."""
    score = judged(verdict, **scale)
    assert (score.value, score.missing, score.reason) == (None, "the judge abstained", "As it says.")


def test_numbers_conform() -> None:
    """A judge that gives numbers keeps the law of scorers."""
    model = Written(said('{"reason": "fits", "score": 4}'))
    check_scorer(lambda: rubric(QUESTION, model, REF, between=(1, 5)), a_trial())


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "tool"])
def test_every_schema_mode(mode: SchemaMode) -> None:
    """The verdict is read from text, or from the call of the tool; the mode is part of the definition."""
    verdict = '{"reason": "fits", "level": "yes"}'
    call = {"id": "c", "type": "function", "function": {"name": "answer", "arguments": verdict}}
    reply: Reply = said("", tool_calls=(call,)) if mode == "tool" else said(verdict)
    model = Written(reply)
    judge = rubric(QUESTION, model, REF, mode=mode)
    assert asyncio.run(judge.score(a_trial())).value == 1.0
    asked = model.asked[0].params
    assert ("tools" in asked) == (mode == "tool")
    assert (judge.digest == rubric(QUESTION, model, REF).digest) == (mode == "json_schema")


@pytest.mark.parametrize(
    "scale",
    [
        {"between": [1]},
        {"between": [5, 1]},
        {"between": [0, float("inf")]},
        {"between": [False, True]},
        {"between": [0, 1], "levels": BOOLEAN},
        {"levels": {"a": 0, "b": "1"}},
    ],
)
def test_malformed_scales(scale: dict[str, Any]) -> None:
    """A range that is none, and two scales at once, are refused."""
    with pytest.raises(InputError):
        scale_of("judge", scale.get("levels"), scale.get("between"))


def test_unknown_modes_are_refused() -> None:
    """A mode that does not exist is named with those that do."""
    with pytest.raises(InputError, match="json_schema"):
        rubric(QUESTION, Written(said("")), REF, mode="xml")  # type: ignore[arg-type]
