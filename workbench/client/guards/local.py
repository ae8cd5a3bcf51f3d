"""What classifiers on this machine share: a name, a digest of their configuration, and the time they take."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from workbench.core.identity import digest
from workbench.core.records import Piece, Verdict
from workbench.errors import InputError

__all__ = ["NOTHING", "Local", "apart", "found"]

NOTHING = Verdict(category=None, score=0.0)
"""Nothing was found."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """A classifier whose fields are its configuration.

    Parameters
    ----------
    name
        The classifier's name: letters, digits, ``_``, ``-`` and ``.``.

    Raises
    ------
    InputError
        Where the name is another.
    """

    name: str

    def __post_init__(self) -> None:
        """Hold that the name can be part of a column's name."""
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"classifier {self.name!r}",
                "the name is not made of letters, digits, '_', '-' and '.'",
                "Give another with name=.",
            )

    @property
    def digest(self) -> str:
        """Identity of the definition, 64 hexadecimal digits: kind and configuration, without the name."""
        settings = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "name"}
        return digest([type(self).__name__, settings])

    def look(self, text: str) -> Verdict:
        """Return what is found in a text; the time is measured by who asks."""
        raise NotImplementedError

    async def check(self, text: str) -> Verdict:
        """Return what is found in a text, and how long it took."""
        now = asyncio.get_running_loop().time
        began = now()
        verdict = self.look(text)
        return replace(verdict, latency_s=now() - began)


def apart(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Return pieces in the order of the text; of two that overlap the one given first stays."""
    kept: list[Piece] = []
    for piece in pieces:
        if all(piece.end <= other.start or other.end <= piece.start for other in kept):
            kept.append(piece)
    return tuple(sorted(kept, key=lambda piece: piece.start))


def found(pieces: Iterable[Piece]) -> Verdict:
    """Return the verdict of pieces that are certain where they are; the first given names the category."""
    given = tuple(pieces)
    if not given:
        return NOTHING
    return Verdict(category=given[0].category, score=1.0, pieces=apart(given))
