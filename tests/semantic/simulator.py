"""A cache of one threshold, as plainly as it can be written: what the replay is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.semantic.policy import CachePolicy

__all__ = ["simulate"]


@dataclass
class Held:
    """An entry."""

    node: int
    source: int
    stamp: float
    born: int
    uses: int = 0
    used: int = 0


def simulate(
    cosines: np.ndarray, nodes: Any, at_s: Any, threshold: float, policy: CachePolicy, **how: Any
) -> list[tuple[int, int, bool]]:
    """Return (request, source, exact) of every hit.

    `cosines` is nodes × nodes, -2 across partitions; `admit` says who may serve whom; `landed` rows are
    answers that came in.
    """
    n, clock, held, hits = len(nodes), 0, [], []
    admit = how.get("admit") or (lambda request, cached: True)
    cacheable, storable = how.get("cacheable") or [True] * n, how.get("storable") or [True] * n
    landed = how.get("landed") or [False] * n
    order = how.get("order") or sorted(range(n), key=lambda i: (at_s[i], i))

    def add(node: int, source: int, now: float) -> None:
        nonlocal clock
        if policy.capacity is not None and len(held) >= policy.capacity:
            rank = {
                "lru": lambda each: each.used,
                "lfu": lambda each: (each.uses, each.born),
                "fifo": lambda each: each.born,
            }[policy.evict]
            held.remove(min(held, key=rank))
        held.append(Held(node, source, now, clock, used=clock))
        clock += 1

    for now, request in _timed(at_s, how.get("warm", ()), order):
        warm, request = request < 0, -1 - request if request < 0 else request
        warm = warm or landed[request]
        if not warm and not cacheable[request]:
            continue
        held[:] = [each for each in held if policy.ttl_s is None or now - each.stamp < policy.ttl_s]
        node = nodes[request]
        if warm:
            if not any(each.node == node for each in held):
                add(node, request, now)
            continue
        near = [
            (each.node != node, -cosines[node, each.node] if each.node != node else -1, each.born, each)
            for each in held
            if each.node == node or (float(cosines[node, each.node]) >= threshold and admit(node, each.node))
        ]
        if near:
            best = min(near, key=lambda item: item[:3])[3]
            hits.append((request, best.source, best.node == node))
            best.uses, best.used, clock = best.uses + 1, clock, clock + 1
            if policy.ttl == "sliding":
                best.stamp = now
            if policy.insert == "always" and best.node != node:
                add(node, best.source, now)
        elif storable[request]:
            add(node, request, now)
    return hits


def _timed(at_s: Any, warm: Any, order: Any) -> list[tuple[float, int]]:
    times = sorted(at_s)
    return [(times[0], -1 - each) for each in warm] + list(zip(times, order, strict=True))
