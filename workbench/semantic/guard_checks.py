"""The checks of the lexical guard: each takes two profiles and says what keeps one from answering the other.

None means that the check has nothing against it. The words on which two texts differ decide; a check never
asks whether texts mean the same, only whether a known sign says that they do not.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from workbench.semantic.guard_profile import Profile
from workbench.semantic.guard_words import LIGHT, OPPOSITES, stem

__all__ = [
    "dates_differ",
    "genders_differ",
    "markers_differ",
    "names_differ",
    "numbers_differ",
    "opposed",
    "order_differs",
    "units_differ",
]

_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non", "de", "anti", "mis")
_ENDINGS = ("a", "e", "i", "o", "y", "n", "s", "an", "ian", "ean", "ese", "ish", "ic")
_SAID_ELSE = {
    "used to": ("former", "formerly", "previou", "previously", "past", "once"),
    "becoming": ("becom", "became", "be", "being"),
}
_LISTS, _ARTICLES = frozenset(("and", "or", "&", "vs", "versus", ",")), frozenset(("a", "an", "th", "the"))
_PASSED = LIGHT - _LISTS
_ASKED = frozenset(stem(word) for word in ("what", "which", "who", "whose", "when", "where", "how", "why"))

Scopes = list[tuple[str, ...]]


def numbers_differ(one: Profile, two: Profile) -> str | None:
    """Other numbers."""
    if one.numbers == two.numbers:
        return None
    return f"number: {_listed(one.numbers)} against {_listed(two.numbers)}"


def units_differ(one: Profile, two: Profile) -> str | None:
    """The same number of something else; a number without a unit is no contradiction."""
    mine, theirs = dict(one.measures), dict(two.measures)
    for value in sorted(mine.keys() & theirs.keys()):
        if mine[value] != theirs[value] and not one.measures & two.measures:
            return f"unit: {value} {mine[value]} against {value} {theirs[value]}"
    return None


def dates_differ(one: Profile, two: Profile) -> str | None:
    """Another day, month or season; next against last."""
    if one.dates != two.dates:
        return f"date: {_listed(one.dates)} against {_listed(two.dates)}"
    for span in sorted({name for name, _ in one.spans} & {name for name, _ in two.spans}):
        mine, theirs = ({at for name, at in each.spans if name == span} for each in (one, two))
        if mine.isdisjoint(theirs):
            return f"date: another {span}"
    return None


def names_differ(one: Profile, two: Profile) -> str | None:
    """A name that the other text does not mention in any way."""
    spelled = _spelled(one, two) | _spelled(two, one)
    for mine, theirs in ((one, two), (two, one)):
        absent = [name for name in mine.names if not theirs.vocabulary & {name, stem(name)}]
        if absent:
            said = spelled.union(*map(_forms, theirs.vocabulary))
            for name in absent:
                if said.isdisjoint(_forms(name)):
                    return f"name: {name}"
    return None


def _spelled(short: Profile, long: Profile) -> frozenset[str]:
    """Return the initials in one text that are spelled out in the other, and the words they stand for."""
    initials = "".join(word[0] for word in long.tokens)
    found: set[str] = set()
    for name in short.names:
        if 2 < len(name) < 7 and (at := initials.find(name)) >= 0:
            found.update([name], long.tokens[at : at + len(name)])
    return frozenset(found)


def _forms(word: str) -> list[str]:
    """Return a word without what may make an adjective or a plural of it: Mexico and Mexican meet."""
    cut = [word[: -len(end)] for end in _ENDINGS if word.endswith(end)]
    return [word, *(each for each in cut if len(each) > 2)]


def genders_differ(one: Profile, two: Profile) -> str | None:
    """He against she, or a pronoun where the other text has none; "his or her" is nobody's."""
    sets = set(one.genders), set(two.genders)
    if one.genders == two.genders or (sets[0] == sets[1] and len(sets[0]) == 1):
        return None
    return None if {len(sets[0]), len(sets[1])} == {0, 2} else "pronoun: who is meant"


def markers_differ(one: Profile, two: Profile) -> str | None:
    """What was and is no more, what is only becoming, and both at once against one of them."""
    for mine, theirs in ((one, two), (two, one)):
        for marker, forms in _SAID_ELSE.items():
            if marker in mine.markers - theirs.markers and theirs.vocabulary.isdisjoint(forms):
                return f"time: {marker}"
        if "at once" in mine.markers and "either" in theirs.markers:
            return "both at once against one of them"
    return None


