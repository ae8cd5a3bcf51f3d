"""Nearness in meaning."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.similarity import similarity


class Letters:
    """Embeds a text as its counts of a, b and of anything, made a unit vector."""

    model_id = "letters"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit vector a text."""
        rows = np.array([[text.count("a"), text.count("b"), 1e-3] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def judge(output: str, expected: Any, **settings: Any) -> Score:
    """Return the score of one answer."""
    return asyncio.run(similarity(Letters(), **settings).score(a_trial(output, expected)))


def test_conformance() -> None:
    """It keeps the law of scorers."""
    check_scorer(lambda: similarity(Letters()), a_trial("ab", "aabb"))


def test_values() -> None:
    """The cosine as it is, never above 1; with a threshold 1 or 0 with the cosine as reason."""
    assert judge("aaa", "a").value == pytest.approx(1, abs=1e-5)
    assert judge("aaa", "b").value == pytest.approx(0, abs=1e-2)
    assert judge("ab", "a").value == pytest.approx(0.5**0.5, abs=1e-2)
    assert judge("ab", "a", at_least=0.8).value == 0
    assert judge("ab", "a", at_least=0.7).reason == "cosine 0.707"


def test_nothing_to_compare_is_missing() -> None:
    """Without an expected answer, and for a blank one."""
    assert judge("a", None).missing == "the case has no expected value"
    assert judge(" ", "a").missing == "the answer is blank"


def test_identity_and_mistakes() -> None:
    """The embedder and the threshold are the definition; a cosine above 1 is refused."""
    assert similarity(Letters()).embedder_id == "letters"
    assert similarity(Letters()).digest != similarity(Letters(), at_least=0.5).digest
    with pytest.raises(InputError):
        similarity(Letters(), at_least=1.5)
