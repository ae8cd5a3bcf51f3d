"""Replay a log of requests through a semantic cache, for all thresholds in one pass.

What a cache holds depends on what came before: neither the number of near pairs nor the nearest earlier
request says how often it would have answered. So every request is looked up and stored as it would have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.semantic.entries import Entries, Entry
from workbench.semantic.policy import CachePolicy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from workbench.semantic.neighbors import Neighbors

__all__ = ["Replay", "replay"]

Admit = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Shown):
    """Who would have been served by whom. Made by `replay`.

    Parameters
    ----------
    thresholds
        Shape (k,), rising: the caches.
    requests, bypassed
        How many requests there were, and how many of them are never cached.
    request, source
        Shape (events,): a request, and the request whose answer it was given.
    cosine
        Shape (events,), float32: between their texts; 1 for equal ones.
    exact
        Shape (events,): whether the entry was of the very same text.
    packed
        Shape (events, ceil(k / 8)), uint8: in which caches that happened (`numpy.packbits`, little end
        first). One request is in one event a cache at most.
    """

    thresholds: NDArray[np.float64]
    requests: int
    bypassed: int
    request: NDArray[np.int32]
    source: NDArray[np.int32]
    cosine: NDArray[np.float32]
    exact: NDArray[np.bool_]
    packed: NDArray[np.uint8]

    @property
    def served(self) -> NDArray[np.bool_]:
        """Shape (events, k): in which caches each event happened."""
        bits = np.unpackbits(self.packed, axis=1, count=len(self.thresholds), bitorder="little")
        return bits.astype(bool)

    def counts(self, events: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Return, by threshold, how many requests were served in such events; None: in all."""
        return self.total(np.ones(len(self.request)) if events is None else events).astype(np.int64)

    def total(self, amounts: ArrayLike) -> NDArray[np.float64]:
        """Return, by threshold, the sum of an amount over the events; amounts of shape (events,)."""
        return np.asarray(np.asarray(amounts, dtype=np.float64) @ self.served, dtype=np.float64)

    def hits(self, threshold: float) -> pd.DataFrame:
        """Return request, source, cosine, exact: one row a request served at one of the thresholds."""
        column = int(np.argmin(np.abs(self.thresholds - threshold)))
        if not np.isclose(self.thresholds[column], threshold, atol=1e-9):
            raise InputError(
                "cache replay",
                f"it holds no threshold {threshold}",
                f"Nearest: {self.thresholds[column]:g}; give one of `thresholds`.",
            )
        row, bit = divmod(column, 8)
        held = (self.packed[:, row] >> bit & 1).astype(bool)
        frame = {
            "request": self.request,
            "source": self.source,
            "cosine": self.cosine,
            "exact": self.exact,
        }
        return pd.DataFrame({name: values[held] for name, values in frame.items()}).sort_values(
            "request", ignore_index=True
        )

    @property
    def frame(self) -> pd.DataFrame:
        """One row a threshold: exact and semantic hits, misses, and the hit rate over all requests."""
        exact, semantic = self.counts(self.exact), self.counts(~self.exact)
        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "requests": self.requests,
                "uncacheable": self.bypassed,
                "exact_hits": exact,
                "semantic_hits": semantic,
                "misses": self.requests - self.bypassed - exact - semantic,
                "hit_rate": (exact + semantic) / self.requests if self.requests else np.nan,
            }
        )

    @property
    def summary(self) -> str:
        """One line."""
        rates = self.frame["hit_rate"]
        return (
            f"{self.requests:,} requests ({self.bypassed:,} never cached), {len(self.thresholds)} thresholds "
            f"from {self.thresholds[0]:g} to {self.thresholds[-1]:g}: hit rate {rates.iloc[-1]:.1%} to "
            f"{rates.iloc[0]:.1%} of all requests"
        )


def replay(
    near: Neighbors,
    nodes: ArrayLike,
    at_s: ArrayLike,
    thresholds: Sequence[float],
    policy: CachePolicy | None = None,
    *,
    cacheable: ArrayLike | None = None,
    storable: ArrayLike | None = None,
    order: ArrayLike | None = None,
    warm: Sequence[int] = (),
    landed: ArrayLike | None = None,
    admit: Admit | None = None,
) -> Replay:
    """Replay a log for every threshold at once; exact, whatever the policy.

    Parameters
    ----------
    near
        The texts' neighbors, down to the lowest threshold or below.
    nodes
        Shape (n,): the node (unique text within its partition) of each request.
    at_s
        Shape (n,): seconds, any origin; what a time to live is counted in.
    thresholds
        Raw cosines.
    policy
        None: store on a miss, for ever, without limit. Its own threshold is not used.
    cacheable
        Shape (n,): False for requests that bypass the cache (personal, volatile); None: none does.
    storable
        Shape (n,): False where the reply must not be stored (error, refusal, truncated); None: all may.
    order
        The order in which the requests come, as a permutation; the i-th of them comes at the i-th of the
        sorted times. None: by time, of equals as listed.
    warm
        Requests whose answers are in the cache before the first one comes, stored at its time.
    landed
        Shape (n,): True for rows that are no requests but answers that came in then, entered where their
        text is not there yet (the log of a live cache has both). None: an answer is there at once.
    admit
        Takes (node of the request, node of a near entry): whether it may serve; where not, the next nearest
        is asked about. It must give the same verdicts again: `guard.admission` does. None: all may.

    Raises
    ------
    InputError
        Where the lowest threshold lies below the floor of `near`, or there is none; where the policy has a
        guard and `admit` is not given: a guard reads texts, and a replay has none.
    """
    rule = policy or CachePolicy()
    levels = _levels(thresholds, near.floor, unread=rule.guard is not None and admit is None)
    node, times = np.asarray(nodes, dtype=np.int64), np.asarray(at_s, dtype=np.float64)
    asked, kept = _mask(cacheable, len(node), True), _mask(storable, len(node), True)
    answers = _mask(landed, len(node), False)
    by_time = np.argsort(times, kind="stable")
    sequence = by_time if order is None else np.asarray(order, dtype=np.int64)
    caches = _Caches(near, levels, rule, admit)
    moments = times[by_time].tolist()
    for request in warm:
        caches.warm(int(node[request]), request, moments[0])
    for now_s, request in zip(moments, sequence.tolist(), strict=True):
        if answers[request]:
            caches.warm(int(node[request]), request, now_s)
        elif asked[request]:
            caches.ask(int(node[request]), request, now_s, bool(kept[request]))
    return caches.result(int((~answers).sum()), int((~asked & ~answers).sum()))


