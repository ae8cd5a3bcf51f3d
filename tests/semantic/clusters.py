"""An embedder without a model: texts whose first word is the same lie near each other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

__all__ = ["Clusters", "Ticks"]


def _draw(text: str, width: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little")
    return np.random.default_rng(seed).normal(size=width)


class Clusters:
    """An `Embedder`: a direction for the first word, and noise for the text.

    Parameters
    ----------
    noise
        Its length against the direction's; .5 puts two texts of one word at a cosine of about .8.
    """

    def __init__(self, noise: float = 0.5, width: int = 48) -> None:
        self.noise, self.width = noise, width
        self.embedded: list[str] = []
        """Texts it was asked for, in order."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), width), each row of length 1."""
        self.embedded.extend(texts)
        rows = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            vector = _draw(text.partition(" ")[0], self.width) + self.noise * _draw(f"{text}.", self.width)
            row[:] = vector / np.linalg.norm(vector)
        return rows


class Ticks:
    """A clock that goes on by a step a look."""

    def __init__(self, step_s: float = 1.0, start_s: float = 1_700_000_000.0) -> None:
        self.step_s, self.at_s = step_s, start_s

    def now(self) -> float:
        """Return seconds since the epoch."""
        self.at_s += self.step_s
        return self.at_s
