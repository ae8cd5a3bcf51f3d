"""What a text states that can be looked up: its numbers, its names, its quotations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Claims", "Ground", "claims", "ground"]

# A word may hold a hyphen or an apostrophe; a code may hold digits: TKT-1042.
_WORD = re.compile(r"[^\W_](?:[^\W_]|['’\-](?=[^\W_]))*")
_NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?!\d)")
_MARKER = re.compile(r"(?m)^\s*(?:\d{1,3}[.)]|[-*•])\s+")
_QUOTES = re.compile(
    r"“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|\"([^\"\n]+)\""
    r"|(?<!\w)[‘']([^‘’'\n]+(?:['’]\w+[^‘’'\n]*)*)[’'](?!\w)"  # an apostrophe inside a word ends none
)
_ENDS = re.compile(r"[.!?:;\n“„«\"(\[*#>|][\s\"”»)\]*#>|]*$")

_NUMBER_WORDS = "zero one two three four five six seven eight nine ten eleven twelve"
_COUNTED = {word: str(value) for value, word in enumerate(_NUMBER_WORDS.split())}

# Words that are capitalized for their place or by custom, and name nothing.
_PLAIN_WORDS = """
i i'm i've i'd i'll ok a an the this that these those it its he she they we you our your my their his her
in on at by for from to with of as if and or but so not no yes please dear hello hi thanks thank sorry
regards sincerely kind best who what when where why how which there here all any each every some both
is are was were be has have had do does did can could may might must shall should will would let
after before because since while although however therefore also then once only just first second
third next finally note see per via re ps pps fyi etc customer support team
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What of a text can be looked up, each once, in its order.

    Parameters
    ----------
    numbers
        As written.
    names
        Runs of capitalized words within a sentence, words with capitals inside, and codes that mix letters
        and digits.
    quotations
        The texts within quotation marks.
    """

    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    quotations: tuple[str, ...] = ()


def claims(text: str) -> Claims:
    """Return what of a text can be looked up.

    The signs of English: a capitalized word at the start of a sentence is a name only where another one
    follows it, or it is an abbreviation or a code. A heading in capitals reads as a name, and so would all
    German nouns. Numbers that only count
    the items of a list are none. Number words are none.
    """
    plain = _MARKER.sub("\n", unicodedata.normalize("NFKC", text))
    quotations = [next(filter(None, found.groups())).strip() for found in _QUOTES.finditer(plain)]
    numbers = [found.group(0) for found in _NUMBER.finditer(plain)]
    return Claims(
        numbers=tuple(dict.fromkeys(numbers)),
        names=tuple(dict.fromkeys(_names(plain))),
        quotations=tuple(dict.fromkeys(filter(None, quotations))),
    )


def _names(text: str) -> Iterator[str]:
    run: list[re.Match[str]] = []
    for word in _WORD.finditer(text):
        if run and not (_looks(word.group(0)) and not text[run[-1].end() : word.start()].strip(" \t\xa0")):
            yield from _named(text, run)
            run = []
        if _looks(word.group(0)):
            run.append(word)
    yield from _named(text, run)


def _looks(word: str) -> bool:
    """Return whether a word may be (part of) a name: a capital, or a code of letters and digits."""
    if word.lower().replace("’", "'") in _PLAIN and not (word.isupper() and len(word) > 2):
        return False
    return word[0].isupper() or _marked(word)


def _marked(word: str) -> bool:
    """Return whether a word is a name wherever it stands: NASA, iPhone, TKT-1042."""
    letters = [sign for sign in word if sign.isalpha()]
    code = any(sign.isdigit() for sign in word) and bool(letters)
    # An ordinal or a number with its unit is the number's: 2nd, 30min.
    if code and re.fullmatch(r"\d+[a-z]+", word):
        return False
    inside = any(sign.isupper() for part in re.split(r"[-'’]", word) for sign in part[1:])
    return code or (inside and len(letters) > 1)


def _named(text: str, run: list[re.Match[str]]) -> Iterator[str]:
    if not run:
        return
    before = text[: run[0].start()]
    starts = not before.strip() or _ENDS.search(before) is not None
    if starts and len(run) == 1 and not _marked(run[0].group(0)):
        return
    yield " ".join(_bare(word.group(0)) for word in run)


def _bare(word: str) -> str:
    return re.sub(r"['’]s?\Z", "", word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A text in which claims are looked up. Made by `ground`.

    Parameters
    ----------
    numbers
        The values it writes, in digits or (to twelve) in words.
    words
        Its words, case folded.
    text
        All of it, case folded, signs and white space made one space.
    """

    numbers: frozenset[str]
    words: frozenset[str]
    text: str

    def lacks(self, made: Claims) -> Claims:
        """Return the claims that do not occur in it.

        A number occurs by its value (1,200 is 1200.0), a name where each of its words does, a quotation where
        its words stand together.
        """
        return Claims(
            numbers=tuple(item for item in made.numbers if _value(item) not in self.numbers),
            names=tuple(item for item in made.names if not set(_folded(item).split()) <= self.words),
            quotations=tuple(item for item in made.quotations if f" {_folded(item)} " not in self.text),
        )


def ground(text: str) -> Ground:
    """Return a text made ready for `Ground.lacks`."""
    text = unicodedata.normalize("NFKC", text)
    folded = _folded(text)
    words = frozenset(folded.split())
    # Digits wherever they stand: "30min", "2nd" and "2026-01-05" ground 30, 2, and the parts of the date.
    found = re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)?", text)
    numbers = {_value(item) for item in (*found, *re.findall(r"\d+", text))}
    return Ground(
        numbers=frozenset(numbers | {_COUNTED[word] for word in words & _COUNTED.keys()}),
        words=words,
        text=f" {folded} ",
    )


def _value(number: str) -> str:
    return f"{float(number.replace(',', '')):.12g}"


def _folded(text: str) -> str:
    """Return the words of a text, case folded, without possessive endings, one space between."""
    bare = re.sub(r"['’]s\b", "", unicodedata.normalize("NFKC", text.casefold()))
    return " ".join(re.findall(r"[^\W_]+", bare))
