"""What a text says that an embedding blurs: numbers, names, dates, negations, who does what to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice

from workbench.semantic.guard_words import (
    CALENDAR,
    FRAMES,
    LIGHT,
    NEGATIONS,
    NUMBER_WORDS,
    SCALES,
    SPANS,
    UNITS,
    WHEN,
    stem,
)

__all__ = ["Profile", "profile"]

KEPT = 16_384
"""Profiles kept in memory; the least recently used go first."""

# One pass, no nesting, no alternative that could match what another one matched: linear in the text.
_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*[+#]*|[%$€£₹&]|[.?!:;,]")
_DOTTED = re.compile(r"(?:\b[A-Za-z]\.){2,}")  # U.S., p.m.
_BREAKS = frozenset(".?!:;,")
_MALE, _FEMALE = frozenset(("he", "him", "his", "himself")), frozenset(("she", "her", "hers", "herself"))
_DIRECTED = frozenset(("from", "to", "into", "before", "after", "than", "by", "over", "under", "with"))
_BE = frozenset(("is", "are", "was", "were", "be", "been", "being", "am", "got", "get"))
_NO_NAMES = frozenset(("i", "am", "pm"))
_MARKERS = {"becoming": "becoming", "simultaneously": "at once", "or": "either"}
_DIGITS = 25  # of a longer number its digits are its name
_HEADS = 32  # of a text; so many directions are a list
_ASKS = re.compile(
    r"\W*(?:is|are|was|were|do|does|did|ca|wo|have|has|could|would|should|can|will)\s?n['’]t"
    r" (?:i|you|he|she|it|we|they|there|the|a|an|this|that|my|your|any|some)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the checks compare. Made by `profile`; words are stems.

    Parameters
    ----------
    tokens
        All words and numbers, in order, with ``and``, ``or`` and commas.
    vocabulary
        The same as a set.
    numbers, measures
        Numbers as they are normally written, and those that have a unit (number, unit).
    names
        What is written with a capital, or all in capitals, in order; in lower case.
    dates, spans
        Days, months, seasons; and (unit of time, -1 last, 0 this, 1 next).
    negated
        The content words after each negation, at most four; it is said of the first.
    genders
        ``m`` or ``f`` for each pronoun of one gender, in order.
    heads
        (preposition, at most four content words after it) where the direction matters.
    passive
        Whether something is done by somebody.
    markers
        ``used to``, ``becoming``, ``at once``, ``either``.
    """

    tokens: tuple[str, ...]
    vocabulary: frozenset[str]
    numbers: frozenset[str]
    measures: frozenset[tuple[str, str]]
    names: tuple[str, ...]
    dates: frozenset[str]
    spans: frozenset[tuple[str, int]]
    negated: tuple[tuple[str, ...], ...]
    genders: tuple[str, ...]
    heads: frozenset[tuple[str, tuple[str, ...]]]
    passive: bool
    markers: frozenset[str]


@lru_cache(maxsize=KEPT)
def profile(text: str) -> Profile:
    """Return what a text says; linear in its length."""
    raw = [each.replace("’", "'") for each in _TOKEN.findall(_DOTTED.sub(_undotted, text))]
    low = [each.lower() for each in raw]
    tokens, measures, numbers = _counted(low)
    names = _names(raw, low)
    words = [each for each in low if each not in _BREAKS]
    heads = frozenset(islice(_heads(words), _HEADS))
    return Profile(
        tokens=tuple(tokens),
        vocabulary=frozenset(tokens),
        numbers=numbers,
        measures=measures,
        names=tuple(_bare(low[i]) for i in names),
        dates=frozenset(_bare(each).rstrip("s") for each in words if _bare(each).rstrip("s") in CALENDAR),
        spans=frozenset(
            (stem(_bare(word)), WHEN[which])
            for before, which, word in zip(["", *words], words, words[1:], strict=False)
            if which in WHEN and stem(_bare(word)) in SPANS and before not in _DIRECTED
        ),
        negated=tuple(_negated(text, words)),
        genders=tuple("m" if each in _MALE else "f" for each in words if each in _MALE or each in _FEMALE),
        heads=heads,
        passive=any(prep == "by" for prep, _ in heads) and not _BE.isdisjoint(words),
        markers=frozenset(_markers(words)),
    )


def _undotted(found: re.Match[str]) -> str:
    return found.group().replace(".", "")


