"""Topics by example: near enough to one, and nearer than to any counterexample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conformance.classifier import check_classifier, look
from workbench.client.guards.topic import Topics, topics
from workbench.errors import InputError


class Letters:
    """Counts letters."""

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one unit row a text."""
        self.embedded += texts
        rows = (
            np.array([[text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32) + 1e-6
        )
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def make(embedder: Letters | None = None, threshold: float = 0.9) -> Topics:
    """Return two topics and a counterexample."""
    return topics(
        {"a": ["aa"], "b": ["bb", "bbc"]}, embedder or Letters(), threshold=threshold, others=["aad"]
    )


def test_conformance() -> None:
    """It is a classifier."""
    check_classifier(make, "aaa", "ccc")


def test_nearest() -> None:
    """The nearest example's topic, with the cosine as score."""
    assert look(make(), "aaa").category == "a"
    verdict = look(make(), "bbbc")
    assert verdict.category == "b"
    assert verdict.score == pytest.approx(0.997, abs=0.01)


def test_counterexamples_and_thresholds() -> None:
    """A text nearer to a counterexample is about nothing; so is one that is too far from all."""
    assert look(make(), "aaad").category is None
    assert look(make(threshold=0.8), "abab").category is None


def test_examples_are_embedded_once() -> None:
    """The first check embeds them; the next ones their text only."""
    embedder = Letters()
    classifier = make(embedder)
    look(classifier, "x")
    look(classifier, "y")
    assert embedder.embedded == ["aa", "bb", "bbc", "aad", "x", "y"]


def test_settings_that_are_none() -> None:
    """No topic, a topic without example, a threshold outside."""
    for examples in ({}, {"a": []}):
        with pytest.raises(InputError):
            topics(examples, Letters(), threshold=0.5)
    with pytest.raises(InputError):
        make(threshold=1.5)
