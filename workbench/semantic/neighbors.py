"""Which texts are near which: every pair of one partition whose cosine reaches a floor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BLOCK", "Neighbors", "neighbors"]

BLOCK = 2048
"""Rows and columns of one product: 16 MB of cosines at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbors:
    """The pairs of nodes whose cosine is at least `floor`, both ways, in compressed rows.

    Parameters
    ----------
    floor
        Lowest cosine that is kept.
    starts
        Shape (nodes + 1,), int64: row i is ``others[starts[i]:starts[i + 1]]``.
    others
        int32: the nodes near node i, nearest first, of equals the lower number first; never i itself.
    cosines
        float32, beside `others`.
    recall
        Share of the true pairs that were found, measured on a sample; None: all are there.
    """

    floor: float
    starts: NDArray[np.int64]
    others: NDArray[np.int32]
    cosines: NDArray[np.float32]
    recall: float | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def pairs(self) -> int:
        """How many unordered pairs there are."""
        return len(self.others) // 2


Block = tuple["NDArray[np.int32]", "NDArray[np.int32]", "NDArray[np.float32]"]


def neighbors(
    vectors: NDArray[np.float32],
    partitions: NDArray[np.int64] | None = None,
    *,
    floor: float,
    executor: Executor | None = None,
) -> Neighbors:
    """Return every pair at or above a cosine, exactly: blocked products of the lower triangle.

    Parameters
    ----------
    vectors
        float32, shape (n, d), rows of length 1.
    partitions
        Shape (n,): only nodes of the same number are compared; None: all are.
    floor
        Lowest cosine that is kept.
    executor
        Computes the blocks; None: this thread (the product itself uses all cores).
    """
    n = len(vectors)
    groups = np.zeros(n, dtype=np.int64) if partitions is None else np.asarray(partitions)
    rows: list[NDArray[np.int32]] = []
    columns: list[NDArray[np.int32]] = []
    cosines: list[NDArray[np.float32]] = []
    for members in of_a_partition(groups):
        own = vectors if len(members) == n else vectors[members]
        for low, high, cosine in _blocks(np.ascontiguousarray(own), floor, executor):
            rows.append(members[low])
            columns.append(members[high])
            cosines.append(cosine)
    starts, others, near = compressed(n, rows, columns, cosines)
    return Neighbors(floor=floor, starts=starts, others=others, cosines=near)


def of_a_partition(groups: NDArray[np.int64]) -> Iterator[NDArray[np.int32]]:
    """Yield the nodes of each partition that has at least two."""
    order = np.argsort(groups, kind="stable").astype(np.int32)
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    yield from (members for members in np.split(order, cuts) if len(members) > 1)


def _blocks(own: NDArray[np.float32], floor: float, executor: Executor | None) -> Iterator[Block]:
    corners = [
        (first, second) for first in range(0, len(own), BLOCK) for second in range(0, first + 1, BLOCK)
    ]
    if executor is None:
        yield from (block(own[a : a + BLOCK], own[b : b + BLOCK], a, b, floor) for a, b in corners)
        return
    waiting = [
        executor.submit(block, own[a : a + BLOCK], own[b : b + BLOCK], a, b, floor) for a, b in corners
    ]
    yield from (each.result() for each in waiting)


def block(first: NDArray[np.float32], second: NDArray[np.float32], a: int, b: int, floor: float) -> Block:
    """Return the pairs (row, column, cosine) of one block with row > column; `a`, `b` are its corner."""
    product = first @ second.T
    found = np.flatnonzero(product >= np.float32(floor))
    row, column = np.divmod(found.astype(np.int32), np.int32(len(second)))
    if a == b:
        below = row > column
        row, column, found = row[below], column[below], found[below]
    return row + np.int32(a), column + np.int32(b), product.ravel()[found]


def compressed(
    n: int,
    rows: list[NDArray[np.int32]],
    columns: list[NDArray[np.int32]],
    cosines: list[NDArray[np.float32]],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return pairs as compressed rows, both ways, nearest first, of equals the lower number first."""
    if not rows:
        return np.zeros(n + 1, dtype=np.int64), np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    low, high, near = np.concatenate(rows), np.concatenate(columns), np.concatenate(cosines)
    source, target = np.concatenate([low, high]), np.concatenate([high, low])
    both = np.concatenate([near, near])
    order = np.lexsort((target, -both, source))
    starts = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(source, minlength=n), out=starts[1:])
    return starts, target[order], both[order]
