"""Reading answers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workbench.score.reading import find_number, normal


@given(st.text())
def test_normal_form_is_a_fixed_point(text: str) -> None:
    """The normal form of a normal form is itself."""
    assert normal(normal(text)) == normal(text)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1), st.sampled_from(["", " ", "\n", '"', "**"]))
def test_normal_form_ignores_what_stands_around(word: str, around: str) -> None:
    """Case, white space, quotation marks and a full stop do not change the normal form."""
    assert normal(f"{around}{word}{around}.") == normal(word)


def test_numbers_inside_words_are_not_numbers() -> None:
    """A digit that belongs to a word is passed over."""
    assert find_number("v1.2 of x86") is None
    assert find_number("GPT4 says 7") == 7
