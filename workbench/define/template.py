"""Templates: ``{{name}}`` and nothing else, rendered in a single pass.

No expressions, no filters, no attribute access, no loops: whatever else looks like a template language
(``{name}``, ``%s``, ``${name}``, ``{% if %}``) is plain text. A value is inserted as it is, never rendered
again, so text that comes from a table cannot reach another variable.
"""

from __future__ import annotations

import datetime
import difflib
import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from workbench.errors import TemplateError

__all__ = ["missing_variable", "render", "render_value", "variables"]

_HOLE = re.compile(r"\{\{[ \t]*(?P<name>[^\W\d]\w*)[ \t]*\}\}|\{\{")
_SHOWN = 40  # characters of a malformed place that an error quotes


def _quote(text: str, start: int) -> str:
    line = text.count("\n", 0, start) + 1
    piece = text[start : start + _SHOWN].split("\n", 1)[0]
    return f"{piece!r} in line {line}"


def _holes(text: str) -> list[re.Match[str]]:
    holes = list(_HOLE.finditer(text))
    for hole in holes:
        if hole["name"] is None:
            raise TemplateError(
                "template",
                f"{_quote(text, hole.start())} is not a variable",
                "Write {{name}} with a name of letters, digits and underscores. Two braces that are meant as "
                'text are bound as a constant: Variant(..., braces="{{").',
            )
    return holes


def variables(text: str) -> tuple[str, ...]:
    """Return the names of a template's variables, each once, in order of appearance.

    Raises
    ------
    TemplateError
        Where two opening braces do not begin a variable.
    """
    return tuple(dict.fromkeys(hole["name"] for hole in _holes(text)))


def _is_joinable(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def render_value(name: str, value: Any) -> str:
    """Return one value as the text that stands in its variable's place.

    Text stays as it is, a number is written as Python writes it, a date as ISO 8601, a list of texts and
    numbers is joined with ``", "``, anything else is JSON.

    Parameters
    ----------
    name
        The variable, for the error.
    value
        Text, number, bool, date, list or mapping of these. None and NaN are missing.

    Raises
    ------
    TemplateError
        Where the value is missing, or of a type that has no one text.
    """
    if isinstance(value, str):
        return str(value)
    item = getattr(value, "item", None)  # numpy scalars
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise TemplateError(
            f"variable {name!r}", "its value is missing", "Fill in the empty cell, or leave that case out."
        )
    if _is_joinable(value):
        return repr(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)) and all(_is_joinable(each) for each in value):
        return ", ".join(each if isinstance(each, str) else repr(each) for each in value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TemplateError(
            f"variable {name!r}",
            f"a value of type {type(value).__name__} has no text of its own",
            "Give text, a number, or what JSON can hold.",
        ) from error


def _names(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) if names else "none"


def missing_variable(name: str, available: Collection[str]) -> TemplateError:
    """Return the error for a variable without a value; suggests the nearest name."""
    close = difflib.get_close_matches(name, list(available), n=1)
    hint = f"Did you mean {{{{{close[0]}}}}}? " if close else ""
    return TemplateError(
        f"variable {name!r}",
        "the template uses it, and nothing gives it a value",
        f"{hint}Available: {_names(available)}.",
    )


def render(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with every ``{{name}}`` replaced by its value, in one pass.

    Parameters
    ----------
    text
        The template. Blanks inside the braces do not count: ``{{ name }}`` is ``{{name}}``.
    values
        A value for every variable, and for nothing else. How each is written: `render_value`.

    Raises
    ------
    TemplateError
        Where a variable has no value, a value has no variable, two opening braces begin no variable, or a
        value is missing or has no text.
    """
    used = variables(text)
    for name in used:
        if name not in values:
            raise missing_variable(name, values.keys())
    unused = [name for name in values if name not in used]
    if unused:
        raise TemplateError(
            f"variable {unused[0]!r}",
            "it has a value, and the template does not use it",
            f"Use {{{{{unused[0]}}}}} in the template, or leave it out. In use: {_names(used)}.",
        )
    written = {name: render_value(name, values[name]) for name in used}
    return _HOLE.sub(lambda hole: written[hole["name"]], text)
