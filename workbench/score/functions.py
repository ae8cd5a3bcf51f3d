"""A Python function as a scorer."""

from __future__ import annotations

import inspect
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.core.identity import digest
from workbench.core.records import Trial
from workbench.errors import InputError
from workbench.score.verdict import Check, Unreadable

__all__ = ["FunctionCheck", "scorer"]

_OFFERED = ("output", "expected", "case")


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCheck(Check):
    """A function's verdict: see `scorer`."""

    function: Callable[..., Any]
    takes: tuple[str, ...]
    requires_expected: bool
    source: str

    @property
    def digest(self) -> str:
        """Identity of the function: of its source where that can be read, else of its compiled form."""
        return digest(["function", self.source])

    @property
    def needs_expected(self) -> bool:
        """Where the function takes ``expected`` without a default."""
        return self.requires_expected

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return the function's number."""
        offered = {"output": output, "expected": trial.expected, "case": trial.case}
        value = self.function(**{name: offered[name] for name in self.takes})
        if value is None:
            raise Unreadable("the scorer abstained")
        if isinstance(value, str) or not hasattr(value, "__float__"):
            raise InputError(
                f"scorer {self.name!r}",
                f"returned {value!r:.80}",
                "Return a bool, a number, or None to abstain.",
            )
        number = float(value)
        if not math.isfinite(number):
            raise Unreadable(f"the scorer returned {number}")
        return number, None


def _source(function: Callable[..., Any]) -> str:
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        if code is None:
            return f"{type(function).__module__}.{type(function).__qualname__}"
        plain = [item for item in code.co_consts if isinstance(item, (str, int, float, bool, type(None)))]
        return repr((function.__qualname__, code.co_code.hex(), code.co_names, plain))


def scorer(function: Callable[..., Any], name: str | None = None) -> FunctionCheck:
    """Return a scorer of a Python function; usable as a decorator.

    Parameters
    ----------
    function
        Takes any of ``output`` (the answer's text), ``expected`` and ``case`` (the case's columns) by
        these names; returns a bool, a number (higher is better) or None to abstain. Where it takes
        ``expected`` without a default, cases without one are missing. It may raise: then the score is
        missing with the error as reason.
    name
        The score's name; None takes the function's.

    Raises
    ------
    InputError
        Where the function takes anything else, or its name cannot be a column.

    Notes
    -----
    The digest is that of the function's source (its compiled form where there is no source to read), so a
    changed function is a new definition. What it reads from around it (globals, closures) is not in it.
    """
    parameters = inspect.signature(function).parameters
    label = name or str(getattr(function, "__name__", type(function).__name__))
    for parameter in parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or (
            parameter.name not in _OFFERED and parameter.default is parameter.empty
        ):
            raise InputError(
                f"scorer {label!r}",
                f"its function takes {str(parameter)!r}",
                f"Let it take {', '.join(_OFFERED)}.",
            )
    takes = tuple(item for item in _OFFERED if item in parameters)
    if "output" not in takes:
        raise InputError(
            f"scorer {label!r}", "its function does not take 'output'", "Let it judge the output."
        )
    wanted = parameters.get("expected")
    return FunctionCheck(
        name=label,
        function=function,
        takes=takes,
        requires_expected=wanted is not None and wanted.default is wanted.empty,
        source=_source(function),
    )
