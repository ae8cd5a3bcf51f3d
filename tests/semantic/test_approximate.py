"""Near texts among very many: what is found is exact, what is missed is measured."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.semantic.approximate import approximate_neighbors
from workbench.semantic.neighbors import neighbors


def crowd(n: int, seed: int = 2, d: int = 16) -> np.ndarray:
    """Return unit vectors in groups of some ten."""
    rng = np.random.default_rng(seed)
    raw = np.repeat(rng.normal(size=(n // 10 + 1, d)), 10, axis=0)[:n] + 0.3 * rng.normal(size=(n, d))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def test_small_partitions_are_computed_exactly() -> None:
    """The same as without an index, and no recall is claimed."""
    vectors, groups = crowd(600), np.arange(600) % 3
    one, other = neighbors(vectors, groups, floor=0.8), approximate_neighbors(vectors, groups, floor=0.8)
    assert one.pairs > 200
    for name in ("starts", "others", "cosines"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    assert other.recall is None


def test_what_the_index_finds_is_there_and_its_recall_is_what_it_says() -> None:
    """Against all pairs: none invented, and the measured share is that of the whole within its error."""
    pytest.importorskip("faiss", reason="faiss is not installed (the extra `scale`)")
    vectors = crowd(6_000)
    one, other = (
        neighbors(vectors, floor=0.85),
        approximate_neighbors(vectors, floor=0.85, probes=4, exact_up_to=1_000),
    )
    rows = np.repeat(np.arange(len(vectors)), np.diff(other.starts))
    exact = (vectors[rows] * vectors[other.others]).sum(axis=1)
    assert np.allclose(exact, other.cosines, atol=1e-5)
    assert (exact >= 0.85 - 1e-5).all()
    assert len(set(zip(rows.tolist(), other.others.tolist(), strict=True))) == len(rows)
    truly = other.pairs / one.pairs
    assert 0.5 < truly < 1
    assert other.recall == pytest.approx(truly, abs=0.03)


def test_more_probes_find_more() -> None:
    """Looking into every list finds every pair."""
    pytest.importorskip("faiss", reason="faiss is not installed (the extra `scale`)")
    vectors = crowd(2_000)
    assert approximate_neighbors(vectors, floor=0.9, probes=10_000, exact_up_to=1_000).recall == 1
