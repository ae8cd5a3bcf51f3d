"""Repair: the JSON in an answer that is JSON but for its wrapping. Asked for by name, never done unasked."""

from __future__ import annotations

import re

from workbench.score.structured import parse

__all__ = ["repair"]

_STRING = r'"(?:[^"\\]|\\.)*"'
_FENCE = re.compile(r"```[ \t]*[\w+-]*[ \t]*\r?\n(.*?)```", re.DOTALL)
_SIGN = re.compile(rf"{_STRING}|[\[\]{{}}]", re.DOTALL)
_COMMA = re.compile(rf"{_STRING}|[\[{{:,]\s*,|,(?=\s*[}}\]])", re.DOTALL)
_CLOSES = {"]": "[", "}": "{"}


def repair(text: str) -> str | None:
    """Return the one JSON object or array that an answer holds; None where it holds none, or more than one.

    What is taken away: a code fence, words before and after, a comma before a closing bracket. Nothing is
    added: a value that is not closed stays broken, because what is missing may be the answer. So a truncated
    reply is never repaired, also where the endpoint says that it stopped by itself.

    Parameters
    ----------
    text
        The answer. Where it is JSON already, it comes back as it is.
    """
    try:
        parse(text)
    except ValueError:
        fenced = [found for block in _FENCE.findall(text) for found in _values(block) or ()]
        values = fenced or _values(text)
        return values[0] if values is not None and len(values) == 1 else None
    return text


def _values(text: str) -> list[str] | None:
    """Return the JSON objects and arrays in a text that are within no other; None where one is not closed."""
    found = []
    at = 0
    while opening := re.compile(r"[\[{]").search(text, at):
        end = _end(text, opening.start())
        if end is None:
            return None
        piece = _readable(text[opening.start() : end])
        if piece is not None:
            found.append(piece)
        at = end
    return found


def _end(text: str, start: int) -> int | None:
    """Return where the bracket that opens at `start` is closed; None where it is not, or not rightly."""
    opened: list[str] = []
    for sign in _SIGN.finditer(text, start):
        mark = sign.group(0)
        if mark in "[{":
            opened.append(mark)
        elif mark in _CLOSES:
            if opened.pop() != _CLOSES[mark]:
                return None
            if not opened:
                return sign.end()
    return None


def _readable(piece: str) -> str | None:
    for text in (piece, _COMMA.sub(lambda found: "" if found.group(0) == "," else found.group(0), piece)):
        try:
            parse(text)
        except ValueError:
            continue
        return text
    return None
