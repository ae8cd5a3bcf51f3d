"""Overlap: examples that a prompt shows and that occur among the cases it is asked, exactly or nearly."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from workbench.core.identity import canonical
from workbench.core.show import Shown
from workbench.define.dataset import Case, Dataset

__all__ = ["MOST_NAMED", "SHINGLE_WORDS", "Match", "Overlap", "overlap"]

SHINGLE_WORDS = 3
"""Words of a shingle; a text of fewer words is one shingle."""

MOST_NAMED = 5
"""Examples that a warning names."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An example that occurs among the cases.

    Parameters
    ----------
    example_id, case_id
        The pair.
    similarity
        1 where both are the same after normalization; else the shingles' Jaccard index, in [0, 1].
    """

    example_id: str
    case_id: str
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(Shown):
    """Examples that occur among the cases. Made by `overlap`.

    Parameters
    ----------
    matches
        Every pair, in the order of the examples, the most similar first.
    examples, cases
        How many there are.
    columns
        What was compared.
    threshold
        As given.
    """

    matches: tuple[Match, ...]
    examples: int
    cases: int
    columns: tuple[str, ...]
    threshold: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row a pair: example_id, case_id, similarity."""
        return pd.DataFrame(
            [(each.example_id, each.case_id, each.similarity) for each in self.matches],
            columns=["example_id", "case_id", "similarity"],
        )

    @property
    def exact(self) -> tuple[str, ...]:
        """Ids of the examples that are a case."""
        return tuple(dict.fromkeys(each.example_id for each in self.matches if each.similarity == 1))

    @property
    def near(self) -> tuple[str, ...]:
        """Ids of the examples that are nearly a case, and none exactly."""
        found = dict.fromkeys(each.example_id for each in self.matches)
        return tuple(each for each in found if each not in self.exact)

    def warnings(self, name: str) -> list[str]:
        """Return what to say of a prompt of this name before it is run; empty where nothing occurs."""
        nearly = f" ({self.threshold:.0%} alike)"
        lines = []
        for ids, how, rule in ((self.exact, "also", ""), (self.near, "nearly", nearly)):
            what = f"1 example of {name} is {how} a case" if len(ids) == 1 else ""
            what = what or f"{len(ids)} examples of {name} are {how} cases"
            which = ", ".join([*ids[:MOST_NAMED], *(["…"] if len(ids) > MOST_NAMED else [])])
            lines += [f"{what}{rule}: {which}; its score would be too good"] if ids else []
        return lines

    @property
    def summary(self) -> str:
        """How many examples are cases, and how many nearly, with the rule."""
        return (
            f"Of {self.examples} examples {len(self.exact)} are also among the {self.cases:,} cases, and"
            f" {len(self.near)} more nearly, by {', '.join(self.columns)}: the same words, or"
            f" {self.threshold:.0%} of the runs of {SHINGLE_WORDS} words in common."
        )


def overlap(
    examples: Dataset, cases: Dataset, *, columns: Sequence[str] | None = None, threshold: float = 0.9
) -> Overlap:
    """Return which examples occur among the cases.

    Texts are normalized first (Unicode NFKC, case folded, words only: punctuation and spacing do not count).
    Two are the same where their words are, and nearly the same where their sets of `SHINGLE_WORDS`-word runs
    have a Jaccard index of at least `threshold`: the resemblance of Broder (1997, "On the resemblance and
    containment of documents", section 2), here in full, not by sketches. In a short text one other word is
    already less alike than 0.9, and a script without spaces is found where it is the same; a paraphrase is
    not found. Expected answers do not count: a question with
    another answer is still the same question.

    Parameters
    ----------
    examples, cases
        What a prompt shows, and what it is asked.
    columns
        What to compare; None: the columns that both have.
    threshold
        In (0, 1]; 1: only the same sets of shingles.
    """
    names = tuple(cases.columns if columns is None else columns)
    names = tuple(name for name in names if name in examples.columns and name in cases.columns)
    shown = {case.case_id: _words(case, names) for case in examples.cases}
    shown = {each: words for each, words in shown.items() if words}
    grams = {each: _shingles(words) for each, words in shown.items()}
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for each, own in grams.items():
        for gram in own:
            holders[gram].append(each)
    found: dict[str, list[Match]] = defaultdict(list)
    for case in cases.cases if holders else ():
        words = _words(case, names)
        own = _shingles(words) if words else frozenset()
        common = Counter(each for gram in own for each in holders.get(gram, ()))
        for each, count in common.items():
            alike = count / (len(own) + len(grams[each]) - count)
            if words == shown[each] or alike >= threshold:
                # Other words may have the same shingles (in another order): only the same words are 1.
                similarity = 1.0 if words == shown[each] else min(alike, 0.999)
                found[each].append(Match(example_id=each, case_id=case.case_id, similarity=similarity))
    matches = [one for each in shown for one in sorted(found[each], key=lambda match: -match.similarity)]
    return Overlap(
        matches=tuple(matches),
        examples=len(examples),
        cases=len(cases),
        columns=names,
        threshold=threshold,
    )


def _words(case: Case, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the normalized words of a case, columns kept apart; empty where it has none."""
    values = [case.values.get(name) or "" for name in columns]
    texts = [each if isinstance(each, str) else canonical(each) for each in values]
    words = [_WORD.findall(unicodedata.normalize("NFKC", text).casefold()) for text in texts]
    if not any(words):
        return tuple(text.strip() for text in texts if text.strip())
    return tuple(
        word for index, each in enumerate(words) for word in ([*each] if index == 0 else ["", *each])
    )


def _shingles(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    size = min(SHINGLE_WORDS, len(words))
    return frozenset(words[start : start + size] for start in range(len(words) - size + 1))
