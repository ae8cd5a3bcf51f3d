"""Chats: a template's text or messages, checked and split into the messages of the protocol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from workbench.core.records import Message, Role
from workbench.define.template import missing_variable, render, render_value, variables
from workbench.errors import InputError, TemplateError

__all__ = ["Template", "check_constants", "checked_name", "fill", "to_messages"]

Template = str | Sequence[Message | tuple[str, str]]
"""A prompt's text, or its messages as `Message` or (role, text)."""

_LAST_PARAGRAPH = re.compile(
    r"(?P<before>.*\S)[ \t]*\n[ \t]*\n\s*(?P<last>\{\{[ \t]*\w+[ \t]*\}\})\s*", re.DOTALL
)
_NAME_MAX = 200


def checked_name(name: str) -> str:
    """Return a variant's name, or raise InputError where it could not name an arm."""
    if not isinstance(name, str) or not name.strip() or name != name.strip() or len(name) > _NAME_MAX:
        raise InputError(
            "variant", f"{name!r} is not a name", f"Use 1 to {_NAME_MAX} characters, none blank at the ends."
        )
    bad = sorted({sign for sign in name if sign == "@" or unicodedata.category(sign).startswith("C")})
    if bad:
        raise InputError(
            f"variant {name!r}", f"the name contains {bad[0]!r}", "Leave it out: variant@model names an arm."
        )
    return name


def _split(text: str, constants: Mapping[str, Any]) -> tuple[Message, ...]:
    """Split a text whose last paragraph is one case variable into system and user message."""
    found = _LAST_PARAGRAPH.fullmatch(text)
    if found is not None and variables(found["last"])[0] not in constants:
        return (
            Message(role="system", content=found["before"].strip()),
            Message(role="user", content=found["last"]),
        )
    return (Message(role="user", content=text.strip()),)


def to_messages(name: str, template: Template, constants: Mapping[str, Any]) -> tuple[Message, ...]:
    """Return a template's messages, variables unfilled.

    Parameters
    ----------
    name
        The variant's name, for errors.
    template
        A text (split as `Variant` says) or messages.
    constants
        What is bound: a last paragraph that is a constant does not split.

    Raises
    ------
    TemplateError
        Where a role is unknown, or no user message has text.
    """
    if isinstance(template, str):
        messages = _split(template, constants)
    else:
        messages = tuple(
            each if isinstance(each, Message) else Message(role=each[0], content=each[1])  # type: ignore[arg-type]
            for each in template
        )
    for message in messages:
        if message.role not in get_args(Role):
            raise TemplateError(
                f"variant {name!r}",
                f"{message.role!r} is not a role",
                f"Use one of {', '.join(get_args(Role))}.",
            )
    if not any(message.role == "user" and message.content.strip() for message in messages):
        raise TemplateError(
            f"variant {name!r}", "it has no user message with text in it", "Write what the model is asked."
        )
    return messages


def check_constants(name: str, messages: Sequence[Message], constants: Mapping[str, Any]) -> None:
    """Hold that every constant of a variant is used and has a text.

    Raises
    ------
    TemplateError
        Where one is not or has none, or a template is malformed.
    """
    try:
        used = {each for message in messages for each in variables(message.content)}
        for constant, value in constants.items():
            if constant not in used:
                raise TemplateError(
                    f"variable {constant!r}",
                    "it is bound, and the template does not use it",
                    f"Write {{{{{constant}}}}} where it belongs, or leave it out. "
                    f"The template uses: {', '.join(sorted(used)) or 'none'}.",
                )
            if not render_value(constant, value).strip():
                raise TemplateError(f"variable {constant!r}", "it is bound to nothing", "Give it a value.")
    except TemplateError as error:
        raise TemplateError(f"variant {name!r}, {error.subject}", error.problem, error.remedy) from error


def fill(message: Message, values: Mapping[str, Any], constants: Mapping[str, Any], subject: str) -> Message:
    """Return a message with its variables filled in; constants win over values.

    Raises
    ------
    TemplateError
        Where a variable has no value, naming the subject.
    """
    names = variables(message.content)
    if not names:
        return message
    available = {**values, **constants}
    try:
        for name in names:
            if name not in available:
                raise missing_variable(name, available.keys())
        text = render(message.content, {name: available[name] for name in names})
    except TemplateError as error:
        raise TemplateError(f"{subject}, {error.subject}", error.problem, error.remedy) from error
    return Message(
        role=message.role, content=text, tool_calls=message.tool_calls, tool_call_id=message.tool_call_id
    )
