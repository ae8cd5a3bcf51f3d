"""Texts made plain before they are compared: one form for what only looks different."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["HIDDEN", "SPACED", "UNSEEN", "fold", "unleet"]

UNSEEN = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f"
"""Signs that are not seen, as the inside of a class of a regular expression: zero width, direction, tags."""

HIDDEN = re.compile(f"[{UNSEEN}]")
"""Finds one of them."""

SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[ .\-_*]{1,2}[^\W_]){2,}(?![^\W_])")
"""Single letters or digits with one or two signs between them: ``c.r.a.p``."""

_LEET = str.maketrans("013457@$!", "oieastasi")


def fold(text: str) -> str:
    """Return a text without what is not seen, in one form of each letter (NFKC), small, without accents."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", HIDDEN.sub("", text)).casefold())
    return "".join(sign for sign in text if not unicodedata.combining(sign))


def unleet(text: str) -> str:
    """Return a text with the letters that its digits and signs stand for: ``1d10t`` is ``idiot``."""
    return text.translate(_LEET)
