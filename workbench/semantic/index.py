"""The vectors of one partition in memory: which entries are near, nearest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SLACK", "Index", "cosines"]

SLACK = 1e-4
"""More than a float32 product of unit vectors is ever off: d × 2**-24 at most, 2.3e-5 at 384 dimensions."""


def cosines(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of unit vectors, row by row, rounded once.

    A matrix product rounds as its blocks fall: the same pair has another last digit beside other rows. This
    is the same number wherever a pair is looked at, so that a decision on it can be made again.

    Parameters
    ----------
    first, second
        float32, shape (n, d); the first may be of shape (d,), one vector against all.

    Returns
    -------
    cosines
        float32, shape (n,).
    """
    products = np.ascontiguousarray(first.astype(np.float64) * second.astype(np.float64))
    return np.asarray(products.sum(axis=-1), dtype=np.float32)


class Index:
    """Entries by number, with their vectors. It may hold entries that are gone: who uses one looks first."""

    def __init__(self) -> None:
        self._ids = np.zeros(0, dtype=np.int64)
        self._vectors = np.zeros((0, 0), dtype=np.float32)
        self._held = self._loaded = 0

    @property
    def last(self) -> int:
        """The highest number it has seen; 0: none."""
        return int(self._ids[self._held - 1]) if self._held else 0

    @property
    def worn(self) -> bool:
        """Whether it has doubled since it was made: time to make it anew from the entries that still are."""
        return self._held > 2 * self._loaded + 64

    def extend(self, rows: Sequence[tuple[int, NDArray[np.float32]]]) -> None:
        """Add entries (number, vector) with rising numbers above `last`."""
        if not rows:
            return
        need = self._held + len(rows)
        if need > len(self._ids):
            room = max(need, 2 * len(self._ids))
            ids, vectors = np.zeros(room, np.int64), np.zeros((room, len(rows[0][1])), np.float32)
            if self._held:
                ids[: self._held] = self._ids[: self._held]
                vectors[: self._held] = self._vectors[: self._held]
            self._ids, self._vectors = ids, vectors
        self._ids[self._held : need] = [number for number, _ in rows]
        self._vectors[self._held : need] = [vector for _, vector in rows]
        self._loaded = self._loaded or need
        self._held = need

    def near(self, vector: NDArray[np.float32], threshold: float) -> Iterator[tuple[float, int]]:
        """Yield (cosine, number) of the entries at or above a threshold; nearest first, then lower number."""
        rough = self._vectors[: self._held] @ vector if self._held else np.zeros(0, np.float32)
        left = np.flatnonzero(rough >= threshold - SLACK)
        while len(left):
            top = rough[left].max()
            # All that could be the nearest; of these, in exact order, those that none of the rest can equal.
            group = left[rough[left] >= top - 4 * SLACK]
            exact = cosines(vector, self._vectors[group])
            sure = exact > top - 2 * SLACK
            members, near = group[sure], exact[sure]
            for place in np.lexsort((members, -near)).tolist():
                cosine = float(near[place])
                if cosine >= threshold:
                    yield cosine, int(self._ids[members[place]])
            left = left[~np.isin(left, members)]
