"""Sets of labels: precision, recall and F1 of what an answer names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from workbench.core.normal import normal
from workbench.core.records import Trial
from workbench.score.reading import plain_text
from workbench.score.structured import parse
from workbench.score.verdict import PartCheck, Unreadable, hold_pattern

__all__ = ["Overlap", "f1", "precision", "recall"]

SEPARATOR = r"[,;\n]"
"""What stands between two labels of a text."""

NONE = "none"
"""The word by which a text names no label."""

_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(PartCheck):
    """Agreement of two sets of labels: see `f1`."""

    measure: Literal["f1", "precision", "recall"] = "f1"
    separator: str = SEPARATOR

    def __post_init__(self) -> None:
        """Hold that the separator is a pattern."""
        PartCheck.__post_init__(self)
        hold_pattern(self.separator)

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return the measure, and which labels are missing or too many."""
        wanted = self._labels(trial.expected)
        said = self._labels(self.part(output))
        both = len(wanted & said)
        words = [
            f"{what}: {', '.join(sorted(labels))}"
            for what, labels in (("missing", wanted - said), ("too many", said - wanted))
            if labels
        ]
        return self._value(both, len(wanted), len(said)), "; ".join(words) or None

    def _labels(self, value: Any) -> frozenset[str]:
        """Return the normal forms of the labels that a list, or a text, names."""
        if isinstance(value, str):
            value = self._listed(value)
        items: Iterable[Any] = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        return frozenset(label for item in items if (label := normal(plain_text(item))))

    def _listed(self, text: str) -> list[Any]:
        if text.strip().startswith("["):
            try:
                found = parse(text)
            except ValueError:
                raise Unreadable("unparsable: it begins like a JSON list and is none") from None
            return found if isinstance(found, list) else [found]
        if normal(text) == NONE:
            return []
        return [_BULLET.sub("", piece) for piece in re.split(self.separator, text)]

    def _value(self, both: int, wanted: int, said: int) -> float:
        if not wanted and not said:
            return 1.0
        if self.measure == "f1":
            return 2 * both / (wanted + said)
        if self.measure == "precision":
            if not said:
                raise Unreadable("no label was named: precision is not defined")
            return both / said
        if not wanted:
            raise Unreadable("no label was expected: recall is not defined")
        return both / wanted


def f1(
    *,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    separator: str = SEPARATOR,
    name: str = "f1",
) -> Overlap:
    """Return a check of a set of labels: F1 of those the answer names against those expected, in [0, 1].

    The score's mean is the mean over cases (each case counts alike), not over labels. Labels are compared by
    their normal forms (`core.normal`); their order and how often one is named do not matter. The reason names
    what is missing and what is too many.

    Parameters
    ----------
    field, within, repair, name
        As in `checks.exact`.
    separator
        Where answer or expected value is a text and no JSON list: a regular expression that parts its labels.
        Bullets and numbers before a label are passed over; the text ``none`` is the empty set.

    Raises
    ------
    InputError
        Where a pattern or the name is malformed.

    Notes
    -----
    ``2 |A ∩ B| / (|A| + |B|)``. Two empty sets agree: 1.
    """
    return Overlap(name=name, field=field, within=within, repair=repair, separator=separator)


def precision(
    *,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    separator: str = SEPARATOR,
    name: str = "precision",
) -> Overlap:
    """Return a check of a set of labels: the share of the named ones that are expected.

    Missing where labels are expected and none is named: there is nothing to be right or wrong about. Read it
    beside `recall`.

    Parameters
    ----------
    field, within, repair, separator, name
        As in `f1`.
    """
    return Overlap(
        name=name, measure="precision", field=field, within=within, repair=repair, separator=separator
    )


def recall(
    *,
    field: str | None = None,
    within: str | None = None,
    repair: bool = False,
    separator: str = SEPARATOR,
    name: str = "recall",
) -> Overlap:
    """Return a check of a set of labels: the share of the expected ones that are named.

    Missing where none is expected and some are named.

    Parameters
    ----------
    field, within, repair, separator, name
        As in `f1`.
    """
    return Overlap(
        name=name, measure="recall", field=field, within=within, repair=repair, separator=separator
    )
