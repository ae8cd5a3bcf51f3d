"""Word diff: nothing is lost, nothing is invented, and a hostile text does not stop it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workbench.analyze.worddiff import MOST_WORDS, word_diff

TEXTS = st.text(alphabet="ab .,\n<é", max_size=60)


@given(TEXTS, TEXTS)
def test_the_pieces_make_up_both_texts(before: str, after: str) -> None:
    """Same and removed are the first text, same and added the second, to the letter; neighbors differ."""
    pieces = word_diff(before, after)
    assert "".join(each.text for each in pieces if each.kind != "added") == before
    assert "".join(each.text for each in pieces if each.kind != "removed") == after
    assert all(one.kind != next_.kind for one, next_ in pairwise(pieces))


@given(TEXTS)
def test_equal_texts_are_the_same(text: str) -> None:
    """A text against itself has one piece, or none where it is empty."""
    assert [each.kind for each in word_diff(text, text)] == (["same"] if text else [])


def test_one_word_is_one_word() -> None:
    """Only what was changed is marked."""
    pieces = word_diff("The answer is 12, surely.", "The answer is 13, surely.")
    assert [(each.kind, each.text) for each in pieces] == [
        ("same", "The answer is "),
        ("removed", "12"),
        ("added", "13"),
        ("same", ", surely."),
    ]


def test_very_long_texts_are_replaced_as_a_whole() -> None:
    """Beyond the most words only the common beginning and end are kept."""
    one = "start " + "a b " * MOST_WORDS + "end"
    other = "start " + "b a " * MOST_WORDS + "end"
    kinds = [each.kind for each in word_diff(one, other)]
    assert kinds == ["same", "removed", "added", "same"]