def _mask(values: ArrayLike | None, n: int, default: bool) -> NDArray[np.bool_]:
    return np.full(n, default) if values is None else np.asarray(values, dtype=bool)


def _levels(thresholds: Sequence[float], floor: float, *, unread: bool) -> NDArray[np.float64]:
    """Return the thresholds, rising; `unread`: there is a guard, and nobody who knows the texts."""
    if unread:
        raise InputError(
            "cache replay",
            "the policy has a guard, and a replay knows no texts",
            "Hand over admit=admission(policy.guard, texts), or use `cache_curve`.",
        )
    levels = np.unique(np.asarray(thresholds, dtype=np.float64))
    if not len(levels) or levels[0] < floor:
        raise InputError(
            "cache replay",
            "it needs thresholds, none of them below the floor of the neighbors",
            f"Compute the neighbors with a floor at or below the lowest threshold (floor: {floor:g}).",
        )
    return levels


class _Caches:
    """All caches of a sweep, and what they served."""

    def __init__(
        self, near: Neighbors, levels: NDArray[np.float64], policy: CachePolicy, admit: Admit | None
    ) -> None:
        self._near, self._levels, self._admit = near, levels, admit
        self._all = (1 << len(levels)) - 1
        self._entries = Entries(policy, len(levels))
        self._always = policy.insert == "always"
        self._events: list[tuple[int, int, float, bool, int]] = []

    def warm(self, node: int, request: int, now_s: float) -> None:
        held = 0
        for entry in self._entries.at(node, now_s):
            held |= entry.bits
        if self._all & ~held:
            self._entries.add(node, self._all & ~held, request, now_s)

    def ask(self, node: int, request: int, now_s: float, storable: bool) -> None:
        """Serve a request where an entry is near enough, and store it where none was."""
        open_bits, copied = self._all, []
        for entry in list(self._entries.at(node, now_s)):
            open_bits &= ~self._serve(node, entry, entry.bits, request, 1.0, True, now_s)
        for cosine, group, allowed in self._rows(node):
            if not open_bits & allowed:
                continue
            found = [(each.born, each, other) for other in group for each in self._entries.at(other, now_s)]
            # Of equally near ones the one that was stored first serves.
            for _, entry, other in sorted(found, key=lambda each: each[0]) if len(found) > 1 else found:
                bits = entry.bits & open_bits & allowed
                if bits and (self._admit is None or self._admit(node, other)):
                    source = entry.source
                    self._serve(other, entry, bits, request, cosine, False, now_s)
                    copied.append((bits, source))
                    open_bits &= ~bits
            if not open_bits:
                break
        if open_bits and storable:
            self._entries.add(node, open_bits, request, now_s)
        if self._always:
            for bits, source in copied:
                self._entries.add(node, bits, source, now_s)

    def _serve(
        self, node: int, entry: Entry, bits: int, request: int, cosine: float, exact: bool, now_s: float
    ) -> int:
        self._events.append((request, entry.source, cosine, exact, bits))
        self._entries.use(node, entry, bits, now_s)
        return bits

    def _rows(self, node: int) -> Iterator[tuple[float, list[int], int]]:
        """Yield the nodes near a node, nearest first, equally near ones together, and who may use them."""
        near = self._near
        start, stop = int(near.starts[node]), int(near.starts[node + 1])
        others, cosines = near.others[start:stop], near.cosines[start:stop]
        reach = np.searchsorted(self._levels, cosines, side="right").tolist()
        pairs = zip(cosines.tolist(), others.tolist(), reach, strict=True)
        for cosine, group in groupby(pairs, key=lambda pair: pair[0]):
            members = list(group)
            allowed = (1 << members[0][2]) - 1
            if not allowed:
                return
            yield cosine, [other for _, other, _ in members], allowed

    def result(self, requests: int, bypassed: int) -> Replay:
        """Return what happened."""
        width = (len(self._levels) + 7) // 8
        raw = b"".join(event[4].to_bytes(width, "little") for event in self._events)
        request, source, cosine, exact = (
            zip(*(event[:4] for event in self._events), strict=True) if self._events else ((), (), (), ())
        )
        return Replay(
            thresholds=self._levels,
            requests=requests,
            bypassed=bypassed,
            request=np.asarray(request, dtype=np.int32),
            source=np.asarray(source, dtype=np.int32),
            cosine=np.asarray(cosine, dtype=np.float32),
            exact=np.asarray(exact, dtype=bool),
            packed=np.frombuffer(raw, dtype=np.uint8).reshape(len(self._events), width),
        )
