"""Near texts among very many: an inverted index in place of all products, with its recall measured.

`neighbors.neighbors` multiplies everything with everything, which is quadratic; above some 100,000 texts an
index pays. faiss' inverted file is used and not its graph index (HNSW): it answers "all above a cosine",
which is the question here, where a graph answers "the k nearest" and leaves the rest of a crowd out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import InputError
from workbench.semantic.neighbors import Neighbors, compressed, neighbors, of_a_partition

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EXACT_UP_TO", "approximate_neighbors"]

EXACT_UP_TO = 100_000
"""Partitions of at most this many texts are computed exactly: that takes a minute on two cores."""


def approximate_neighbors(
    vectors: NDArray[np.float32],
    partitions: NDArray[np.int64] | None = None,
    *,
    floor: float,
    probes: int = 8,
    sample: int = 1_000,
    seed: int = 1,
    exact_up_to: int = EXACT_UP_TO,
) -> Neighbors:
    """Return nearly every pair at or above a cosine, and how nearly.

    Vectors are put into 4 √n lists by their nearest center (k-means); a vector is compared with those
    of the `probes` lists nearest to it. What is found is exact; what lies in other lists is missed. Pairs are
    looked for from both ends, so that a pair is missed only where both miss it.

    Parameters
    ----------
    vectors, partitions, floor
        As `neighbors.neighbors` takes them.
    probes
        Lists to look into, at least 1; more find more and take longer.
    sample
        How many vectors are compared with all others to measure the recall; it is a share of pairs.
    seed
        Of the sample; the centers are trained with faiss' own fixed seed.
    exact_up_to
        Partitions of at most this many texts are computed exactly, and need no index.

    Raises
    ------
    InputError
        Where faiss is not installed.
    """
    n = len(vectors)
    groups = np.zeros(n, dtype=np.int64) if partitions is None else np.asarray(partitions)
    low: list[NDArray[np.int32]] = []
    high: list[NDArray[np.int32]] = []
    near: list[NDArray[np.float32]] = []
    there = found = 0
    rng = np.random.default_rng(seed)
    for members in of_a_partition(groups):
        own = np.ascontiguousarray(vectors[members])
        if len(members) <= exact_up_to:
            first, second, cosine = _exactly(own, floor)
        else:
            first, second, cosine = _by_index(own, floor, probes)
            more_there, more_found = _measured(own, floor, first, second, rng, sample)
            there, found = there + more_there, found + more_found
        low.append(members[first])
        high.append(members[second])
        near.append(cosine)
    starts, others, cosines = compressed(n, low, high, near)
    recall = found / there if there else None
    return Neighbors(floor=floor, starts=starts, others=others, cosines=cosines, recall=recall)


Pairs = tuple["NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.float32]"]


def _exactly(own: NDArray[np.float32], floor: float) -> Pairs:
    whole = neighbors(own, floor=floor)
    rows = np.repeat(np.arange(len(own), dtype=np.int32), np.diff(whole.starts))
    below = rows > whole.others
    return rows[below], whole.others[below], whole.cosines[below]


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            "approximate neighbors",
            "faiss is not installed",
            "Install it: pip install 'prompt-workbench[scale]', or compute them exactly with `neighbors`.",
        ) from error
    return faiss


def _by_index(own: NDArray[np.float32], floor: float, probes: int) -> Pairs:
    faiss = _faiss()
    n, d = own.shape
    lists = int(4 * np.sqrt(n))
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 6  # more rounds of k-means change the recall by less than its sampling error
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, 64
    index.train(own)
    index.add(own)
    index.nprobe = min(probes, lists)
    rows, columns, cosines = [], [], []
    for start in range(0, n, 8192):
        limits, cosine, label = index.range_search(own[start : start + 8192], float(floor))
        row = np.repeat(
            np.arange(start, start + len(limits) - 1, dtype=np.int32), np.diff(limits.astype(np.int64))
        )
        column = label.astype(np.int32)
        other = row != column
        rows.append(np.maximum(row, column)[other])
        columns.append(np.minimum(row, column)[other])
        cosines.append(cosine[other])
    first, second = np.concatenate(rows), np.concatenate(columns)
    _, once = np.unique(first.astype(np.int64) * n + second, return_index=True)
    return first[once], second[once], np.concatenate(cosines)[once]


def _measured(
    own: NDArray[np.float32],
    floor: float,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    rng: np.random.Generator,
    sample: int,
) -> tuple[int, int]:
    """Return how many pairs a sample of the vectors has, and how many of them were found."""
    chosen = rng.choice(len(own), min(sample, len(own)), replace=False)
    there = int((own[chosen] @ own.T >= np.float32(floor)).sum()) - len(chosen)
    degree = np.bincount(np.concatenate([first, second]), minlength=len(own))
    return there, int(degree[chosen].sum())
