"""Reading answers."""

from __future__ import annotations

from workbench.score.reading import find_number


def test_numbers_inside_words_are_not_numbers() -> None:
    """A digit that belongs to a word is passed over."""
    assert find_number("v1.2 of x86") is None
    assert find_number("GPT4 says 7") == 7
