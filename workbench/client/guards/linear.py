"""A small trained classifier: hashed character n-grams and logistic regression, its weights shipped as JSON.

Made by ``python -m experiments.guards.train`` and read here; predicting needs numpy only. Character n-grams
within words bear misspellings and inflection (Cavnar & Trenkle 1994, SDAIR; hashing as of Weinberger et al.
2009, ICML, without the sign: collisions of non-negative counts are rare at this size).
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from workbench.client.guards.local import Local
from workbench.client.guards.plain import fold
from workbench.core.records import Verdict
from workbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BUCKETS", "GRAMS", "STEP", "WINDOW", "Linear", "Weights", "features", "linear", "shipped"]

BUCKETS = 8192
"""Into so many numbers n-grams are hashed, by CRC-32."""

GRAMS = (2, 3, 4, 5)
"""Lengths of the n-grams; a word has a space on either side."""

WINDOW, STEP = 400, 200
"""A longer text is read in windows of so many characters, one every so many; the surest one counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What was learned of one category.

    Parameters
    ----------
    category
        What is found.
    values
        Shape (BUCKETS,).
    bias
        Added to the sum.
    threshold
        From which probability on there is a finding; chosen on training texts only.
    """

    category: str
    values: NDArray[np.float64]
    bias: float
    threshold: float


def _grams(text: str) -> Iterator[str]:
    for word in fold(text).split():
        padded = f" {word} "
        for length in GRAMS:
            for at in range(len(padded) - length + 1):
                yield padded[at : at + length]


def features(text: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the buckets of a text and their values: square roots of counts, of length 1 together.

    Returns
    -------
    buckets, values
        Shape (k,) each, buckets ascending in the order of the text; empty for a text without words.
    """
    import numpy as np

    counts = Counter(zlib.crc32(gram.encode("utf-8", "replace")) % BUCKETS for gram in _grams(text))
    values = np.sqrt(np.fromiter(counts.values(), dtype=float, count=len(counts)))
    length = float(np.sqrt((values**2).sum()))
    return np.fromiter(counts, dtype=np.int64, count=len(counts)), values / length if length else values


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear(Local):
    """Finds what it was trained to find: see `linear`."""

    category: str
    threshold: float
    version: str

    def look(self, text: str) -> Verdict:
        """Return the surest window's probability; a finding where it reaches the threshold."""
        starts = range(0, max(1, len(text) - STEP), STEP) if len(text) > WINDOW else (0,)
        score = max(self._probability(text[start : start + WINDOW]) for start in starts)
        return Verdict(category=self.category if score >= self.threshold else None, score=score)

    def _probability(self, text: str) -> float:
        import numpy as np

        weights = shipped()[self.category]
        buckets, values = features(text)
        return float(1 / (1 + np.exp(-(weights.values[buckets] @ values + weights.bias))))


@cache
def _data() -> str:
    return (files("workbench.client.guards") / "linear.json").read_text(encoding="utf-8")


@cache
def shipped() -> dict[str, Weights]:
    """Return the shipped weights by category.

    The file has per category ``scale``, ``bias``, ``threshold``, and ``weights``: runs of whole numbers from
    -127 to 127, each with the bucket it begins at; times the scale they are the weights.
    """
    import numpy as np

    found = {}
    for category, plain in json.loads(_data())["categories"].items():
        values = np.zeros(BUCKETS)
        for start, run in plain["weights"]:
            values[start : start + len(run)] = run
        found[category] = Weights(
            category=category,
            values=values * plain["scale"],
            bias=plain["bias"],
            threshold=plain["threshold"],
        )
    return found


def linear(category: str, *, threshold: float | None = None, name: str | None = None) -> Linear:
    """Return the trained classifier of a category.

    Parameters
    ----------
    category
        One that was trained: ``abuse`` or ``injection``.
    threshold
        From which probability on there is a finding; None: what was chosen in training.
    name
        The classifier's name; None: the category's.

    Raises
    ------
    InputError
        Where the category was not trained.
    """
    if category not in shipped():
        known = ", ".join(shipped())
        raise InputError(f"classifier {category!r}", "it was not trained", f"Trained are: {known}.")
    chosen = shipped()[category].threshold if threshold is None else threshold
    version = f"{zlib.crc32(_data().encode()):08x}"
    return Linear(name=name or category, category=category, threshold=chosen, version=version)
