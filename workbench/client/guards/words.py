"""A list of words that must not occur: whole words, also spelled with digits, signs or gaps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workbench.client.guards.local import Local, found
from workbench.client.guards.plain import SPACED, UNSEEN, fold, unleet
from workbench.core.records import Piece, Verdict
from workbench.errors import InputError

__all__ = ["Words", "words"]

_TOKEN = re.compile(rf"[^\W_][\w@$!'’{UNSEEN}]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Local):
    """Finds the words of a list: see `words`."""

    listed: tuple[str, ...]
    category: str = "word"

    def look(self, text: str) -> Verdict:
        """Return every occurrence of a listed word."""
        return found(Piece(category=self.category, start=start, end=end) for start, end in self._spans(text))

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        single = {word for word in self.listed if " " not in word}
        phrases = [word.split() for word in self.listed if " " in word]
        tokens = [(match.start(), _bare(match.group())) for match in _TOKEN.finditer(text)]
        ends = [match.end() for match in _TOKEN.finditer(text)]
        for (start, word), end in zip(tokens, ends, strict=True):
            if word in single or unleet(word) in single:
                yield start, end
        for phrase in phrases:
            for at in range(len(tokens) - len(phrase) + 1):
                if [word for _, word in tokens[at : at + len(phrase)]] == phrase:
                    yield tokens[at][0], ends[at + len(phrase) - 1]
        for match in SPACED.finditer(text):
            joined = fold("".join(sign for sign in match.group() if sign.isalnum()))
            if joined in single or unleet(joined) in single:
                yield match.span()


def _bare(token: str) -> str:
    return fold(token).rstrip("!'’") or token


def words(listed: Iterable[str], *, category: str = "word", name: str = "words") -> Words:
    """Return a classifier that finds the words and phrases of a list.

    Case, accents, full-width letters and signs that are not seen do not count; ``cr4p`` and ``c.r.a.p`` are
    ``crap``. Only whole words are found: other forms of a word (a plural) are words of their own.

    Parameters
    ----------
    listed
        Words, and phrases of several words.
    category
        What a finding is called.
    name
        The classifier's name.

    Raises
    ------
    InputError
        Where there is no word.
    """
    folded = tuple(sorted({" ".join(fold(word).split()) for word in listed if word.strip()}))
    if not folded:
        raise InputError(f"classifier {name!r}", "its list is empty", "Give at least one word.")
    return Words(name=name, listed=folded, category=category)
