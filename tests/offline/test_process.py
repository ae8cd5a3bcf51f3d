"""The embedded endpoint as a process: what it serves, what it keeps, how it fails."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from workbench.errors import ModelError
from workbench.offline.process import OfflineProcess
from workbench.store.embeddings import EmbeddingStore

CHAT = {
    "model": "minilm",
    "messages": [
        {"role": "system", "content": "Answer with one of billing, login, delivery."},
        {"role": "user", "content": "I cannot sign in."},
    ],
    "temperature": 0,
}


def answer(url: str) -> str:
    """Return what the endpoint answers to the chat."""
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(CHAT).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return str(json.load(reply)["choices"][0]["message"]["content"])


def test_vectors_outlive_the_process(tmp_path: Path) -> None:
    """Texts that were asked about are in the store afterwards, and a second process adds none for them."""
    vectors, sizes = tmp_path / "vectors.sqlite", []
    for _ in range(2):
        with OfflineProcess(vectors=vectors) as process:
            assert process.models()[:2] == ["minilm", "tfidf"]
            assert answer(process.base_url) == "login"
        with EmbeddingStore(vectors) as store:
            sizes.append(len(store))
    assert sizes[0] >= 4  # the labels and the text
    assert sizes[1] == sizes[0]


def test_one_that_cannot_start_says_how_to_see_why(tmp_path: Path) -> None:
    """A recording that is not there ends the child, and the error names the command to look with."""
    process = OfflineProcess(replay=tmp_path / "absent.jsonl")
    with pytest.raises(ModelError, match=r"python -m workbench\.offline"):
        _ = process.base_url
