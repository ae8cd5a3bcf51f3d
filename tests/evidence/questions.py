"""Recorded questions (Quora pairs, GPTCache's own benchmark pairs) and their vectors."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workbench.bench.home import Home
from workbench.semantic.embed import MiniLM
from workbench.store.embeddings import EmbeddingStore

__all__ = [
    "clusters",
    "data_folder",
    "mock_pairs",
    "question_texts",
    "recorded_pairs",
    "stream",
    "vectors_of",
]

ROOT = Path(__file__).resolve().parents[2]


def data_folder(name: str) -> Path | None:
    """Return a folder of recorded data: below ``WORKBENCH_DATA`` or ``../shared/data``; None if absent."""
    root = os.environ.get("WORKBENCH_DATA") or ROOT.parent / "shared" / "data"
    folder = Path(root) / name
    return folder if folder.is_dir() else None


def vectors_of(texts: Sequence[str]) -> np.ndarray:
    """Return MiniLM's vectors, float32 (n, 384), out of the project's store where they are there."""
    home = Home.find(ROOT)
    with EmbeddingStore(home.folder / "embeddings.sqlite") as store:
        model = MiniLM(store=store)
        return np.concatenate([model.embed(texts[i : i + 4096]) for i in range(0, len(texts), 4096)])


def mock_pairs(folder: Path) -> tuple[list[str], list[str]]:
    """Return the texts that GPTCache's benchmark imports, and those it then asks; pair by pair."""
    rows = json.loads((folder / "mock_data.json").read_text(encoding="utf-8"))
    return [row["origin"] for row in rows], [row["similar"] for row in rows]


def _pairs(folder: Path) -> list[dict[str, object]]:
    with gzip.open(folder / "pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def recorded_pairs(folder: Path) -> list[tuple[str, str, int]]:
    """Return the pairs of questions and whether people called them duplicates (1) or not (0)."""
    return [(str(row["text_a"]), str(row["text_b"]), int(str(row["label"]))) for row in _pairs(folder)]


def clusters(folder: Path) -> dict[str, int]:
    """Return every question that has a duplicate, with its cluster: connected components of label 1."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    for row in _pairs(folder):
        if row["label"] == 1:
            parent[root(str(row["text_a"]))] = root(str(row["text_b"]))
    numbers: dict[str, int] = {}
    return {text: numbers.setdefault(root(text), len(numbers)) for text in parent}


def stream(folder: Path, n: int, seed: int = 1) -> tuple[list[str], np.ndarray]:
    """Return n questions in a seeded order, whole clusters, and their clusters' numbers."""
    known = clusters(folder)
    names = np.array(sorted(set(known.values())))
    members: dict[int, list[str]] = {}
    for text, name in known.items():
        members.setdefault(name, []).append(text)
    rng = np.random.default_rng(seed)
    chosen: list[tuple[str, int]] = []
    for name in rng.permutation(names).tolist():
        if len(chosen) >= n:
            break
        chosen.extend((text, name) for text in sorted(members[name]))
    order = rng.permutation(min(n, len(chosen)))
    return [chosen[i][0] for i in order], np.array([chosen[i][1] for i in order])


def question_texts(folder: Path, n: int) -> list[str]:
    """Return the first n different questions of the pairs."""
    seen: dict[str, None] = {}
    for row in _pairs(folder):
        seen.setdefault(str(row["text_a"]))
        seen.setdefault(str(row["text_b"]))
        if len(seen) >= n:
            break
    return list(seen)[:n]
