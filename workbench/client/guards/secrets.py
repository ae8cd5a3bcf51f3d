"""Secrets: the key formats that the workbench itself redacts, and passwords that are told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.client.guards.local import Local, found
from workbench.core.records import Piece, Verdict
from workbench.core.redact import HINTS, PATTERNS

__all__ = ["Secrets", "secrets"]

# "the password is …": a word with a digit or a sign in it; plain words are what people say about passwords.
_TOLD = re.compile(
    r"(?i)(?<![^\W_])(?:pass(?:word|phrase|code)|passwort|kennwort|pin)(?![^\W_])"
    r"(?:[^\n.?!]{0,40}?(?:[:=]| is | lautet )\s*|\s+)[\"']?"
    r"(?P<value>(?=[^\s\"',;]*[\d_#$%&+])[^\s\"',;*<]{4,128})"
)


def _secrets(text: str) -> Iterator[tuple[int, int]]:
    folded = text.casefold()
    for name, hints in HINTS.items():
        if any(hint in folded for hint in hints):
            for match in PATTERNS[name].finditer(text):
                yield match.span("value") if "value" in match.re.groupindex else match.span()
    for match in _TOLD.finditer(text):
        yield match.span("value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets(Local):
    """Finds keys, tokens and passwords: see `secrets`."""

    def look(self, text: str) -> Verdict:
        """Return every secret; each is certain, as far as its form tells."""
        return found(Piece(category="secret", start=start, end=end) for start, end in _secrets(text))


def secrets(name: str = "secrets") -> Secrets:
    """Return a classifier that finds keys of known formats (`workbench.core.redact`) and told passwords.

    Notes
    -----
    What the journal, the logs and MLflow get is redacted anyway. This one is for what is sent to a model and
    what is shown to a user.
    """
    return Secrets(name=name)
