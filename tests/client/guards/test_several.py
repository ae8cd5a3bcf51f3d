"""Several classifiers as one."""

from __future__ import annotations

import pytest

from tests.conformance.classifier import check_classifier, look
from workbench.client.guards.injection import injection
from workbench.client.guards.personal import personal
from workbench.client.guards.several import any_of
from workbench.client.guards.words import words
from workbench.errors import InputError


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(lambda: any_of("both", words(["crap"]), injection()), "crap", "A carp.")


def test_what_any_finds() -> None:
    """All pieces apart, and the surest category; a score below a threshold does not beat a finding."""
    classifier = any_of("all", injection(), personal("email"), words(["front"]))
    verdict = look(classifier, "You are now front.desk@hotel.example at the front.")
    assert verdict.categories == ("email", "word")
    assert [piece.category for piece in verdict.pieces] == ["email", "word"]
    assert verdict.score == 1.0


def test_of_none() -> None:
    """It is an error."""
    with pytest.raises(InputError):
        any_of("none")
