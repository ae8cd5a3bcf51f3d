"""National identity numbers of a few countries: their forms, their check digits, the words around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workbench.client.guards import checksums

__all__ = ["COUNTRIES", "NEAR", "named_before", "national_ids"]

NEAR = 48
"""Characters before a number in which a word that names it counts."""


def named_before(text: str, start: int, words: re.Pattern[str]) -> bool:
    """Return whether one of some words stands shortly before a place in a text."""
    return words.search(text, max(0, start - NEAR), start) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One form of a number.

    Parameters
    ----------
    form
        Finds it.
    check
        Takes its letters and digits only.
    words
        Must stand shortly before it; None: the form and its check digits are telling enough.
    """

    country: str
    form: re.Pattern[str]
    check: Callable[[str], bool]
    words: re.Pattern[str] | None = None


def _kind(country: str, form: str, check: Callable[[str], bool], words: str | None = None) -> _Kind:
    edges = re.compile(rf"(?<![\w-]){form}(?![\w-])")
    named = None if words is None else re.compile(rf"(?i)(?<![^\W_])(?:{words})")
    return _Kind(country=country, form=edges, check=check, words=named)


# Digits alone are so common that one number in ten has fitting check digits: those need a word.
_KINDS = (
    _kind("BR", r"\d{3}\.\d{3}\.\d{3}-\d{2}", checksums.cpf),
    _kind("BR", r"\d{11}", checksums.cpf, r"cpf"),
    _kind("CH", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", checksums.ean13),
    _kind("DE", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", checksums.tax_id_de, r"steuer|id-?nr|tax.?id|tin\b"),
    _kind("ES", r"[0-9XYZ]\d{7}-?[A-Z]", checksums.dni),
    _kind("FR", r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", checksums.nir),
    _kind("NL", r"(?:\d{9}|\d{4}\.\d{2}\.\d{3})", checksums.bsn, r"bsn|burgerservice|sofi"),
    _kind("PL", r"\d{11}", checksums.pesel, r"pesel"),
    _kind("US", r"\d{3}-\d{2}-\d{4}", checksums.ssn),
    _kind("US", r"\d{9}", checksums.ssn, r"ssn|social.security"),
)

COUNTRIES: tuple[str, ...] = tuple(sorted({kind.country for kind in _KINDS}))
"""The countries whose numbers are known, by ISO 3166-1."""


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of every national identity number in a text."""
    for kind in _KINDS:
        for match in kind.form.finditer(text):
            signs = re.sub(r"[^0-9A-Z]", "", match.group())
            named = kind.words is None or named_before(text, match.start(), kind.words)
            if named and kind.check(signs):
                yield match.span()
