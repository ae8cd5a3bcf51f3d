"""Chats: a template's text or messages, checked and split into the messages of the protocol."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from workbench.core.records import Message, Role
from workbench.define.template import variables
from workbench.errors import InputError, TemplateError

__all__ = ["Template", "checked_name", "to_messages"]

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
