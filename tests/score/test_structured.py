"""Structured replies: one outcome each."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.score.structured import OUTCOMES, Outcome, outcome, violation

LABEL = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}, "required": ["label"]}


@pytest.mark.parametrize(
    ("text", "finish_reason", "refusal", "expected"),
    [
        ('{"label": "a"}', "stop", None, "valid"),
        (' {"label": "a"}\n', None, None, "valid"),
        ('{"label": "a"}', "stop", "I cannot.", "refusal"),
        ('{"label": "a"}', "content_filter", None, "refusal"),
        ('{"label": "a"}', "length", None, "truncated"),
        ("", "length", "I cannot.", "refusal"),
        (" \n", "stop", None, "empty"),
        ('{"label": "a"', "stop", None, "not JSON"),
        ('```json\n{"label": "a"}\n```', "stop", None, "not JSON"),
        ('Sure: {"label": "a"}', "stop", None, "not JSON"),
        ('{"label": NaN}', "stop", None, "not JSON"),
        ("[" * 100_000, "stop", None, "not JSON"),
        ('{"label": "c"}', "stop", None, "schema violation"),
        ('["a"]', "stop", None, "schema violation"),
    ],
)
def test_outcome(text: str, finish_reason: str | None, refusal: str | None, expected: Outcome) -> None:
    """Each reply has the one outcome that applies first."""
    assert outcome(text, finish_reason, refusal, LABEL) == expected


@given(st.text(), st.sampled_from(["stop", "length", "content_filter", None]), st.none() | st.text())
def test_every_reply_has_one(text: str, finish_reason: str | None, refusal: str | None) -> None:
    """No reply is without an outcome."""
    assert outcome(text, finish_reason, refusal, LABEL) in OUTCOMES == get_args(Outcome)


def test_without_a_schema_any_json_is_valid() -> None:
    """Without a schema it need only be JSON."""
    assert outcome("3") == "valid"


def test_violation_names_the_place() -> None:
    """A violation says where."""
    assert violation({"label": "a"}, LABEL) is None
    assert "at label" in str(violation({"label": 1}, LABEL))


def test_nothing_is_fetched_for_a_schema() -> None:
    """A reference out of the schema raises instead of going to the network."""
    schema: dict[str, Any] = {"$ref": "http://schemas.example/label.json"}
    with pytest.raises(Exception, match=r"schemas\.example"):
        violation({}, schema)
