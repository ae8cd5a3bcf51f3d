"""The classifiers' scale, fitted again on the data it was fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from tests.offline.clinc import CLINC, best_factor, chats, tasks, texts
from workbench.offline.classifier import MiniLMClassifier, TfidfClassifier
from workbench.semantic.embed import MiniLM

pytestmark = pytest.mark.skipif(
    not CLINC.is_file(), reason="CLINC150 is not on this machine (set WORKBENCH_DATA)"
)


def test_scale_is_the_likeliest() -> None:
    """On a fifth of the tasks the stated scale is within a quarter of the best, and examples help."""
    embedder = MiniLM()
    train, test = texts("train"), texts("test")
    chosen = tasks(train, embedder, count=6)
    for classifier in (MiniLMClassifier(embedder), TfidfClassifier()):
        probabilities, right, accuracy = [], [], []
        for shots in (0, 1, 2, 6, 10, 20):
            start = len(right)
            for task in chosen:
                for chat, intent in chats(task, train, test, shots, each=5):
                    found = classifier.probabilities(chat)
                    probabilities.append([found[name] for name in task])
                    right.append(task.index(intent))
            best = np.argmax(probabilities[start:], axis=1)
            accuracy.append(float(np.mean(best == np.array(right[start:]))))
        assert 0.75 < best_factor(np.array(probabilities), np.array(right)) < 1.33
        assert accuracy[-1] > accuracy[0] + 0.05
