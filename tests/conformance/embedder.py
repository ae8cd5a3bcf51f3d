"""What every `Embedder` promises; a room's tests call this with their own."""

from __future__ import annotations

import numpy as np

from workbench.core.protocols import Embedder

__all__ = ["check_embedder"]


def check_embedder(embedder: Embedder) -> None:
    """Hold an embedder to the Protocol: shape, dtype, unit rows, order, repeats, nothing, odd text."""
    assert isinstance(embedder, Embedder)
    texts = [
        "Where is my parcel?",
        "I want my money back.",
        "Where is my parcel?",
        "",
        "é \ud83d\ude80 " * 400,
    ]
    rows = embedder.embed(texts)
    assert rows.dtype == np.float32
    assert rows.shape[0] == len(texts)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert np.array_equal(rows[0], rows[2])
    assert not np.allclose(rows[0], rows[1], atol=0.05)
    alone = np.concatenate([embedder.embed([text]) for text in texts])
    assert np.allclose(rows, alone, atol=1e-4), "a text's vector does not depend on its neighbors"
    assert embedder.embed([]).shape == (0, rows.shape[1])
