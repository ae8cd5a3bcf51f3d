"""Counted tokens: known counts, messages, cutting."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.records import Message
from workbench.offline.tokens import PER_MESSAGE, count_pairs, count_text, count_tokens, first_tokens


def test_known_counts() -> None:
    """WordPiece's own counts: whole words, pieces of words, signs."""
    assert count_text("") == 0
    assert count_text("where is my parcel?") == 5
    assert count_text("feature-request") == 3
    assert count_text("tokenization") == 2  # token ##ization


def test_long_texts_are_not_truncated() -> None:
    """A text longer than the model reads is counted whole."""
    assert count_text("parcel " * 5_000) == 5_000


def test_messages() -> None:
    """Messages cost their text plus a fixed frame each, also as pairs."""
    messages = [Message(role="system", content="parcel"), Message(role="user", content="where is my parcel?")]
    assert count_tokens(messages) == 6 + 2 * PER_MESSAGE
    assert count_pairs((message.role, message.content) for message in messages) == count_tokens(messages)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=60), st.integers(1, 20))
def test_cutting(text: str, limit: int) -> None:
    """A cut text is a beginning of it with no more tokens than asked; a short one stays as it is."""
    count = count_text(text)
    kept, cut = first_tokens(text, limit)
    assert cut == (count > limit)
    assert count_text(kept) <= limit
    if not cut:
        assert kept == text
