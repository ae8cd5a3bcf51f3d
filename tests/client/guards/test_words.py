"""Word lists: whole words, however they are spelled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.classifier import check_classifier, look
from workbench.client.guards.words import words
from workbench.errors import InputError

LIST = words(["Crap", "idiot", "full refund"])


def found(text: str) -> list[str]:
    """Return what was found."""
    return [text[piece.start : piece.end] for piece in look(LIST, text).pieces]


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(lambda: words(["crap"]), "What a crap!", "A carp.")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("CRAP!", ["CRAP!"]),
        ("such cr4p, 1d10t", ["cr4p", "1d10t"]),
        ("c.r.a.p. and i-d-i-o-t", ["c.r.a.p", "i-d-i-o-t"]),
        ("ｃｒａｐ, crâp", ["ｃｒａｐ", "crâp"]),
        ("cr\u200bap", ["cr\u200bap"]),
        ("You get a Full  refund today", ["Full  refund"]),
        ("scrap the crappy idiotic carp; refund in full", []),
        ("a b c, d e f", []),
    ],
)
def test_spellings(text: str, parts: list[str]) -> None:
    """Case, accents, width, digits and gaps do not count; other words do."""
    assert found(text) == parts


@given(st.sampled_from(["crap", "idiot"]), st.text(st.characters(categories=["Zs", "Po"]), max_size=5))
def test_anywhere(word: str, around: str) -> None:
    """A word is found whatever white space and punctuation stands around it."""
    assert look(LIST, f"{around} {word} {around}").category == "word"


def test_a_list_without_words() -> None:
    """It is an error."""
    with pytest.raises(InputError):
        words([" "])
