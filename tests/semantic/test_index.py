"""The index of a partition: the same cosines and the same order as looking at every pair."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.semantic.index import Index, cosines


def units(rng: np.random.Generator, n: int, width: int) -> np.ndarray:
    """Return random unit vectors, some of them equal or nearly so."""
    raw = rng.normal(size=(n, width))
    raw[n // 2 :] = raw[rng.integers(0, n // 2 + 1, n - n // 2)] + 1e-6 * rng.integers(
        0, 2, (n - n // 2, width)
    )
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 60), st.sampled_from([1, 3, 7, 8, 48, 129, 384]))
def test_a_cosine_is_one_number(seed: int, n: int, width: int) -> None:
    """Alone, among others, in either order: the same to the last bit."""
    vectors = units(np.random.default_rng(seed), n, width)
    whole = cosines(vectors[0], vectors)
    assert whole.dtype == np.float32
    for i in range(n):
        assert cosines(vectors[i], vectors[:1])[0] == whole[i]
        assert cosines(vectors[i : i + 1], vectors[:1])[0] == whole[i]
        assert cosines(vectors[:1], vectors[i : i + 1])[0] == whole[i]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.integers(2, 80), st.sampled_from([-1.0, 0.0, 0.5, 0.9, 1.0]))
def test_near_is_all_of_it_in_order(seed: int, n: int, threshold: float) -> None:
    """Every entry at or above the threshold, nearest first, of equals the one entered first."""
    rng = np.random.default_rng(seed)
    vectors = units(rng, n, 4)
    numbers = np.cumsum(rng.integers(1, 4, n)).tolist()
    index = Index()
    for start in range(0, n, 7):
        index.extend(list(zip(numbers, vectors, strict=True))[start : start + 7])
    assert index.last == numbers[-1]
    near = cosines(vectors[0], vectors)
    wanted = sorted((-float(c), k) for c, k in zip(near, numbers, strict=True) if float(c) >= threshold)
    assert list(index.near(vectors[0], threshold)) == [(-c, k) for c, k in wanted]


def test_an_empty_index_has_nothing() -> None:
    """Neither before nor after an empty extension."""
    index = Index()
    index.extend([])
    assert list(index.near(np.ones(3, np.float32), -1.0)) == []
    assert index.last == 0


def test_it_wears_out_by_doubling() -> None:
    """Not while it is small; once it is twice what it was made of."""
    index, vector = Index(), np.ones(1, np.float32)
    index.extend([(i, vector) for i in range(1, 101)])
    assert not index.worn
    index.extend([(i, vector) for i in range(101, 265)])
    assert not index.worn
    index.extend([(265, vector)])
    assert index.worn
