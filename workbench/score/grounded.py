"""Groundedness: every number, name and quotation of an answer occurs in what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.core.records import Trial
from workbench.errors import InputError
from workbench.score.claims import claims, ground
from workbench.score.reading import is_absent, plain_text
from workbench.score.verdict import Check, Unreadable

__all__ = ["Grounded", "grounded"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounded(Check):
    """Nothing in the answer is made up: see `grounded`."""

    context: tuple[str, ...]
    allow: tuple[str, ...] = ()

    @property
    def needs_expected(self) -> bool:
        """Never: the context is what it is held against."""
        return False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where everything occurs in the context, else 0 with what does not."""
        absent = [name for name in self.context if is_absent(trial.case.get(name))]
        if len(absent) == len(self.context):
            raise Unreadable(f"the case has no {' and no '.join(absent)}")
        given = [plain_text(trial.case[name]) for name in self.context if name not in absent]
        lacking = ground("\n".join((*given, *self.allow))).lacks(claims(output))
        words = [
            f"{what}: {', '.join(found)}"
            for what, found in (
                ("numbers", lacking.numbers),
                ("names", lacking.names),
                ("quotations", tuple(f"“{item}”" for item in lacking.quotations)),
            )
            if found
        ]
        return float(not words), f"not in the context: {'; '.join(words)}" if words else None


def grounded(
    context: str | Sequence[str] = "context", *, allow: Sequence[str] = (), name: str = "grounded"
) -> Grounded:
    """Return a check: 1 where every number, name and quotation of the answer occurs in the context, else 0.

    It needs no model and says what is ungrounded. It finds what was made up, not what was left out, turned
    round or wrongly combined. An answer without any of the three is grounded. The rules of what is a name are
    those of English (`workbench.score.claims`).

    Parameters
    ----------
    context
        The case's column, or columns, that the answer may draw on. Missing where the case has none of them.
    allow
        Texts that need no ground: the sender's own name, a phone number of the house.
    name
        The score's name.

    Raises
    ------
    InputError
        Where no column is named, or the name is malformed.
    """
    columns = (context,) if isinstance(context, str) else tuple(context)
    if not columns or not all(columns):
        raise InputError(f"scorer {name!r}", "no context is named", "Name a column of the cases.")
    if isinstance(allow, str):
        allow = (allow,)
    return Grounded(name=name, context=columns, allow=tuple(allow))
