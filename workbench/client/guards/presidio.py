"""Presidio as a classifier: names and places too, by a language model of its own. An extra."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from workbench.client.guards.local import NOTHING, apart
from workbench.core.identity import digest
from workbench.core.records import Piece, Verdict
from workbench.errors import InputError

__all__ = ["Presidio", "presidio"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presidio:
    """Finds personal data with Presidio: see `presidio`."""

    name: str
    analyzer: Any
    language: str
    threshold: float
    entities: tuple[str, ...] | None

    @property
    def digest(self) -> str:
        """Identity of the definition; the analyzer by its class only."""
        kind = type(self.analyzer).__qualname__
        return digest(["presidio", kind, self.language, self.threshold, self.entities])

    def look(self, text: str) -> Verdict:
        """Return every entity that is sure enough, the surest first where two overlap."""
        entities = None if self.entities is None else list(self.entities)
        results = self.analyzer.analyze(text=text, language=self.language, entities=entities)
        sure = sorted((row for row in results if row.score >= self.threshold), key=lambda row: -row.score)
        if not sure:
            return NOTHING
        pieces = apart(
            Piece(category=row.entity_type.casefold(), start=row.start, end=row.end) for row in sure
        )
        return Verdict(category=sure[0].entity_type.casefold(), score=float(sure[0].score), pieces=pieces)

    async def check(self, text: str) -> Verdict:
        """Return what is found and how long it took; the analyzer runs in a thread."""
        now = asyncio.get_running_loop().time
        began = now()
        verdict = await asyncio.to_thread(self.look, text)
        return Verdict(
            category=verdict.category, score=verdict.score, pieces=verdict.pieces, latency_s=now() - began
        )


def presidio(
    *,
    analyzer: Any = None,
    language: str = "en",
    threshold: float = 0.5,
    entities: tuple[str, ...] | None = None,
    name: str = "presidio",
) -> Presidio:
    """Return Presidio's analyzer as a classifier.

    Parameters
    ----------
    analyzer
        A ``presidio_analyzer.AnalyzerEngine``; None: one with its own defaults, which loads a language model.
    language
        Of the texts.
    threshold
        The least score of an entity, from 0 to 1.
    entities
        Which are looked for, as Presidio calls them; None: all.
    name
        The classifier's name.

    Raises
    ------
    InputError
        Where Presidio is not installed.
    """
    if analyzer is None:
        try:
            from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found,unused-ignore]
        except ImportError:
            raise InputError(
                f"classifier {name!r}",
                "the package presidio-analyzer is not installed",
                "Install it: pip install 'prompt-workbench[guards]'.",
            ) from None
        analyzer = AnalyzerEngine()
    return Presidio(name=name, analyzer=analyzer, language=language, threshold=threshold, entities=entities)
