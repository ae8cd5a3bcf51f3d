"""Was a cached answer the right one: yes, certainly not, or not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from workbench.semantic.replay import Replay

__all__ = ["RIGHT", "UNKNOWN", "WRONG", "by_key", "by_reply", "judged", "oracle"]

RIGHT, WRONG, UNKNOWN = 1, 0, -1
"""The three values of truth."""


def _keys(answers: ArrayLike) -> NDArray[np.int64]:
    """Return a number for each answer's key; -1 where it is not known."""
    import pandas as pd

    return np.asarray(pd.factorize(pd.Series(answers, dtype=object))[0], dtype=np.int64)


def by_key(replay: Replay, answers: ArrayLike) -> NDArray[np.int8]:
    """Return the truth of each event by the keys of the right answers.

    Right where request and source have the same key, wrong where they have different ones, unknown where one
    of the two has none. An event of the very same text is no exception: the same words may need another
    answer on another day.

    Parameters
    ----------
    answers
        Shape (requests,): the key of the right answer; None or NaN where not known.

    Returns
    -------
    int8 of shape (events,)
    """
    keys = _keys(answers)
    mine, theirs = keys[replay.request], keys[replay.source]
    truth = np.where(mine == theirs, RIGHT, WRONG)
    return np.where((mine < 0) | (theirs < 0), UNKNOWN, truth).astype(np.int8)


def by_reply(replay: Replay, score: Callable[[int, int], bool | None]) -> NDArray[np.int8]:
    """Return the truth of each event by a scorer: the cached answer against the new case's expectation.

    Parameters
    ----------
    score
        Takes (request, source), both numbers of requests; True where the source's reply is right for the
        request, None where that is not known. Asked once for each different pair.
    """
    seen: dict[tuple[int, int], int] = {}
    out = np.empty(len(replay.request), dtype=np.int8)
    for i, pair in enumerate(zip(replay.request.tolist(), replay.source.tolist(), strict=True)):
        if pair not in seen:
            found = score(*pair)
            seen[pair] = UNKNOWN if found is None else RIGHT if found else WRONG
        out[i] = seen[pair]
    return out


def judged(
    replay: Replay, truth: NDArray[np.int8], verdicts: Mapping[tuple[int, int], bool]
) -> NDArray[np.int8]:
    """Return the truth with what people or a judge said of unknown pairs (request, source) filled in."""
    out = truth.copy()
    for i in np.flatnonzero(truth == UNKNOWN):
        found = verdicts.get((int(replay.request[i]), int(replay.source[i])))
        if found is not None:
            out[i] = RIGHT if found else WRONG
    return out


def oracle(answers: ArrayLike, partitions: ArrayLike, cacheable: ArrayLike, order: Any = None) -> float:
    """Return the share of all requests that a cache without any error could serve: the ceiling of hit rates.

    A request counts where a request of its partition that may be cached had the same known key before it.

    Parameters
    ----------
    answers, partitions, cacheable
        Shape (requests,), by time.
    order
        A permutation; None: as they stand.

    Returns
    -------
    float
        NaN where no key is known.
    """
    keys, groups, may = _keys(answers), np.asarray(partitions), np.asarray(cacheable, dtype=bool)
    sequence = np.arange(len(keys)) if order is None else np.asarray(order)
    seen: set[tuple[int, int]] = set()
    hits = 0
    for i in sequence.tolist():
        if not may[i] or keys[i] < 0:
            continue
        key = (int(groups[i]), int(keys[i]))
        hits += key in seen
        seen.add(key)
    return hits / len(keys) if (keys >= 0).any() else float("nan")
