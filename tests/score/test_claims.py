"""What a text states that can be looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.score.claims import Claims, claims, ground


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It costs 1,200.50 EUR, not 7.", ("1,200.50", "7")),
        ("1. Open it.\n2) Close it.\n- 3 times", ("3",)),
        ("On 2026-01-05 at 9:30", ("2026", "01", "05", "9", "30")),
        ("within 30min, 15% off", ("30", "15")),
        ("v2 of A77", ()),
        ("two of them", ()),
    ],
)
def test_numbers(text: str, numbers: tuple[str, ...]) -> None:
    """Numbers as written; markers of a list, parts of codes and number words are none."""
    assert claims(text).numbers == numbers


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("We sent it with DHL to Lyon.", ("DHL", "Lyon")),
        ("Your parcel left. Please wait.", ()),
        ("The Bank of England says so.", ("Bank", "England")),
        ("Northern Parcel lost it.", ("Northern Parcel",)),
        ("NASA and iPhone and TKT-1042", ("NASA", "iPhone", "TKT-1042")),
        ("I'm sorry, I don't know.", ()),
        ("The 2nd and 3rd", ()),
        ("the Return Desk\nLyon Station", ("Return Desk", "Lyon Station")),
        ("Lyon's desk: ask at Lyon's", ("Lyon",)),
    ],
)
def test_names(text: str, names: tuple[str, ...]) -> None:
    """Capitals within a sentence, runs at its start, abbreviations and codes; not the first word alone."""
    assert claims(text).names == names


@pytest.mark.parametrize(
    ("text", "quotations"),
    [
        ('It says "no returns" and “ever”.', ("no returns", "ever")),
        ("It's the customers' choice, isn't it?", ()),
        ("It says 'don't do it' here.", ("don't do it",)),
        ("«bon» and „gut“", ("bon", "gut")),
    ],
)
def test_quotations(text: str, quotations: tuple[str, ...]) -> None:
    """Every kind of quotation marks; an apostrophe is none."""
    assert claims(text).quotations == quotations


def test_how_claims_are_looked_up() -> None:
    """Numbers by value and small ones also in words, names by words, quotations as a run of words."""
    there = ground("The Return Desk in Lyon pays 1,200.50 EUR within ten days: “Goods come back — unused.”")
    assert there.lacks(claims('Lyon pays 1200.5 in 10 days: "goods come back, unused"')) == Claims()
    lacking = there.lacks(claims('Paid by 11 June in Paris: "goods unused"'))
    assert lacking == Claims(numbers=("11",), names=("June", "Paris"), quotations=("goods unused",))


@given(st.text())
def test_a_text_grounds_itself(text: str) -> None:
    """Nothing of a text is lacking in the text."""
    assert ground(text).lacks(claims(text)) == Claims()
