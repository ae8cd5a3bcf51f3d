"""Reading an answer: whether there is one, the part that is judged, its number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workbench.core.identity import canonical
from workbench.core.records import Trial
from workbench.score.repair import repair as repaired
from workbench.score.structured import parse

__all__ = ["find_number", "is_absent", "plain_text", "read_part", "unanswered"]

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?")


def unanswered(trial: Trial) -> str | None:
    """Return why a trial has no answer to judge; None where it has one."""
    if trial.status == "error":
        return f"error: {trial.error_kind}" if trial.error_kind else "error"
    if trial.status != "ok":
        return trial.status
    return "the answer has no text" if trial.output is None else None


def is_absent(value: Any) -> bool:
    """Return whether an expected value is not there: None, NaN or blank text."""
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def plain_text(value: Any) -> str:
    """Return a value as an answer would write it: text as it is, 3.0 as 3, True as true, else JSON."""
    return value if isinstance(value, str) else canonical(value)


def find_number(text: str) -> float | None:
    """Return the last number written in a text; None where there is none.

    A comma before each three digits is a thousands sign, any other comma ends the number; ``$`` and ``%``
    beside it are passed over, and U+2212 is a minus.
    """
    found = None
    for match in _NUMBER.finditer(text.replace("−", "-")):
        found = match.group(0)
    return None if found is None else float(found.replace(",", ""))


def read_part(
    output: str, *, json_field: str | None = None, within: str | None = None, repair: bool = False
) -> str | None:
    """Return the part of an answer that is judged; None where it is not there.

    Parameters
    ----------
    output
        The answer.
    json_field
        The name of a field of the JSON object that the answer, or what `within` found in it, is.
    within
        A regular expression: the last match counts, by its first group where it has one.
    repair
        Whether to take the JSON object out of its wrapping first (`workbench.score.repair`).
    """
    part = output
    if within is not None:
        matches = list(re.finditer(within, output, re.DOTALL))
        if not matches:
            return None
        found = matches[-1].group(1 if matches[-1].re.groups else 0)
        if found is None:
            return None
        part = found
    if json_field is None:
        return part
    try:
        value = parse((repaired(part) if repair else None) or part)
    except ValueError:
        return None
    if not isinstance(value, Mapping) or value.get(json_field) is None:
        return None
    return plain_text(value[json_field])
