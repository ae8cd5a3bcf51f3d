"""The shape of an answer: asked for in three ways, read back from parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.define.answer import (
    SCHEMA_MODES,
    SchemaMode,
    answer_params,
    check_schema,
    is_closed,
    own_params,
    schema_of,
)
from workbench.define.variant import Variant
from workbench.errors import InputError

LABEL: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"enum": ["a", "b"]}},
    "required": ["label"],
    "additionalProperties": False,
}
OPEN = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}}


@given(st.sampled_from(SCHEMA_MODES), st.sampled_from([LABEL, OPEN]), st.integers(0, 5))
def test_what_is_asked_is_read_back(mode: SchemaMode, schema: dict[str, Any], reask: int) -> None:
    """Whatever the mode, the parameters say which schema an answer must fit."""
    params = answer_params(schema, mode, reask)
    assert schema_of(params) == schema
    assert params.get("reask", 0) == reask


def test_the_three_ways() -> None:
    """Each mode is the protocol's own; a closed schema is strict."""
    assert answer_params(LABEL)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": LABEL, "strict": True},
    }
    assert answer_params(OPEN)["response_format"]["json_schema"]["strict"] is False
    assert answer_params(LABEL, "json_object") == {
        "response_format": {"type": "json_object"},
        "answer_schema": LABEL,
    }
    tool = answer_params(LABEL, "tool")
    assert tool["tools"] == [
        {"type": "function", "function": {"name": "answer", "parameters": LABEL, "strict": True}}
    ]
    assert tool["tool_choice"] == {"type": "function", "function": {"name": "answer"}}
    assert answer_params(None) == {}


@pytest.mark.parametrize(
    ("params", "schema"),
    [
        ({}, None),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, {"type": "object"}),
        ({"response_format": {"type": "json_schema", "json_schema": {"schema": OPEN}}}, OPEN),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, {}),
        ({"tools": [{"type": "function", "function": {"name": "search"}}]}, None),
        ({"tools": [{"type": "function", "function": {"name": "answer"}}]}, {}),
        ({"tools": None, "response_format": None}, None),
    ],
)
def test_parameters_that_a_person_wrote(params: dict[str, Any], schema: Any) -> None:
    """The protocol's own parameters are read too; where the shape is free there is no schema."""
    assert schema_of(params) == schema


@pytest.mark.parametrize(
    ("schema", "closed"),
    [
        (LABEL, True),
        (OPEN, False),
        ({"type": "string"}, True),
        ({"type": "object", "additionalProperties": False}, True),
        ({**LABEL, "required": []}, False),
        ({**LABEL, "properties": {"label": OPEN}}, False),
        ({**LABEL, "properties": {"label": {"type": "array", "items": OPEN}}}, False),
        ({**LABEL, "properties": {"label": {"anyOf": [LABEL, OPEN]}}}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": OPEN}}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": LABEL}}, True),
        ({"type": ["object", "null"]}, False),
        ({**LABEL, "properties": {"type": {}}, "required": ["type"]}, True),
        ({"enum": [{"properties": {}}]}, True),
    ],
)
def test_closed(schema: dict[str, Any], closed: bool) -> None:
    """Strict is what every object in the schema allows; names of properties are no keywords."""
    assert is_closed(schema) is closed


def test_malformed_schema() -> None:
    """A malformed schema is named with the place in it."""
    with pytest.raises(InputError, match="properties/label/type"):
        check_schema({"properties": {"label": {"type": "strng"}}})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"schema": {"type": "strng"}}, "JSON schema.*strng"),
        ({"schema": LABEL, "schema_mode": "yaml"}, "schema_mode is 'yaml'.*json_schema, json_object, tool"),
        ({"schema": {"type": "array"}, "schema_mode": "tool"}, "not of type object"),
        ({"schema": LABEL, "reask": 6}, "reask is 6.*from 0 to 5"),
        ({"schema": LABEL, "reask": True}, "reask is True"),
        ({"reask": 1}, "reask needs a schema"),
        ({"schema": LABEL, "params": {"response_format": {"type": "json_object"}}}, "say the same twice"),
        ({"schema": LABEL, "schema_mode": "tool", "params": {"tool_choice": "auto"}}, "say the same twice"),
        ({"params": {"reask": 1}}, "'reask' is no parameter"),
        ({"params": {"answer_schema": {}}}, "'answer_schema' is no parameter"),
    ],
)
def test_what_does_not_fit_is_said_when_it_is_made(changes: dict[str, Any], problem: str) -> None:
    """A mistake in the schema, its mode or the re-asks is an error before anything is planned."""
    with pytest.raises(InputError, match=problem):
        Variant("v", "{{text}}", **changes)


def test_a_variant_carries_it_through() -> None:
    """Mode and re-asks change the hash, survive a replacement, and go with the schema."""
    plain = Variant("v", "{{text}}", schema=LABEL)
    tool = plain.replace(schema_mode="tool", reask=2)
    assert len({plain.hash, tool.hash, tool.replace(reask=0).hash}) == 3
    assert (tool.replace(name="w").schema_mode, tool.replace(name="w").reask) == ("tool", 2)
    freed = tool.replace(schema=None)
    assert (freed.schema, freed.schema_mode, freed.reask) == (None, "json_schema", 0)
    assert freed.hash == Variant("v", "{{text}}").hash


def test_grid_over_modes_and_reasks() -> None:
    """They are choices like any other."""
    grid = Variant("v", "{{text}}", schema=LABEL).grid(schema_mode=["json_object", "tool"], reask=[0, 1])
    assert [(each.schema_mode, each.reask) for each in grid] == [
        ("json_object", 0),
        ("json_object", 1),
        ("tool", 0),
        ("tool", 1),
    ]
    assert len({each.hash for each in grid}) == 4


def test_own_tools_stand_beside_the_answer() -> None:
    """A variant's own tools are kept where the answer is a tool too."""
    search = {"type": "function", "function": {"name": "search"}}
    variant = Variant("v", "{{text}}", schema=LABEL, schema_mode="tool", params={"tools": [search]})
    assert [tool["function"]["name"] for tool in variant.all_params["tools"]] == ["answer", "search"]


@given(st.sampled_from(SCHEMA_MODES), st.integers(0, 5), st.booleans())
def test_own_parameters(mode: SchemaMode, reask: int, tools: bool) -> None:
    """What a person set is told apart from what asks for the schema, in every mode."""
    search = {"type": "function", "function": {"name": "search"}}
    own = {"temperature": 0.7, **({"tools": [search]} if tools else {})}
    variant = Variant("v", "{{text}}", schema=LABEL, schema_mode=mode, reask=reask, params=own)
    assert own_params(variant.all_params, answer_params(LABEL, mode, reask)) == own
    form = {"response_format": {"type": "json_object"}}
    assert own_params(form, {}) == form
