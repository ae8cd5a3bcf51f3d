"""Guards as scorers: how often a classifier finds something in an arm's answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from workbench.client.guards.injection import injection
from workbench.client.guards.linear import linear
from workbench.client.guards.personal import personal
from workbench.client.guards.secrets import secrets
from workbench.client.guards.several import any_of
from workbench.client.guards.words import words as word_list
from workbench.core.identity import digest
from workbench.core.protocols import Classifier
from workbench.core.records import Score, Trial
from workbench.errors import InputError
from workbench.score.reading import unanswered
from workbench.score.verdict import hold_name

__all__ = ["BUILT_IN", "Guard", "guard"]

BUILT_IN: Mapping[str, Callable[[], Classifier]] = {
    "abuse": partial(linear, "abuse"),
    "injection": lambda: any_of("injection", injection(), linear("injection")),
    "personal": personal,
    "secrets": secrets,
}
"""Classifiers that a study file may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A classifier's finding as a score: see `guard`."""

    name: str
    classifier: Classifier
    on: Literal["input", "output"] = "output"

    @property
    def digest(self) -> str:
        """Identity of the definition: the classifier's, and the side."""
        return digest(["guard", self.classifier.digest, self.on])

    async def score(self, trial: Trial) -> Score:
        """Return 1 where nothing was found, else 0 with what was; the text itself is not in the reason."""
        missing = unanswered(trial)
        text = trial.output or ""
        if self.on == "input":
            asked = [message.content for message in trial.messages if message.role == "user"]
            missing, text = (None, asked[-1]) if asked else ("nobody asked anything", "")
        value, reason = None, None
        if missing is None:
            verdict = await self.classifier.check(text)
            value = float(verdict.category is None)
            found = ", ".join(verdict.categories)
            reason = f"found: {found} (score {verdict.score:.2f})" if found else None
        return Score(
            trial_id=trial.trial_id,
            scorer=self.name,
            value=value,
            missing=missing,
            reason=reason,
            digest=self.digest,
        )


def guard(
    classifier: Classifier | str,
    *,
    on: Literal["input", "output"] = "output",
    words: Iterable[str] = (),
    name: str | None = None,
) -> Guard:
    """Return a scorer: 1 where a classifier finds nothing, else 0, so that higher is better.

    Its mean is one minus the rate of findings, with the interval that every score has; the gate limits the
    share of findings (``max_guard_share``, rule WB112). Over-blocking is the same rate on cases that are
    harmless and look otherwise: give the cases a column that says so, and slice by it.

    Parameters
    ----------
    classifier
        A classifier, or the name of one in `BUILT_IN`, or ``words`` for a word list.
    on
        What is looked at: the answer, or the last user message of the prompt.
    words
        The list, only for ``words``.
    name
        The score's name; None: ``guard_`` and the classifier's name. The gate knows guards by that beginning.

    Raises
    ------
    InputError
        Where the classifier is unknown, its list is missing, or the name cannot be a column.
    """
    listed = tuple(words)
    if isinstance(classifier, str):
        if classifier == "words":
            classifier = word_list(listed)
        elif classifier in BUILT_IN and not listed:
            classifier = BUILT_IN[classifier]()
        else:
            problem = "takes no list" if classifier in BUILT_IN else "is unknown"
            known = ", ".join((*BUILT_IN, "words"))
            raise InputError(f"classifier {classifier!r}", problem, f"Known are: {known}.")
    elif listed:
        raise InputError(f"classifier {classifier.name!r}", "takes no list", "Leave words= out.")
    if on not in ("input", "output"):
        raise InputError(f"guard {classifier.name!r}", f"{on!r} is no side", "Write input or output.")
    label = name or f"guard_{classifier.name}"
    hold_name(label)
    return Guard(name=label, classifier=classifier, on=on)
