"""Every near pair is found, once, both ways, nearest first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.semantic import neighbors as module
from workbench.semantic.neighbors import block, neighbors


def unit(n: int, seed: int, d: int = 3) -> np.ndarray:
    """Return n unit vectors."""
    raw = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 40), st.integers(0, 10_000), st.floats(-0.5, 0.99))
def test_all_pairs_of_a_partition_at_or_above_the_floor(n: int, seed: int, floor: float) -> None:
    """As the full product has them; none across partitions."""
    vectors = unit(n, seed)
    groups = np.random.default_rng(seed).integers(0, 3, n)
    found = neighbors(vectors, groups, floor=floor)
    for i in range(n):
        row = slice(found.starts[i], found.starts[i + 1])
        others, cosines = found.others[row], found.cosines[row]
        exact = vectors @ vectors[i]
        clear = np.abs(exact - floor) > 1e-5
        wanted = {j for j in range(n) if j != i and groups[j] == groups[i] and exact[j] >= floor and clear[j]}
        assert wanted <= set(others.tolist())
        assert all(exact[j] >= floor - 1e-5 and groups[j] == groups[i] and j != i for j in others)
        assert list(zip(-cosines, others, strict=True)) == sorted(zip(-cosines, others, strict=True))
        assert len(set(others.tolist())) == len(others)


def test_several_blocks_and_an_executor_give_the_same() -> None:
    """Blocks are only a way to compute it, wherever they are computed."""
    vectors = unit(module.BLOCK + 300, 5)
    here = neighbors(vectors, floor=0.98)
    with ThreadPoolExecutor(2) as pool:
        there = neighbors(vectors, floor=0.98, executor=pool)
    low, high, cosines = block(vectors, vectors, 0, 0, 0.98)
    assert here.pairs == len(low) == len(high) == len(cosines) > 1000
    for name in ("starts", "others", "cosines"):
        assert np.array_equal(getattr(here, name), getattr(there, name))
