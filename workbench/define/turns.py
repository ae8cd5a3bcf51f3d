"""What a case may bring beside its text: earlier messages of its conversation, and tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from workbench.core.records import Message, Role
from workbench.errors import TemplateError

__all__ = ["MESSAGES", "TOOLS", "read_messages", "read_tools"]

MESSAGES = "messages"
"""The case column with the messages that came before."""

TOOLS = "tools"
"""The case column with the tools that the model may call."""


def _wrong(of: str, column: str, problem: str, remedy: str) -> TemplateError:
    return TemplateError(f"{of}, column {column!r}", problem, remedy)


def _rows(values: Mapping[str, Any], column: str, of: str) -> list[Mapping[str, Any]]:
    """Return a column's list of objects, JSON text read; empty where it holds anything but a list."""
    value = values.get(column)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise _wrong(of, column, f"it is not JSON ({error})", "Correct it.") from None
    if not isinstance(value, (list, tuple)):
        return []
    if not all(isinstance(item, Mapping) for item in value):
        raise _wrong(
            of,
            column,
            "it is a list of something other than objects of the chat protocol",
            "Write such objects, rename the column, or use it in the template.",
        )
    return list(value)


def read_messages(values: Mapping[str, Any], of: str) -> tuple[Message, ...]:
    """Return a case's earlier messages, as they are; empty where it has none.

    Parameters
    ----------
    values
        The case's columns; ``messages`` is a list of {role, content}, in a CSV file as JSON text. Anything
        but a list is a column like any other.
    of
        What an error is about.

    Raises
    ------
    TemplateError
        Where the list is not of such objects.
    """
    found = []
    for row in _rows(values, MESSAGES, of):
        role, content, calls = row.get("role"), row.get("content"), row.get("tool_calls") or ()
        if role not in get_args(Role):
            raise _wrong(of, MESSAGES, f"{role!r} is not a role", f"Use one of {', '.join(get_args(Role))}.")
        if not isinstance(content, str) and not (content is None and calls):
            raise _wrong(of, MESSAGES, f"a message of the {role} has no text", "Give each its content.")
        if not isinstance(calls, (list, tuple)) or not all(isinstance(call, Mapping) for call in calls):
            raise _wrong(of, MESSAGES, "tool_calls is not a list of objects", "Write the protocol's objects.")
        if role == "tool" and not isinstance(row.get("tool_call_id"), str):
            raise _wrong(of, MESSAGES, "a tool's message names no call", "Give it its tool_call_id.")
        found.append(
            Message(
                role=role,  # type: ignore[arg-type]
                content=content or "",
                tool_calls=tuple(calls),
                tool_call_id=row.get("tool_call_id"),
            )
        )
    return tuple(found)


def read_tools(values: Mapping[str, Any], of: str) -> tuple[Mapping[str, Any], ...]:
    """Return a case's tools, as protocol objects; empty where it has none.

    Parameters
    ----------
    values
        The case's columns; ``tools`` is a list of {type, function}, in a CSV file as JSON text. Anything
        but a list is a column like any other.
    of
        What an error is about.

    Raises
    ------
    TemplateError
        Where the list is not of such objects.
    """
    rows = _rows(values, TOOLS, of)
    for row in rows:
        function = row.get("function")
        if not isinstance(row.get("type"), str) or (
            row["type"] == "function" and not (isinstance(function, Mapping) and function.get("name"))
        ):
            raise _wrong(
                of, TOOLS, "a tool has no type or no name", "Write {type: function, function: {name: …}}."
            )
    return tuple(rows)
