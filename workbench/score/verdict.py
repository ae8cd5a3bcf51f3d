"""What checks share: a verdict on the answer's text, and the law of missing around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from workbench.core.identity import digest
from workbench.core.records import Score, Trial
from workbench.errors import InputError
from workbench.score.reading import is_absent, read_part, unanswered

__all__ = ["Check", "PartCheck", "Unreadable", "hold_name", "hold_pattern"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


class Unreadable(Exception):  # noqa: N818 - a signal between a check and its base, never seen outside
    """The answer or the expected value cannot be read; its text is the reason why the score is missing."""


def hold_name(name: str) -> None:
    """Raise `InputError` where a scorer's name cannot be a column and a metric."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"scorer {name!r}",
            "the name is not made of letters, digits, '_', '-' and '.'",
            "Give another with name=.",
        )


def hold_pattern(pattern: str) -> None:
    """Raise `InputError` where a text is not a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"pattern {pattern!r}", str(error), "Write a regular expression of Python's re."
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What every check is: a name, a digest of its configuration, and the law of missing.

    Parameters
    ----------
    name
        The score's name: its column is ``score_<name>``.
    """

    name: str

    def __post_init__(self) -> None:
        """Hold that the name can be a column and a metric."""
        hold_name(self.name)

    @property
    def digest(self) -> str:
        """Identity of the definition, 64 hexadecimal digits: kind and configuration, without the name."""
        settings = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "name"}
        return digest([type(self).__name__, settings])

    @property
    def needs_expected(self) -> bool:
        """Whether a case without an expected value cannot be judged."""
        return True

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return the value and, where it helps a reader, why; raise `Unreadable` where it is missing."""
        raise NotImplementedError

    async def score(self, trial: Trial) -> Score:
        """Return the verdict; missing where there is nothing to judge, or nothing to judge it by."""
        value, reason = None, None
        missing = unanswered(trial)
        if missing is None and self.needs_expected and is_absent(trial.expected):
            missing = "the case has no expected value"
        if missing is None:
            try:
                value, reason = self.verdict(trial.output or "", trial)
            except Unreadable as error:
                missing = str(error)
        return Score(
            trial_id=trial.trial_id,
            scorer=self.name,
            value=value,
            missing=missing,
            reason=reason,
            digest=self.digest,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCheck(Check):
    """A check of a part of the answer: a field of its JSON object, or what a pattern finds in it."""

    field: str | None = None
    within: str | None = None
    repair: bool = False

    def __post_init__(self) -> None:
        """Hold that the pattern is one."""
        Check.__post_init__(self)  # a slotted dataclass has no zero-argument super()
        if self.within is not None:
            hold_pattern(self.within)

    def part(self, output: str) -> str:
        """Return the text that is judged."""
        found = read_part(output, json_field=self.field, within=self.within, repair=self.repair)
        if found is None:
            what = f"JSON field {self.field!r}" if self.field is not None else f"match of {self.within!r}"
            raise Unreadable(f"unparsable: the answer has no {what}")
        return found
