"""Classification tasks out of CLINC150 (``WORKBENCH_DATA``), on which the classifiers' scale was fitted."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from workbench.core.protocols import Embedder
from workbench.offline.chat import Chat

DATA = Path(os.environ.get("WORKBENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
CLINC = DATA / "clinc150" / "data_full.json.gz"

Texts = dict[str, list[str]]


def texts(split: str) -> Texts:
    """Return intent -> texts of a split, in their order."""
    out: Texts = defaultdict(list)
    with gzip.open(CLINC, "rt", encoding="utf-8") as file:
        for text, intent in json.load(file)[split]:
            out[intent].append(text)
    return dict(out)


def tasks(train: Texts, embedder: Embedder, count: int, seed: int = 5) -> list[list[str]]:
    """Return `count` tasks of 8 intents: half of intents at random, half of an intent and its 7 nearest."""
    rng = random.Random(seed)
    intents = sorted(train)
    centers = np.stack([embedder.embed(train[intent][:5]).mean(axis=0) for intent in intents])
    out = []
    for number in range(count):
        if number % 2 == 0:
            out.append(rng.sample(intents, 8))
        else:
            near = np.argsort(-(centers @ centers[rng.randrange(len(intents))]))[:8]
            out.append([intents[index] for index in near])
    return out


def chats(
    task: Sequence[str], train: Texts, test: Texts, shots: int, each: int
) -> Iterator[tuple[Chat, str]]:
    """Yield (chat, right intent): labels only, `shots` examples and `each` test texts an intent."""
    system = ("system", f"Answer with one of {', '.join(task)}.")
    turns = []
    for intent in task:
        turns += [turn for text in train[intent][:shots] for turn in (("user", text), ("assistant", intent))]
    for intent in task:
        for text in test[intent][:each]:
            yield Chat(model="any", messages=(system, *turns, ("user", text)), temperature=1.0), intent


def best_factor(probabilities: np.ndarray, right: np.ndarray) -> float:
    """Return the factor on the log-odds at which the right labels are likeliest; 1: keep the scale.

    Parameters
    ----------
    probabilities
        At temperature 1, (texts, labels).
    right
        Index of the right label, (texts,).
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.clip(probabilities, 1e-300, None))

    def loss(factor: float) -> float:
        scaled = factor * logs
        top = scaled.max(axis=1, keepdims=True)
        norm = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
        return float((norm - scaled[np.arange(len(right)), right]).mean())

    return float(minimize_scalar(loss, bounds=(0.05, 20), method="bounded").x)
