"""Presidio as a classifier, before an analyzer of the same shape; its own where it is installed."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

import pytest

from tests.conformance.classifier import check_classifier, look
from workbench.client.guards.presidio import presidio
from workbench.errors import InputError


@dataclass
class Result:
    """One entity, as Presidio gives it."""

    entity_type: str
    start: int
    end: int
    score: float


class Analyzer:
    """Finds the word London twice: surely as a place, and less surely with what is around it."""

    def analyze(self, text: str, language: str, entities: list[str] | None) -> list[Result]:
        """Return the entities."""
        at = text.find("London")
        if at < 0 or (entities is not None and "LOCATION" not in entities):
            return []
        wide = Result("PERSON", max(0, at - 3), at + 6, 0.6)
        return [wide, Result("LOCATION", at, at + 6, 0.85), Result("DATE_TIME", 0, 1, 0.1)]


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(lambda: presidio(analyzer=Analyzer()), "To London.", "Where is it?")


def test_what_it_gives() -> None:
    """The surest entity where two overlap; unsure ones are left out; only what was asked for."""
    verdict = look(presidio(analyzer=Analyzer()), "To London.")
    assert (verdict.category, verdict.score, verdict.categories) == ("location", 0.85, ("location",))
    assert look(presidio(analyzer=Analyzer(), entities=("PERSON",)), "To London.").category is None


@pytest.mark.skipif(find_spec("presidio_analyzer") is not None, reason="it is installed")
def test_not_installed() -> None:
    """The error says how to install it."""
    with pytest.raises(InputError, match="pip install"):
        presidio()