def _bare(word: str) -> str:
    """Return a word without the ending of possession."""
    return word.removesuffix("'s").removesuffix("'")


def _counted(low: Sequence[str]) -> tuple[list[str], frozenset[tuple[str, str]], frozenset[str]]:
    """Return the stems with numbers normalized, the measures, and the numbers."""
    tokens: list[str] = []
    measures: set[tuple[str, str]] = set()
    numbers: set[str] = set()
    i = 0
    while i < len(low):
        word = low[i]
        value, used = _number(low, i)
        if value is None:
            if word not in _BREAKS or word == ",":
                tokens.append(word if word == "," else stem(_bare(word)))
            i += 1
            continue
        after = low[i + used] if i + used < len(low) else ""
        unit = UNITS.get(stem(after)) or (UNITS.get(low[i - 1]) if i and low[i - 1] in "$€£₹" else None)
        if word != "one" or unit:  # "which one" counts nothing
            if unit in ("am", "pm"):
                value = value.removesuffix(":00")
            numbers.add(value)
            if unit:
                measures.add((value, unit))
        tokens.append(value)
        i += used
    return tokens, frozenset(measures), frozenset(numbers)


def _number(low: Sequence[str], i: int) -> tuple[str | None, int]:
    """Return the number that starts at a token as it is normally written, and how many tokens it takes."""
    word, used = low[i], 1
    if word[0].isdecimal():
        plain = word.replace(",", "")
        if ":" in plain or plain.count(".") > 1 or len(plain) > _DIGITS:
            return plain, 1
        value = Decimal(plain)
    elif word in NUMBER_WORDS:
        value = Decimal(NUMBER_WORDS[word])
        ones = NUMBER_WORDS.get(low[i + 1], 0) if i + 1 < len(low) else 0
        if value >= 20 and 0 < ones < 10:
            value, used = value + ones, 2
    else:
        return None, 1
    if i + used < len(low) and low[i + used] in SCALES:
        value, used = value * SCALES[low[i + used]], used + 1
    return f"{value.normalize():f}", used


def _names(raw: Sequence[str], low: Sequence[str]) -> list[int]:
    """Return where the names are: capitals that no beginning of a sentence explains."""
    light = [word for word, small in zip(raw, low, strict=True) if small in LIGHT and small != "i"]
    # Where even small words have capitals, or all is in capitals, a capital says nothing.
    titled = sum(word[0].isupper() for word in light[1:]) * 2 > len(light[1:])
    shouted = len(light) > 0 and all(word.isupper() and len(word) > 1 for word in light)
    found = []
    for i, word in enumerate(raw):
        if shouted or not word[0].isupper() or low[i] in _NO_NAMES or low[i].startswith("i'"):
            continue
        acronym = len(word.rstrip("s")) > 1 and word.rstrip("s").isupper()
        inside = i > 0 and (raw[i - 1] not in _BREAKS or raw[i - 1] == ",")
        if acronym or (inside and not titled and low[i] not in LIGHT):
            found.append(i)
    return found


def _negated(text: str, words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    start = 0
    if _ASKS.match(text):  # "Isn't it …?" asks what "Is it …?" asks
        start = 1 + next(i for i, word in enumerate(words) if word.endswith("n't"))
    for i in range(start, len(words)):
        word = words[i]
        if word not in NEGATIONS and not word.endswith("n't"):
            continue
        if word == "no" and i + 1 < len(words) and words[i + 1][0].isdecimal():
            continue  # "no. 5"
        before, after = words[i - 1] if i else "", _contents(words, i)
        framed = (after and after[0] in FRAMES) or (word == "not" and before in FRAMES)
        if not framed and (before, word) != ("at", "least"):
            yield after


def _heads(words: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for i, word in enumerate(words):
        if word in _DIRECTED and (after := _contents(words, i)):
            yield word, after


def _contents(words: Sequence[str], i: int) -> tuple[str, ...]:
    """Return at most four words with a content after the i-th, as stems."""
    return tuple(stem(_bare(each)) for each in words[i + 1 : i + 7] if each not in LIGHT)[:4]


def _markers(words: Sequence[str]) -> Iterator[str]:
    for i, word in enumerate(words):
        before, after = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
        habit = word == "used" or (word == "use" and "did" in words[max(i - 8, 0) : i])
        if habit and after == "to" and before not in _BE | {"get", "getting"}:
            yield "used to"
        elif word in _MARKERS:
            yield _MARKERS[word]
