"""The second stage of the semantic cache: whether what is near may serve.

An embedding puts "is it safe before 8am" beside "is it safe after 8am". The lexical guard refuses pairs
that differ in what an embedding blurs: numbers, units, dates, names, negations, opposites, who does what to
whom. It never says that two texts mean the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

from workbench.semantic import guard_checks as checks
from workbench.semantic.guard_profile import Profile, profile

__all__ = ["CHECKS", "AllOf", "CrossEncoder", "Guard", "LexicalGuard", "PairScorer", "admission"]

PAIRS_KEPT = 1_000_000
"""Verdicts a replay remembers; the least recently used go first."""

Check = Callable[[Profile, Profile], str | None]

CHECKS: tuple[Check, ...] = (
    checks.numbers_differ,
    checks.units_differ,
    checks.dates_differ,
    checks.names_differ,
    checks.genders_differ,
    checks.markers_differ,
    checks.opposed,
    checks.order_differs,
)
"""What the lexical guard looks at, in this order."""


@runtime_checkable
class Guard(Protocol):
    """Says whether an entry whose text is near may serve a request."""

    def reason(self, request_text: str, cached_text: str) -> str | None:
        """Return what keeps the entry from serving; None: it may."""
        ...


@runtime_checkable
class PairScorer(Protocol):
    """Reads two texts together, as a cross-encoder does."""

    def score(self, pairs: Sequence[tuple[str, str]]) -> Sequence[float]:
        """Return for each pair how surely the second text's answer answers the first; higher is surer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalGuard:
    """Refuses by words; English. Microseconds a pair, linear in the texts.

    Parameters
    ----------
    checks
        Each takes the two texts' profiles and returns a reason or None.
    longest
        Characters; two different texts of which one is longer are refused, because on a long text one
        differing word among many decides nothing that a list of words could see.
    """

    checks: tuple[Check, ...] = CHECKS
    longest: int = 4_000

    def reason(self, request_text: str, cached_text: str) -> str | None:
        """Return what keeps the entry from serving; None: it may. The same text always may."""
        if request_text == cached_text:
            return None
        if max(len(request_text), len(cached_text)) > self.longest:
            return f"longer than {self.longest:,} characters"
        one, two = profile(request_text), profile(cached_text)
        return next((found for check in self.checks if (found := check(one, two)) is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossEncoder:
    """Refuses where a model that reads both texts together is not sure enough.

    Parameters
    ----------
    scorer
        The model, for example ``sentence_transformers.CrossEncoder`` behind a method ``score``.
    threshold
        Lowest score that serves, in the scorer's own unit.
    """

    scorer: PairScorer
    threshold: float

    def reason(self, request_text: str, cached_text: str) -> str | None:
        """Return the score where it is below the threshold (or is no number); None: the entry may serve."""
        found = float(self.scorer.score([(request_text, cached_text)])[0])
        return None if found >= self.threshold else f"cross-encoder: {found:.3g} below {self.threshold:g}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Several guards, the cheap one first: the first that refuses says why.

    Parameters
    ----------
    guards
        In the order in which they are asked.
    """

    guards: tuple[Guard, ...]

    def reason(self, request_text: str, cached_text: str) -> str | None:
        """Return the first reason; None: all of them would let the entry serve."""
        found = (guard.reason(request_text, cached_text) for guard in self.guards)
        return next((each for each in found if each is not None), None)


def admission(guard: Guard, texts: Sequence[str]) -> Callable[[int, int], bool]:
    """Return whether a node's entry may serve another node, as `replay` asks it; each pair is judged once.

    Parameters
    ----------
    guard
        Who judges.
    texts
        The text of each node.
    """

    @lru_cache(maxsize=PAIRS_KEPT)
    def admits(request: int, cached: int) -> bool:
        return guard.reason(texts[request], texts[cached]) is None

    return admits
