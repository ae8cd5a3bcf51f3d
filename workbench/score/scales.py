"""What a judge may answer: named levels, or a number of a range; "cannot tell" is always among it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError

__all__ = ["ABSTAIN", "BOOLEAN", "LEVELS", "Levels", "Numbers", "scale_of"]

BOOLEAN: Mapping[str, float] = {"no": 0.0, "yes": 1.0}
"""The levels of a question that is answered by yes or no."""

LEVELS: Mapping[str, float] = {"no": 0.0, "partly": 0.5, "yes": 1.0}
"""The levels where none are given: they answer a question such as "Is the answer polite?"."""

ABSTAIN = "cannot tell"
"""The level that every judge may choose beside the rubric's own; the score is then missing."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Named levels, each with its value; two are a yes or no, more are in the order of their values."""

    values: Mapping[str, float]

    @property
    def field(self) -> str:
        """The name of the verdict's field."""
        return "level"

    @property
    def schema(self) -> dict[str, Any]:
        """What the field must fit."""
        return {"type": "string", "enum": [*self.values, ABSTAIN]}

    @property
    def words(self) -> str:
        """What the judge is told of the field."""
        levels = ", ".join(f'"{level}"' for level in self.values)
        return f'"level", one of {levels}. Choose "{ABSTAIN}" where the material does not let you decide.'

    def read(self, verdict: Any) -> float | None:
        """Return a level's value; None where the judge cannot tell."""
        return None if verdict == ABSTAIN else float(self.values[verdict])


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number from `low`, the worst, to `high`, the best."""

    low: float
    high: float

    @property
    def field(self) -> str:
        """The name of the verdict's field."""
        return "score"

    @property
    def schema(self) -> dict[str, Any]:
        """What the field must fit."""
        number = {"type": "number", "minimum": self.low, "maximum": self.high}
        return {"anyOf": [number, {"type": "null"}]}

    @property
    def words(self) -> str:
        """What the judge is told of the field."""
        return (
            f'"score", a number from {self.low:g} (worst) to {self.high:g} (best). Give null where the'
            " material does not let you decide."
        )

    def read(self, verdict: Any) -> float | None:
        """Return the number; None where the judge cannot tell."""
        return None if verdict is None else float(verdict)


def scale_of(
    subject: str, levels: Mapping[str, float] | None, between: Sequence[float] | None
) -> Levels | Numbers:
    """Return the scale of a rubric: the levels, or the range of a number; `LEVELS` where neither is given.

    Raises
    ------
    InputError
        Where both are given, the levels are fewer than two, not text, not finite or use the reserved word,
        or the range is none.
    """
    if between is not None:
        if levels is not None:
            raise InputError(subject, "it has levels and a range of numbers", "Give one of them.")
        return _numbers(subject, between)
    levels = LEVELS if levels is None else levels
    if not all(isinstance(level, str) for level in levels):
        raise InputError(
            subject,
            f"its levels are {dict(levels)!r}",
            'Name them in text; YAML needs "yes" and "no" quoted.',
        )
    if len(levels) < 2 or not all(map(_finite, levels.values())) or ABSTAIN in levels:
        raise InputError(
            subject,
            f"its levels are {dict(levels)!r}",
            f"Give two or more levels with finite values; {ABSTAIN!r} is added by itself.",
        )
    return Levels(levels)


def _numbers(subject: str, between: Sequence[float]) -> Numbers:
    ends = list(between)
    if len(ends) != 2 or not all(map(_finite, ends)) or not ends[0] < ends[1]:
        raise InputError(subject, f"its range is {ends!r}", "Give the lowest and highest number: [0, 10].")
    return Numbers(float(ends[0]), float(ends[1]))


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
