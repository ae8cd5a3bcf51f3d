"""The normal form of an answer, in which only what matters to it differs."""

from __future__ import annotations

import unicodedata

__all__ = ["normal"]

_AROUND = " \t\r\n\"'`*“”‘’«»„"
_AT_END = ".,;:!?"


def normal(text: str) -> str:
    """Return a text's normal form, in which only what matters to an answer differs.

    Unicode NFKC; case folded; runs of white space made one space; white space, quotation marks, backticks
    and asterisks around it removed, and ``. , ; : ! ?`` at its end. A text of which nothing would be left
    keeps its signs.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = " ".join(folded.split())
    return folded.lstrip(_AROUND).rstrip(_AROUND + _AT_END) or folded
