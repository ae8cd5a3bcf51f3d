"""The entries of many caches at once: one bit a threshold.

Caches that differ in nothing but their threshold hold mostly the same entries. An entry is kept once, with
a number whose bit k says whether the cache of threshold k holds it; one step over bits then serves all.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.semantic.policy import CachePolicy

__all__ = ["Entries", "Entry"]


class Entry:
    """The caches (bits) in which a node's text was entered, or last used, at the same moment."""

    __slots__ = ("bits", "born", "source", "stamp")

    def __init__(self, bits: int, born: int, source: int, stamp: float) -> None:
        self.bits, self.born, self.source, self.stamp = bits, born, source, stamp


class Entries:
    """What is in the caches.

    Parameters
    ----------
    policy
        Time to live, capacity, and who goes first.
    caches
        How many there are: bits 0 to caches - 1.
    """

    def __init__(self, policy: CachePolicy, caches: int) -> None:
        self._ttl_s, self._sliding = policy.ttl_s, policy.ttl == "sliding"
        self._nodes: dict[int, list[Entry]] = {}
        self._born = 0
        self._full = None if policy.capacity is None else _Room(policy, caches)

    def at(self, node: int, now_s: float) -> list[Entry]:
        """Return a node's living entries; no bit occurs twice."""
        found = self._nodes.get(node)
        if found is None:
            return []
        if self._ttl_s is not None:
            for entry in [each for each in found if not now_s - each.stamp < self._ttl_s]:
                self._drop(node, entry, entry.bits)
            found = self._nodes.get(node, [])
        return found

    def use(self, node: int, entry: Entry, bits: int, now_s: float) -> None:
        """Note that an entry served in these caches."""
        if self._sliding and self._ttl_s is not None and entry.stamp != now_s:
            entry.bits &= ~bits
            own = self._nodes[node]
            if not entry.bits:
                own.remove(entry)
            own.append(Entry(bits, entry.born, entry.source, now_s))
        if self._full is not None:
            self._full.use(node, bits, slides=self._sliding)

    def add(self, node: int, bits: int, source: int, now_s: float) -> None:
        """Enter a node into these caches, none of which holds it; make room where one is full."""
        if self._full is not None:
            self._expire(bits, now_s)
            for victim, bit in self._full.victims(bits):
                self._take(victim, bit)
            self._full.add(node, bits, self._born)
        self._nodes.setdefault(node, []).append(Entry(bits, self._born, source, now_s))
        self._born += 1

    def _expire(self, bits: int, now_s: float) -> None:
        """Drop the dead of the caches that are full: they must not cost a living entry its place."""
        if self._ttl_s is None or self._full is None:
            return
        for k in _ones(bits):
            while (oldest := self._full.oldest(k)) is not None:
                held = next(each for each in self._nodes[oldest] if each.bits >> k & 1)
                if now_s - held.stamp < self._ttl_s:
                    break
                self._drop(oldest, held, 1 << k)

    def _take(self, node: int, bit: int) -> None:
        self._drop(node, next(each for each in self._nodes[node] if each.bits & bit), bit)

    def _drop(self, node: int, entry: Entry, bits: int) -> None:
        if self._full is not None:
            self._full.forget(node, bits)
        entry.bits &= ~bits
        if not entry.bits:
            own = self._nodes[node]
            own.remove(entry)
            if not own:
                del self._nodes[node]


class _Room:
    """Who is in each cache of limited size, in the order in which they would go; each cache for itself."""

    def __init__(self, policy: CachePolicy, caches: int) -> None:
        self._most = policy.capacity or 0
        self._evict = policy.evict
        # node -> (uses, born); kept in the order of insertion, or of last use for lru.
        self._held: list[OrderedDict[int, tuple[int, int]]] = [OrderedDict() for _ in range(caches)]
        # The order of stamps: of insertion, or of last use where the time to live slides.
        self._stamped: list[OrderedDict[int, None]] = [OrderedDict() for _ in range(caches)]
        self._rank: list[list[tuple[int, int, int]]] = [[] for _ in range(caches)]  # lfu: uses, born, node

    def oldest(self, k: int) -> int | None:
        """Return the node that expires first in a full cache; None where there is room."""
        return next(iter(self._stamped[k])) if len(self._held[k]) >= self._most else None

    def victims(self, bits: int) -> Iterator[tuple[int, int]]:
        """Yield who must go so that these caches can take one more, one cache at a time."""
        for k in _ones(bits):
            if len(self._held[k]) >= self._most:
                yield self._first(k), 1 << k

    def _first(self, k: int) -> int:
        if self._evict != "lfu":
            return next(iter(self._held[k]))
        rank = self._rank[k]
        while True:
            uses, born, node = rank[0]
            if self._held[k].get(node) == (uses, born):
                return node
            heapq.heappop(rank)

    def use(self, node: int, bits: int, *, slides: bool) -> None:
        for k in _ones(bits):
            uses, born = self._held[k][node]
            if self._evict == "lru":
                self._held[k].move_to_end(node)
            elif self._evict == "lfu":
                self._held[k][node] = (uses + 1, born)
                heapq.heappush(self._rank[k], (uses + 1, born, node))
            if slides:
                self._stamped[k].move_to_end(node)

    def add(self, node: int, bits: int, born: int) -> None:
        for k in _ones(bits):
            self._held[k][node] = (0, born)
            self._stamped[k][node] = None
            if self._evict == "lfu":
                heapq.heappush(self._rank[k], (0, born, node))

    def forget(self, node: int, bits: int) -> None:
        for k in _ones(bits):
            del self._held[k][node]
            del self._stamped[k][node]


def _ones(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
