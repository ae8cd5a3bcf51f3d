"""Checks: scorers that need no model. Each is a frozen record whose fields are its configuration.

The law they share stands in `verdict.Check`: a trial without an answer, a case without an expected value,
and an answer in which what is judged cannot be found are missing with a reason, never 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.normal import normal
from workbench.core.records import Trial
from workbench.define.answer import check_schema
from workbench.errors import InputError
from workbench.score.reading import find_number, plain_text
from workbench.score.structured import parse, violation
from workbench.score.verdict import Check, PartCheck, Unreadable, hold_pattern

__all__ = [
    "Contains",
    "Exact",
    "JsonSchema",
    "Numeric",
    "Regex",
    "contains",
    "exact",
    "json_schema",
    "numeric",
    "regex",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact(PartCheck):
    """Equality with the expected value: see `exact`."""

    strict: bool = False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the answer is the expected text, else 0."""
        got, wanted = self.part(output), plain_text(trial.expected)
        return float(got == wanted if self.strict else normal(got) == normal(wanted)), None


def exact(
    strict: bool = False,
    *,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    name: str = "exact",
) -> Exact:
    """Return a check: 1 where the answer equals the expected value, else 0.

    Parameters
    ----------
    strict
        False compares normal forms (`core.normal`: case, white space, quotation marks around, punctuation
        at the end do not count). True compares the texts as they are.
    field
        Judge this field of the answer's JSON object; missing where the answer has none.
    within
        Judge what this regular expression finds (``.`` meets newlines; the last match counts, by its first
        group where it has one); missing where it finds nothing.
    repair
        Read the field also where the JSON object stands in a code fence, among words, or has a comma too many
        (`workbench.score.repair`). False: such an answer is missing.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the pattern or the name is malformed.
    """
    return Exact(name=name, strict=strict, field=field, within=within, repair=repair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains(PartCheck):
    """A text stands in the answer: see `contains`."""

    text: str | None = None
    strict: bool = False

    @property
    def needs_expected(self) -> bool:
        """Only where no text was given."""
        return self.text is None

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the text stands in the answer, else 0."""
        got, wanted = self.part(output), plain_text(trial.expected) if self.text is None else self.text
        return float(wanted in got if self.strict else normal(wanted) in normal(got)), None


def contains(
    text: str | None = None,
    *,
    strict: bool = False,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    name: str = "contains",
) -> Contains:
    """Return a check: 1 where a text stands anywhere in the answer, also inside a word, else 0.

    Parameters
    ----------
    text
        The text; None means the case's expected value.
    strict, field, within, repair, name
        As in `exact`.

    Raises
    ------
    InputError
        Where the text is blank (every answer would contain it), or the pattern or the name is malformed.
    """
    if text is not None and not text.strip():
        raise InputError(f"scorer {name!r}", "the text to look for is blank", "Give a text, or leave it out.")
    return Contains(name=name, text=text, strict=strict, field=field, within=within, repair=repair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regex(Check):
    """A pattern is found in the answer: see `regex`."""

    pattern: str

    def __post_init__(self) -> None:
        """Hold that the pattern is one."""
        Check.__post_init__(self)
        hold_pattern(self.pattern)

    @property
    def needs_expected(self) -> bool:
        """Never: the pattern says it all."""
        return False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the pattern is found, else 0."""
        return float(re.search(self.pattern, output) is not None), None


def regex(pattern: str, *, name: str = "regex") -> Regex:
    r"""Return a check: 1 where a regular expression is found anywhere in the answer, else 0.

    Parameters
    ----------
    pattern
        As of Python's `re`; anchor it with ``\A`` and ``\Z`` for the whole answer, ``(?i)`` ignores case.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the pattern or the name is malformed.
    """
    return Regex(name=name, pattern=pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric(PartCheck):
    """Closeness to the expected number: see `numeric`."""

    tolerance: float = 0.0
    relative: float = 1e-9

    def __post_init__(self) -> None:
        """Hold that the tolerances are some."""
        PartCheck.__post_init__(self)
        for setting in ("tolerance", "relative"):
            value = getattr(self, setting)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(
                    f"scorer {self.name!r}", f"{setting} is {value!r}", "Give a finite number of 0 or more."
                )

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the answer's last number is near enough, else 0."""
        wanted, got = find_number(plain_text(trial.expected)), find_number(self.part(output))
        if wanted is None:
            raise Unreadable("the expected value is not a number")
        if got is None:
            raise Unreadable("unparsable: the answer has no number")
        near = abs(got - wanted) <= max(self.tolerance, self.relative * abs(wanted))
        return float(near), None if near else f"{got:g} is not {wanted:g}"


def numeric(
    tolerance: float = 0.0,
    *,
    relative: float = 1e-9,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    name: str = "numeric",
) -> Numeric:
    """Return a check: 1 where the last number in the answer is near the expected one, else 0.

    Parameters
    ----------
    tolerance
        The largest difference allowed, in the number's own unit, at least 0.
    relative
        The largest difference allowed as a share of the expected number, at least 0. The more generous of
        the two counts.
    field, within, repair, name
        As in `exact`. An answer without a number is missing.

    Raises
    ------
    InputError
        Where a tolerance is negative or not finite, or the pattern or the name is malformed.
    """
    return Numeric(
        name=name, tolerance=tolerance, relative=relative, field=field, within=within, repair=repair
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonSchema(Check):
    """The answer is JSON that fits a schema: see `json_schema`."""

    schema: Mapping[str, Any]

    def __post_init__(self) -> None:
        """Hold that the schema is one."""
        Check.__post_init__(self)
        check_schema(self.schema)

    @property
    def needs_expected(self) -> bool:
        """Never: the schema says it all."""
        return False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the answer is JSON and fits, else 0 with the place where it does not."""
        try:
            value = parse(output)
        except ValueError as error:
            return 0.0, f"not JSON: {error}"
        broken = violation(value, self.schema)
        return float(broken is None), None if broken is None else f"schema violation {broken}"


def json_schema(schema: Mapping[str, Any], *, name: str = "json_schema") -> JsonSchema:
    """Return a check: 1 where the whole answer is JSON that fits a schema, else 0 with the reason.

    Parameters
    ----------
    schema
        A JSON Schema; draft 2020-12 unless it names another. Nothing is fetched for it.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the schema or the name is malformed.
    """
    return JsonSchema(name=name, schema=schema)