def opposed(one: Profile, two: Profile) -> str | None:
    """An opposite, or a negation, that the other text does not undo: "rude" is "not polite"."""
    negated = [list(one.negated), list(two.negated)]
    swapped = _swapped(one, two)
    for mine, theirs in _opposites(one, two):
        denied = [[scope for scope in negated[0] if mine in scope[:1]]]
        denied.append([scope for scope in negated[1] if theirs in scope[:1]])
        if bool(denied[0]) != bool(denied[1]):
            side = 0 if denied[0] else 1
            negated[side].remove(denied[side][0])
        elif swapped:
            swapped = None
        else:
            return f"opposite: {mine} against {theirs}"
    if swapped:
        return f"order: {swapped}"
    said = [_listed([" ".join(scope[:1]) for scope in each]) for each in negated]
    moved = _moved(negated[0], negated[1], two) and _moved(negated[1], negated[0], one)
    if moved or len(negated[0]) != len(negated[1]):
        return f"negation: {said[0]} against {said[1]}"
    return None


def _moved(mine: Scopes, theirs: Scopes, other: Profile) -> bool:
    """Return whether something is denied here that the other text says without denying it."""
    kept = {word for scope in theirs for word in scope}
    return any(scope[0] in other.vocabulary and scope[0] not in kept for scope in mine if scope)


def _opposites(one: Profile, two: Profile) -> list[tuple[str, str]]:
    """Return the opposites among the words that only one of the texts has; each word once."""
    mine, theirs = one.vocabulary - two.vocabulary, two.vocabulary - one.vocabulary
    built = {made: word for word in sorted(theirs) for made in _contraries(word)}
    found: dict[str, str] = {}
    for word in sorted(mine):
        others = (OPPOSITES.get(word, frozenset()) & theirs) | theirs.intersection(_contraries(word))
        free = sorted((others | ({built[word]} if word in built else set())).difference(found.values()))
        if free:
            found[word] = free[0]
    return list(found.items())


def _contraries(word: str) -> list[str]:
    """Return what a prefix or an ending makes of a word."""
    if len(word) < 4:
        return []
    ending = [word[:-3] + "less"] if word.endswith("ful") else []
    return [*(prefix + word for prefix in _PREFIXES), *ending]


def _swapped(one: Profile, two: Profile) -> str | None:
    """Return the preposition after which two words have changed places: from … to, than, by."""
    firsts = [{(prep, after[0]) for prep, after in each.heads} for each in (one, two)]
    for prep, mine in sorted(one.heads):
        for at, theirs in sorted(two.heads):
            if at != prep or (prep, mine[0]) in firsts[1] or (prep, theirs[0]) in firsts[0]:
                continue
            apart = mine[0] not in theirs and theirs[0] not in mine
            if apart and mine[0] in two.vocabulary and theirs[0] in one.vocabulary:
                return prep
    return None


def order_differs(one: Profile, two: Profile) -> str | None:
    """The same names, or the same words, in other roles; "A and B" is "B and A"."""
    mine, theirs = _cast(one), _cast(two)
    place = {name: i for i, name in enumerate(theirs)}
    for a, b in pairwise(name for name in mine if name in place):
        if place[b] < place[a] and _exchanged(a, b, one, two):
            return f"order: {a}, {b} against {b}, {a}"
    if Counter(one.tokens) == Counter(two.tokens):
        at = [i for i, (a, b) in enumerate(zip(one.tokens, two.tokens, strict=True)) if a != b]
        if len(at) == 2 and not _joined(one.tokens[at[0] + 1 : at[1]]):
            return f"order: {one.tokens[at[0]]} against {one.tokens[at[1]]}"
    return None


def _joined(between: tuple[str, ...]) -> bool:
    """Return whether what stands between two words only lists them; "and", "or" or a comma must be there."""
    return not _LISTS.isdisjoint(between) and (_LISTS | _ARTICLES).issuperset(between)


def _cast(text: Profile) -> list[str]:
    """Return the names in their order, the doer first: in "A was seen by B" that is B."""
    names = [stem(name) for name in dict.fromkeys(text.names) if name not in text.dates]
    done_by = {after[0] for prep, after in text.heads if prep == "by" and text.passive}
    doers = [name for name in names if name in done_by]
    return [*doers, *(name for name in names if name not in doers)]


def _exchanged(a: str, b: str, one: Profile, two: Profile) -> bool:
    """Return whether b stands where a stood: beside the same word; of a passive, a stands there still."""
    role = a if one.passive != two.passive else b
    sides = ((_beside(a, one, step), _beside(role, two, step)) for step in (1, -1))
    return any(mine is not None and mine == theirs for mine, theirs in sides)


def _beside(name: str, text: Profile, step: int) -> str | None:
    """Return the next word with a content before or after a name; None where a comma or the end is."""
    i = text.tokens.index(name) + step if name in text.tokens else -1
    while 0 <= i < len(text.tokens) and text.tokens[i] in _PASSED:
        i += step
    return text.tokens[i] if 0 <= i < len(text.tokens) and text.tokens[i] not in _LISTS | _ASKED else None


def _listed(words: object) -> str:
    found = sorted(map(str, words)) if words else []  # type: ignore[call-overload]
    return ", ".join(found[:4]) or "none"
