"""The classifiers' arithmetic: weights from a prompt, and the noise of a draw. See `offline.classifier`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from workbench.offline.prompt import Prompt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RIDGE", "TARGET", "fit_head", "gumbel"]

RIDGE = 2.0
"""Penalty of the examples' correction: the higher, the less one example moves."""

TARGET = 0.5
"""How far above the other labels an example's label should stand, in units of cosine."""


def gumbel(seed: int, text: str, label: str) -> float:
    """Return standard Gumbel noise, a function of its arguments alone."""
    raw = hashlib.blake2b(f"{seed}\0{text}\0{label}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    uniform = (int.from_bytes(raw) + 0.5) / 2**64
    return -math.log(-math.log(min(uniform, 1 - 2**-53)))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return scaled


def fit_head(
    prompt: Prompt, names: NDArray[Any], about: Mapping[str, NDArray[Any]], examples: NDArray[Any]
) -> NDArray[np.float64]:
    """Return weights of shape (d, labels): a text's scores are its vector times these.

    Parameters
    ----------
    names
        Unit vectors of the labels' names, (labels, d).
    about
        Label -> unit vectors of its description's sentences.
    examples
        Unit vectors of the examples' texts, (examples, d).
    """
    import numpy as np

    rows = names.astype(np.float64)
    for index, label in enumerate(prompt.labels):
        if label in about:
            rows[index] = rows[index] + _unit(about[label].mean(axis=0, keepdims=True).astype(np.float64))[0]
    weights: NDArray[np.float64] = _unit(rows).T
    if not prompt.examples:
        return weights
    count = len(prompt.labels)
    place = {label: index for index, label in enumerate(prompt.labels)}
    right = np.eye(count)[[place[label] for _, label in prompt.examples]]
    now = examples @ weights
    residual = TARGET * (right - 1 / count) - (now - now.mean(axis=1, keepdims=True))
    kernel = examples @ examples.T + RIDGE * np.eye(len(examples))
    corrected: NDArray[np.float64] = weights + examples.T @ np.linalg.solve(kernel, residual)
    return corrected
