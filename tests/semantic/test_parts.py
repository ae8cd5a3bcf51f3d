"""What of a request is compared, and what must be equal."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.conformance.model import request
from workbench.core.records import Message, ModelRef
from workbench.semantic.parts import variable_part

ONE = request("Where is my parcel?")


def test_the_last_user_message_is_the_text() -> None:
    """Two requests that differ in nothing else are of one partition; tags but the tenant do not count."""
    found, other = variable_part(ONE), variable_part(replace(request("And mine?"), tags={"user": "u2"}))
    assert found is not None
    assert other is not None
    assert (found.text, other.text) == ("Where is my parcel?", "And mine?")
    assert found.partition == other.partition


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": (Message(role="system", content="Be brief."), ONE.messages[1])},
        {"messages": (*ONE.messages[:1], Message(role="user", content="Hi"), *ONE.messages[1:])},
        {"messages": (*ONE.messages, Message(role="assistant", content="It"))},
        {"ref": ModelRef(name="offline/fake", model="other", origin="offline")},
        {"ref": ModelRef(name="offline/fake", model="fake", origin="https://elsewhere.example")},
        {"params": {"temperature": 0.0}},
        {"params": {**ONE.params, "tools": [{"type": "function"}]}},
        {"params": {**ONE.params, "response_format": {"type": "json_object"}}},
        {"repeat": 1},
        {"sample": "confirm-1"},
        {"tags": {"tenant": "t2"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_anything_else_parts(changes: dict[str, Any]) -> None:
    """System prompt, turns, model, origin, parameters, tools, schema, repeat, sample, tenant."""
    one, other = variable_part(ONE), variable_part(replace(ONE, **changes))
    assert one is not None
    assert other is not None
    assert one.text == other.text
    assert one.partition != other.partition


def test_tags_of_ones_own() -> None:
    """Where answers belong to one person, the user parts."""
    parts = partial(variable_part, within=("tenant", "user"))
    one, other = parts(ONE), parts(replace(ONE, tags={"user": "u2"}))
    assert one is not None
    assert other is not None
    assert one.partition != other.partition


def test_boilerplate_is_left_out() -> None:
    """What stands around the variable is not embedded; it parts from requests with other words around."""
    parts = partial(variable_part, before="Question: ", after="\nAnswer:")
    found = parts(request("Question: where is it?\nAnswer:"))
    assert found is not None
    assert found.text == "where is it?"
    assert parts(request("Where is it?")) is None
    assert partial(variable_part, before="aa", after="aa")(request("aaa")) is None
    moved = partial(variable_part, before="Question: where", after="")(request("Question: where is it?"))
    assert moved is not None
    assert moved.partition != found.partition


@pytest.mark.parametrize("messages", [(), (Message(role="system", content="s"),), request(" ").messages])
def test_without_a_text_there_are_no_parts(messages: tuple[Message, ...]) -> None:
    """No user message, or a blank one."""
    assert variable_part(replace(ONE, messages=messages)) is None
