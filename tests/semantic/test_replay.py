"""The replay of all thresholds decides as a plain cache of each threshold does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.semantic.simulator import simulate
from workbench.errors import InputError
from workbench.semantic.guard import LexicalGuard, admission
from workbench.semantic.neighbors import Neighbors, compressed, neighbors
from workbench.semantic.policy import CachePolicy
from workbench.semantic.replay import replay

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0, 0.55)


def graph(cosines: np.ndarray, floor: float) -> Neighbors:
    """Return the neighbors of a table of cosines."""
    low, high = np.nonzero(np.tril(cosines >= floor, -1))
    starts, others, near = compressed(
        len(cosines), [low.astype(np.int32)], [high.astype(np.int32)], [cosines[low, high]]
    )
    return Neighbors(floor=floor, starts=starts, others=others, cosines=near)


@st.composite
def logs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a log: a table of cosines, who asks when, and what is not cached or stored."""
    nodes, n = draw(st.integers(1, 8)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    # Few different values: ties are what a replay gets wrong.
    table = rng.choice(np.array([0.3, 0.5, 0.6, 0.75, 0.9, 0.92, 0.99], dtype=np.float32), (nodes, nodes))
    table = np.maximum(table, table.T)
    groups = rng.integers(0, 2, nodes)
    table[groups[:, None] != groups] = -2
    how: dict[str, Any] = {}
    if draw(st.booleans()):
        how["cacheable"] = [bool(x) for x in rng.random(n) < 0.8]
    if draw(st.booleans()):
        how["storable"] = [bool(x) for x in rng.random(n) < 0.8]
    if draw(st.booleans()):
        how["order"] = rng.permutation(n).tolist()
    if draw(st.booleans()):
        how["warm"] = rng.integers(0, n, 3).tolist()
    if draw(st.booleans()):
        how["landed"] = [bool(x) for x in rng.random(n) < 0.3]
    if draw(st.booleans()):
        refused = {(int(a), int(b)) for a, b in np.argwhere(rng.random((nodes, nodes)) < 0.4)}
        how["admit"] = lambda request, cached: (request, cached) not in refused
    return {
        "cosines": table,
        "nodes": rng.integers(0, nodes, n).tolist(),
        "at_s": [float(x) for x in rng.integers(0, 30, n)],
        "how": how,
    }


policies = st.builds(
    CachePolicy,
    insert=st.sampled_from(["on-miss", "always"]),
    ttl_s=st.sampled_from([None, 1.0, 5.0, 12.5]),
    ttl=st.sampled_from(["absolute", "sliding"]),
    capacity=st.sampled_from([None, 1, 2, 3, 5]),
    evict=st.sampled_from(["lru", "lfu", "fifo"]),
)


@settings(deadline=None, max_examples=500)
@given(logs(), policies)
def test_identical_decisions(log: dict[str, Any], policy: CachePolicy) -> None:
    """Who is served, by whom, exactly or not: for any order, time to live, capacity, partition, guard."""
    found = replay(graph(log["cosines"], 0.5), log["nodes"], log["at_s"], THRESHOLDS, policy, **log["how"])
    for threshold in THRESHOLDS:
        wanted = simulate(log["cosines"], log["nodes"], log["at_s"], threshold, policy, **log["how"])
        hits = found.hits(threshold)
        got = sorted(zip(hits["request"], hits["source"], hits["exact"], strict=True))
        assert got == sorted(wanted), threshold


def test_an_answer_that_lands_enters_whatever_is_near() -> None:
    """Two near requests were asked at once: both answers enter, of the same text only the first."""
    cosines = np.array([[1, 0.9], [0.9, 1]], dtype=np.float32)
    nodes, landed = [0, 1, 0, 1, 0, 1], [False, False, True, True, True, False]
    ask_only = [False] * 6
    found = replay(
        graph(cosines, 0.8), nodes, np.arange(6), [0.8], landed=landed, storable=ask_only
    )  # fmt: skip
    hits = found.hits(0.8)
    assert list(zip(hits["request"], hits["source"], hits["exact"], strict=True)) == [(5, 3, True)]
    assert (found.requests, found.frame["misses"].tolist()) == (3, [2])


def test_counts_add_up() -> None:
    """Exact hits, semantic hits, misses and bypassed requests are all requests."""
    rng = np.random.default_rng(3)
    raw = rng.normal(size=(60, 3)).astype(np.float32)
    vectors = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    nodes = rng.integers(0, 60, 300)
    found = replay(
        neighbors(vectors, floor=0.5), nodes, np.arange(300.0), np.linspace(0.5, 1, 50),
        cacheable=rng.random(300) < 0.9,
    )  # fmt: skip
    table = found.frame
    parts = table[["exact_hits", "semantic_hits", "misses", "uncacheable"]].sum(axis=1)
    assert (parts == 300).all()
    assert table["semantic_hits"].iloc[0] > table["semantic_hits"].iloc[-1]
    assert found.bypassed == table["uncacheable"].iloc[0] > 0
    assert "50 thresholds" in found.summary


def test_the_next_nearest_serves_where_the_nearest_is_refused() -> None:
    """A request for 5 finds the entry of 6 nearest, and is served by the one of five."""
    texts = ["open at 6 pm?", "is it open at five pm?", "open at 5 pm?"]
    cosines = np.array([[1, 0.7, 0.95], [0.7, 1, 0.9], [0.95, 0.9, 1]], dtype=np.float32)
    policy, when = CachePolicy(guard=LexicalGuard()), [0, 1, 2]
    admit = admission(LexicalGuard(), texts)
    found = replay(graph(cosines, 0.7), [0, 1, 2], when, [0.8, 0.92], policy, admit=admit)
    assert found.hits(0.8)[["request", "source"]].to_numpy().tolist() == [[2, 1]]
    assert found.hits(0.92).empty
    assert replay(graph(cosines, 0.7), [0, 1, 2], when, [0.8]).hits(0.8)["source"].tolist() == [0]


def test_a_guard_without_texts_is_refused() -> None:
    """A policy's guard is never silently left out."""
    with pytest.raises(InputError, match="admit"):
        replay(graph(np.eye(2, dtype=np.float32), 0.8), [0], [0], [0.8], CachePolicy(guard=LexicalGuard()))


def test_a_threshold_below_the_floor_is_refused() -> None:
    """Pairs below the floor are not known."""
    with pytest.raises(InputError, match="floor"):
        replay(graph(np.eye(2, dtype=np.float32), 0.8), [0, 1], [0, 1], [0.7])


def test_a_threshold_that_was_not_swept_is_refused() -> None:
    """The nearest one is named."""
    found = replay(graph(np.eye(2, dtype=np.float32), 0.8), [0, 1], [0, 1], [0.8, 0.9])
    with pytest.raises(InputError, match="Nearest"):
        found.hits(0.85)
