"""Personal data: found by form, with its place; what only looks like it is not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.classifier import check_classifier, look
from workbench.client.guards.personal import PERSONAL, personal
from workbench.errors import InputError


def pieces(text: str, *kinds: str) -> list[tuple[str, str]]:
    """Return category and text of everything found."""
    verdict = look(personal(*kinds), text)
    return [(piece.category, text[piece.start : piece.end]) for piece in verdict.pieces]


def test_conformance() -> None:
    """It is a classifier, and so is each kind of it."""
    check_classifier(personal, "Mail front.desk@hotel.example.", "Where is the front desk?")
    check_classifier(lambda: personal("phone"), "Call +1 202 555 0143.", "Mail front.desk@hotel.example.")


def test_everything_in_one_text() -> None:
    """Each piece by itself, in order, without the words around it."""
    text = (
        "Mail front.desk@hotel.example or call +44 7700 900461; pay from DE89 3704 0044 0532 0130 00 or by "
        "4111 1111 1111 1111; BSN 111222333."
    )
    assert pieces(text) == [
        ("email", "front.desk@hotel.example"),
        ("phone", "+44 7700 900461"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("card", "4111 1111 1111 1111"),
        ("national_id", "111222333"),
    ]
    assert look(personal(), text).categories == tuple(sorted(PERSONAL))
    assert pieces(text, "card") == [("card", "4111 1111 1111 1111")]


@pytest.mark.parametrize(
    "text",
    [
        "Order 4500123987, 3 boxes @ 4.50, from 2024-11-05 10:30.",
        "Gateway 192.168.100.254, version 10.14.6, room 0815.",
        "4111 1111 1111 1112 and DE00 0000 0000 0000 0000 00 are typos.",
        "Asset 111222333, case 123456782, barcode 44051401359.",
        "We meet at the dot painting at ten. Com port three.",
    ],
)
def test_look_alikes(text: str) -> None:
    """Numbers and signs that are nobody's."""
    assert pieces(text) == []


def test_a_word_makes_a_number_one() -> None:
    """Digits that could be anything count where a word before them says what they are."""
    assert pieces("mobile: 2125550164") == [("phone", "2125550164")]
    assert pieces("order 2125550164") == []
    assert pieces("PESEL 44051401359") == [("national_id", "44051401359")]


@pytest.mark.parametrize("unit", ["a", "a@", "a.", "1 ", "+1", "a at ", "DE89 ", "0", "(1)", "1-"])
def test_long_texts_take_no_longer_than_their_length_says(unit: str) -> None:
    """Forty thousand signs of one kind take less than a second, whichever."""
    began = time.process_time()
    look(personal(), unit * (40_000 // len(unit)))
    assert time.process_time() - began < 1.0


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    """Nothing fails, and a finding has its place."""
    verdict = look(personal(), text)
    assert (verdict.category is None) == (not verdict.pieces)


def test_an_unknown_kind() -> None:
    """The error names the known ones."""
    with pytest.raises(InputError, match="iban"):
        personal("names")
