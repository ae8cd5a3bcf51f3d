"""Fields of a JSON answer: how many of the expected ones are right, and which are not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.core.normal import normal
from workbench.core.records import Trial
from workbench.errors import InputError
from workbench.score.reading import plain_text
from workbench.score.repair import repair as repaired
from workbench.score.structured import parse
from workbench.score.verdict import Check, Unreadable

__all__ = ["Fields", "fields"]

_ABSENT = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(Check):
    """Field-wise accuracy: see `fields`."""

    only: tuple[str, ...] = ()
    strict: bool = False
    tolerance: float = 0.0
    repair: bool = False

    def __post_init__(self) -> None:
        """Hold that the tolerance is one."""
        Check.__post_init__(self)
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0):
            raise InputError(
                f"scorer {self.name!r}",
                f"tolerance is {self.tolerance!r}",
                "Give a number of 0 or more.",
            )

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return the share of the expected fields that are right, and which are not."""
        wanted = self._wanted(trial.expected)
        try:
            got = parse((repaired(output) if self.repair else None) or output)
        except ValueError:
            raise Unreadable("unparsable: the answer is not JSON") from None
        if not isinstance(got, Mapping):
            raise Unreadable("unparsable: the answer is not a JSON object")
        said = _leaves(got)
        wrong = [path for path, value in wanted.items() if not self._same(value, said.get(path, _ABSENT))]
        words = [
            f"{path}: {'absent' if path not in said else _short(said[path])}, not {_short(wanted[path])}"
            for path in wrong
        ]
        return 1 - len(wrong) / len(wanted), "; ".join(words) or None

    def _wanted(self, expected: Any) -> dict[str, Any]:
        try:
            value = parse(expected) if isinstance(expected, str) else expected
        except ValueError:
            value = None
        if not isinstance(value, Mapping):
            raise Unreadable("the expected value is not a JSON object")
        leaves = _leaves(value)
        if self.only:
            leaves = {path: leaf for path, leaf in leaves.items() if _under(path, self.only)}
        if not leaves:
            raise Unreadable("no such field is expected" if self.only else "no field is expected")
        return leaves

    def _same(self, wanted: Any, got: Any) -> bool:
        if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
            return wanted is got
        if isinstance(wanted, (int, float)) and isinstance(got, (int, float)):
            return abs(wanted - got) <= max(self.tolerance, 1e-9 * abs(wanted))
        if isinstance(wanted, str) and isinstance(got, str):
            return wanted == got if self.strict else normal(wanted) == normal(got)
        if isinstance(wanted, (list, tuple)) and isinstance(got, (list, tuple)):
            return len(wanted) == len(got) and all(map(self._same, wanted, got))
        if isinstance(wanted, Mapping) and isinstance(got, Mapping):
            return set(wanted) == set(got) and all(self._same(wanted[key], got[key]) for key in wanted)
        return False


def _leaves(value: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return path -> value of what is no object itself; an empty object is a leaf."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        path = f"{before}{key}"
        if isinstance(item, Mapping) and item:
            found |= _leaves(item, f"{path}.")
        else:
            found[path] = item
    return found


def _under(path: str, names: Sequence[str]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in names)


def _short(value: Any) -> str:
    text = plain_text(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def fields(
    only: Sequence[str] = (),
    *,
    strict: bool = False,
    tolerance: float = 0.0,
    repair: bool = False,
    name: str = "fields",
) -> Fields:
    """Return a check: the share of the expected JSON fields that the answer's object has right, in [0, 1].

    The expected value is an object, or its JSON text. Objects within are gone into (``address.city``); a list
    is one field, right where each item is. A field that is absent is wrong; one that nobody expected does not
    count. An answer that is no JSON object is missing: `validity` counts it. The reason names what is wrong.

    Parameters
    ----------
    only
        These fields only, by path, with what is below them; empty: all expected ones. A scorer for one field
        alone gives that field's accuracy by arm.
    strict
        False compares texts by their normal forms (`core.normal`), True as they are.
    tolerance
        The largest difference of two numbers that are the same, at least 0.
    repair
        As in `checks.exact`.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the tolerance or the name is malformed, or `only` is one text.
    """
    if isinstance(only, str):
        raise InputError(f"scorer {name!r}", f"only is the text {only!r}", "Give a list of fields.")
    return Fields(name=name, only=tuple(only), strict=strict, tolerance=float(tolerance), repair=repair)
