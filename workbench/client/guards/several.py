"""Several classifiers as one: what any of them finds is found."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from workbench.client.guards.local import apart
from workbench.core.identity import digest
from workbench.core.protocols import Classifier
from workbench.core.records import Verdict
from workbench.errors import InputError

__all__ = ["AnyOf", "any_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf:
    """Finds what any of several classifiers finds: see `any_of`."""

    name: str
    classifiers: tuple[Classifier, ...]

    @property
    def digest(self) -> str:
        """Identity of the definition: of all of them, in their order."""
        return digest(["any of", [classifier.digest for classifier in self.classifiers]])

    async def check(self, text: str) -> Verdict:
        """Return the surest finding, all pieces, and the time they took together."""
        now = asyncio.get_running_loop().time
        began = now()
        verdicts = [await classifier.check(text) for classifier in self.classifiers]
        surest = max(verdicts, key=lambda verdict: (verdict.category is not None, verdict.score))
        pieces = apart(piece for verdict in verdicts for piece in verdict.pieces)
        return Verdict(category=surest.category, score=surest.score, pieces=pieces, latency_s=now() - began)


def any_of(name: str, *classifiers: Classifier) -> AnyOf:
    """Return several classifiers as one; the surest finding names the category.

    Raises
    ------
    InputError
        Where there is none.
    """
    if not classifiers:
        raise InputError(f"classifier {name!r}", "it is made of none", "Give at least one.")
    return AnyOf(name=name, classifiers=classifiers)
