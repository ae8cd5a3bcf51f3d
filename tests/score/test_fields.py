"""Fields of JSON answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.fields import fields

EXPECTED = {
    "label": "billing",
    "price": 12.5,
    "paid": False,
    "to": {"city": "Lyon", "zip": None},
    "ids": [1, 2],
}


def judge(output: Any, expected: Any = EXPECTED, **settings: Any) -> Score:
    """Return the score of an answer, written as JSON where it is not text."""
    text = output if isinstance(output, str) else json.dumps(output)
    return asyncio.run(fields(**settings).score(a_trial(text, expected)))


def test_conformance() -> None:
    """It keeps the law of scorers."""
    check_scorer(fields, a_trial('{"a": 1}', {"a": 1}))


def test_each_field_counts_alike() -> None:
    """Six fields, objects gone into; absent and wrong ones are named, unexpected ones do not count."""
    assert judge({**EXPECTED, "more": 1}).value == 1
    assert judge(EXPECTED, json.dumps(EXPECTED)).value == 1
    score = judge({"label": "Billing.", "price": 12, "paid": 0, "to": {"city": "Lyon"}, "ids": [2, 1]})
    assert score.value == pytest.approx(2 / 6)
    assert (
        score.reason
        == "price: 12, not 12.5; paid: 0, not false; to.zip: absent, not null; ids: [2,1], not [1,2]"
    )


def test_settings() -> None:
    """Only some fields, a tolerance, texts as they are, JSON in a fence."""
    assert judge({"to": {"city": "Lyon", "zip": None}}, only=["to"]).value == 1
    assert judge({"price": 12}, only=["price"], tolerance=0.5).value == 1
    assert judge({"label": "Billing"}, only=["label"], strict=True).value == 0
    fenced = f"Here:\n```json\n{json.dumps(EXPECTED)}\n```"
    assert judge(fenced, repair=True).value == 1
    assert judge(fenced).missing == "unparsable: the answer is not JSON"


def test_missing_is_not_zero() -> None:
    """No object in the answer, none expected, no such field: missing with the reason."""
    assert judge("[1]").missing == "unparsable: the answer is not a JSON object"
    assert judge({}, "billing").missing == "the expected value is not a JSON object"
    assert judge({}, {}).missing == "no field is expected"
    assert judge({}, only=["nobody"]).missing == "no such field is expected"


def test_mistakes() -> None:
    """A text for a list of fields, and a negative tolerance, are refused."""
    with pytest.raises(InputError, match="list of fields"):
        fields("label")
    with pytest.raises(InputError, match="tolerance"):
        fields(tolerance=-1)


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.integers(), st.booleans(), st.text()), min_size=1))
def test_an_object_agrees_with_itself(value: dict[str, Any]) -> None:
    """The share is 1 for the same object, and 0 for the empty one."""
    assert judge(value, value).value == 1
    assert judge({}, value).value == 0
