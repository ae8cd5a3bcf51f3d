"""Counting tokens as the embedded endpoint bills them.

The stated tokenizer is the WordPiece of all-MiniLM-L6-v2 (its ``tokenizer.json``, no special tokens, no
truncation), plus `PER_MESSAGE` tokens for each message's frame. A JSON schema in ``response_format`` is not
counted. Real providers count differently: these counts price the embedded models only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from workbench.core.records import Message
from workbench.semantic.embed import packaged_model, well_formed

__all__ = ["PER_MESSAGE", "TOKENIZER", "count_pairs", "count_text", "count_tokens", "first_tokens"]

PER_MESSAGE = 4
"""Tokens added for each message: its role and its borders."""

TOKENIZER = "WordPiece of all-MiniLM-L6-v2, 4 tokens more per message"
"""The tokenizer's name, for people."""


@lru_cache(maxsize=1)
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=20_000)
def count_text(text: str) -> int:
    """Return the tokens of a text alone.

    Raises
    ------
    InputError
        Where the package with the tokenizer is not installed.
    """
    return len(_tokenizer().encode(well_formed(text), add_special_tokens=False).ids)


def count_tokens(messages: Sequence[Message]) -> int:
    """Return the input tokens the endpoint will bill for these messages, exactly."""
    return sum(count_text(message.content) + PER_MESSAGE for message in messages)


def count_pairs(messages: Iterable[tuple[str, str]]) -> int:
    """Return the same for (role, text) pairs."""
    return sum(count_text(text) + PER_MESSAGE for _, text in messages)


def first_tokens(text: str, limit: int) -> tuple[str, bool]:
    """Return the text cut to its first tokens, and whether anything was cut.

    Parameters
    ----------
    limit
        Most tokens, at least 1.
    """
    if count_text(text) <= limit:
        return text, False
    text = well_formed(text)
    offsets = _tokenizer().encode(text, add_special_tokens=False).offsets
    return text[: offsets[limit - 1][1]], True
