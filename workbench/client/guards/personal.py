"""Personal data by its form: e-mail addresses, phones, IBANs, payment cards, national identity numbers.

Forms with check digits are found only where these fit. A phone number has none: it is found with a country's
prefix, in a national form, or where a word before it says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from workbench.client.guards.checksums import IBAN_LENGTHS, card, iban
from workbench.client.guards.local import Local, found
from workbench.client.guards.national import named_before, national_ids
from workbench.core.records import Piece, Verdict
from workbench.errors import InputError

__all__ = ["PERSONAL", "Personal", "personal"]

_Spans = Iterator[tuple[int, int]]

# Lengths are bounded: no text takes longer than its length says.
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%'-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_DOMAINS = "com|org|net|edu|gov|info|example|test|invalid|io|eu|uk|de|fr|es|it|nl|ch|at|be|pl|se|br|us"
_SPELLED = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{1,64} {0,2}(?:[(\[{] ?at ?[)\]}]| at ) {0,2}[\w-]{1,63}"
    rf"(?: {{0,2}}(?:[(\[{{] ?dot ?[)\]}}]| dot ) {{0,2}}[\w-]{{2,63}}){{0,3}}"
    rf" {{0,2}}(?:[(\[{{] ?dot ?[)\]}}]| dot ) {{0,2}}(?:{_DOMAINS})(?![\w-])"
)
_IBAN_HEAD = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])")
_CARD = re.compile(
    r"(?<!\d)(?<!\d[ -])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|\d{4}([ -]?)\d{6}\2\d{4,5})(?!\d)(?![ -]\d{4})"
)
_PHONE = re.compile(r"(?<![\w.,:/+-])(?:\+ ?|\()?\(?\d(?:[ .\-/()]{0,2}\d){6,14}(?![\w:]|[.,-]\d)")
_AMERICAN = re.compile(r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d([.-]| ))[2-9]\d\d[ .-]\d{4}")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_CALLED = re.compile(
    r"(?i)(?<![^\W_])(?:tel|phone|call|dial|ring|text|mobile|cell|fax|hotline|whatsapp|sms|anruf|ruf|handy|mobil"
    r"|erreich|contact.number)"
)


def _emails(text: str) -> _Spans:
    if "@" in text:
        yield from (match.span() for match in _EMAIL.finditer(text))
    yield from (match.span() for match in _SPELLED.finditer(text))


def _ibans(text: str) -> _Spans:
    for head in _IBAN_HEAD.finditer(text):
        length = IBAN_LENGTHS.get(head.group()[:2].upper())
        if length is None:
            continue
        signs, at = head.group(), head.end()
        while len(signs) < length and at < len(text):
            if text[at] in " -" and text[at - 1] not in " -":
                at += 1
            elif text[at].isalnum():
                signs, at = signs + text[at], at + 1
            else:
                break
        if iban(signs) and not text[at : at + 1].isalnum():
            yield head.start(), at


def _cards(text: str) -> _Spans:
    for match in _CARD.finditer(text):
        if card(re.sub(r"\D", "", match.group())):
            yield match.span()


def _is_phone(text: str, match: re.Match[str]) -> bool:
    number = match.group()
    digits = re.sub(r"\D", "", number)
    if _DATE.match(number) or not 7 <= len(digits) <= 15:
        return False
    if number.startswith("+"):
        return len(digits) >= 8 and digits[0] != "0"
    if number.startswith("00") and digits[2:3] != "0" and len(digits) >= 10:
        return True
    named = named_before(text, match.start(), _CALLED)
    if digits[0] == "0" and digits[1] != "0" and 9 <= len(digits) <= 12:
        return named or len(number) > len(digits)
    return (named and len(digits) >= 8) or _AMERICAN.fullmatch(number) is not None


def _phones(text: str) -> _Spans:
    yield from (match.span() for match in _PHONE.finditer(text) if _is_phone(text, match))


_FINDERS: Mapping[str, Callable[[str], _Spans]] = {
    "iban": _ibans,
    "card": _cards,
    "national_id": national_ids,
    "email": _emails,
    "phone": _phones,
}

PERSONAL: tuple[str, ...] = tuple(_FINDERS)
"""What is looked for, the form with the strictest check first: where two overlap, that one is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal(Local):
    """Finds personal data by its form: see `personal`."""

    kinds: tuple[str, ...] = PERSONAL

    def look(self, text: str) -> Verdict:
        """Return every piece of personal data; each is certain, as far as its form tells."""
        return found(
            Piece(category=kind, start=start, end=end)
            for kind in self.kinds
            for start, end in _FINDERS[kind](text)
        )


def personal(*kinds: str, name: str = "personal") -> Personal:
    """Return a classifier that finds personal data by its form.

    Parameters
    ----------
    kinds
        Of `PERSONAL`; none given: all.
    name
        The classifier's name.

    Raises
    ------
    InputError
        Where a kind is unknown.

    Notes
    -----
    Names of people and postal addresses have no form and are not found: `presidio` looks for these.
    """
    for kind in kinds:
        if kind not in _FINDERS:
            raise InputError(f"classifier {name!r}", f"no kind {kind!r} is known", f"Known: {PERSONAL}.")
    return Personal(name=name, kinds=tuple(kind for kind in PERSONAL if kind in kinds) or PERSONAL)
