"""Word diff: what of one text stands in another, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

__all__ = ["MOST_WORDS", "Piece", "word_diff"]

MOST_WORDS = 2_000
"""Longer texts, between a common beginning and a common end, are replaced as a whole: the search is slow."""

Kind = Literal["same", "removed", "added"]

_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of words.

    Parameters
    ----------
    kind
        ``same`` in both texts, ``removed`` from the first, or ``added`` by the second.
    text
        The words, with the spaces that follow them.
    """

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """Return two texts as the pieces they share and those they do not.

    The pieces that are the same or removed make up `before`, those that are the same or added make up
    `after`, to the letter. Words and signs are matched by Ratcliff and Obershelp's longest common runs
    (`difflib.SequenceMatcher`), which reads well and is not always the shortest edit; in texts of 200 words
    and more its `autojunk` starts no run at a word that is more than 1 % of the text.

    Parameters
    ----------
    before, after
        Any texts.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    middle = (old[head : len(old) - tail], new[head : len(new) - tail])
    found: list[tuple[Kind, str]] = [("same", word) for word in old[:head]]
    found += _changed(*middle)
    found += [("same", word) for word in old[len(old) - tail :]]
    return tuple(
        Piece(kind=kind, text="".join(word for _, word in words))
        for kind, words in groupby(found, key=lambda each: each[0])
    )


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    """Return how many words both begin with."""
    return next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )


def _changed(old: Sequence[str], new: Sequence[str]) -> list[tuple[Kind, str]]:
    if max(len(old), len(new)) > MOST_WORDS:
        return [("removed", word) for word in old] + [("added", word) for word in new]
    out: list[tuple[Kind, str]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            out += [("same", word) for word in old[i:j]]
        else:
            out += [("removed", word) for word in old[i:j]] + [("added", word) for word in new[k:m]]
    return out
