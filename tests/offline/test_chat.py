"""Checking requests: what is read, what is refused, and that any JSON is one or the other."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.offline.chat import Chat, ChatError, parse_chat, parse_texts

BODY: dict[str, Any] = {"model": "minilm", "messages": [{"role": "user", "content": "hi"}]}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_reads_everything() -> None:
    """Every field a model uses arrives, and content parts of text are joined."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    schema = {"type": "object", "properties": {"label": {"enum": ["x", "y"]}}}
    chat = parse_chat(
        {
            "model": "minilm",
            "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": parts}],
            "temperature": 0,
            "seed": -3,
            "max_tokens": 9,
            "max_completion_tokens": 7,
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
            "stream": True,
            "stream_options": {"include_usage": True},
            "top_p": 0.3,
            "user": "someone",
        }
    )
    assert chat == Chat(
        model="minilm",
        messages=(("system", "s"), ("user", "ab")),
        temperature=0.0,
        seed=-3,
        max_tokens=7,
        schema='{"properties":{"label":{"enum":["x","y"]}},"type":"object"}',
        stream=True,
        include_usage=True,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("messages", []),
        ("messages", [{"role": "wizard", "content": "x"}]),
        ("messages", [{"role": "user", "content": None}]),
        ("messages", [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]),
        ("temperature", 2.5),
        ("temperature", float("nan")),
        ("temperature", True),
        ("seed", 1.5),
        ("max_tokens", 0),
        ("n", 2),
        ("response_format", {"type": "yaml"}),
        ("response_format", {"type": "json_schema"}),
    ],
)
def test_refuses(field: str, value: Any) -> None:
    """A wrong field is a 400 that names it."""
    with pytest.raises(ChatError, match=field) as caught:
        parse_chat({**BODY, field: value})
    assert caught.value.status == 400


@given(
    JSON, st.sampled_from(["model", "messages", "temperature", "seed", "response_format", "stream_options"])
)
def test_any_json_is_read_or_refused(value: Any, field: str) -> None:
    """No JSON whatsoever raises anything but ChatError."""
    for body in (value, {**BODY, field: value}, {**BODY, "messages": [{"role": "user", "content": value}]}):
        for parse in (parse_chat, parse_texts):
            with suppress(ChatError):
                parse(body)


SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
SORT = {"type": "function", "function": {"name": "sort"}}


@pytest.mark.parametrize(
    ("choice", "tool", "schema"),
    [
        (None, None, None),
        ("auto", None, None),
        ("none", None, None),
        ("required", "search", '{"type":"object"}'),
        ({"type": "function", "function": {"name": "sort"}}, "sort", "{}"),
    ],
)
def test_a_tool_that_must_be_called(choice: Any, tool: str | None, schema: str | None) -> None:
    """Its parameters are the schema of the answer; tools that may be called have no effect."""
    chat = parse_chat({**BODY, "tools": [SEARCH, SORT], "tool_choice": choice})
    assert (chat.tool, chat.schema) == (tool, schema)


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [SEARCH], "tool_choice": {"type": "function", "function": {"name": "sort"}}},
        {"tools": [], "tool_choice": "required"},
        {"tools": ["search"], "tool_choice": "required"},
        {"tools": {"a": 1}, "tool_choice": "required"},
        {"tools": [SEARCH], "tool_choice": 3},
        {"tools": [SEARCH], "tool_choice": {"function": "search"}},
    ],
)
def test_a_tool_that_is_not_there(fields: dict[str, Any]) -> None:
    """To call what is not among the tools is refused, naming the field."""
    with pytest.raises(ChatError, match="tool"):
        parse_chat({**BODY, **fields})
