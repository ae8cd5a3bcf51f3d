"""Secrets: the formats that are redacted anyway, and passwords that somebody tells."""

from __future__ import annotations

import pytest

from tests.conformance.classifier import check_classifier, look
from tests.safety.canaries import CANARIES
from workbench.client.guards.secrets import secrets
from workbench.core.redact import redact


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(secrets, f"the key is {CANARIES['github']}", "I forgot my password.")


@pytest.mark.parametrize("name", CANARIES)
def test_every_known_format(name: str) -> None:
    """What would be redacted is found, at the very place."""
    text = f"see {CANARIES[name]} there"
    verdict = look(secrets(), text)
    assert verdict.categories == ("secret",)
    cut = text
    for piece in reversed(verdict.pieces):
        cut = cut[: piece.start] + cut[piece.end :]
    assert redact(cut) == cut


def test_told_passwords() -> None:
    """A password with a digit or sign in it, said in words; talk about passwords is none."""
    told = "fake-" + "pass-1234"
    for text in (f"the wifi password is {told}", f"Passwort: {told}", f"log in with password {told}"):
        (piece,) = look(secrets(), text).pieces
        assert text[piece.start : piece.end] == told
    for text in (
        "The password is wrong.",
        "password: ********",
        "My passcode does not work.",
        "spinning is fun",
    ):
        assert look(secrets(), text).category is None
