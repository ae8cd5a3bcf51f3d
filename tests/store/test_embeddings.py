"""Vectors on disk: what goes in comes out, keyed exactly, among threads and bad files."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from workbench.errors import StoreError
from workbench.store.embeddings import EmbeddingStore

VECTORS = arrays(np.float32, 5, elements=st.floats(-1, 1, width=32))
TEXTS = st.text(st.characters(), max_size=20)  # lone surrogates included


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(TEXTS, VECTORS, max_size=8), st.lists(TEXTS, max_size=4))
def test_round_trip(vectors: dict[str, np.ndarray], others: list[str]) -> None:
    """Any text's vector comes back bit by bit; texts never stored are left out."""
    with EmbeddingStore(":memory:") as store:
        store.put_many("m", "r", vectors)
        found = store.get_many("m", "r", [*vectors, *others])
        assert found.keys() == vectors.keys()
        assert all(found[text].tobytes() == vector.tobytes() for text, vector in vectors.items())
        assert all(vector.dtype == np.float32 for vector in found.values())


def test_model_and_revision_are_part_of_the_key(tmp_path: Path) -> None:
    """A vector of another model or revision is not found."""
    with EmbeddingStore(tmp_path / "v.db") as store:
        store.put_many("m", "1", {"a": np.ones(3, np.float32)})
        assert store.get_many("m", "2", ["a"]) == {}
        assert store.get_many("n", "1", ["a"]) == {}
        store.put_many("m", "1", {"a": np.zeros(3, np.float32)})
        assert len(store) == 1
        assert store.get_many("m", "1", ["a"])["a"].tolist() == [0, 0, 0]


def test_survives_closing_and_holds_no_text(tmp_path: Path) -> None:
    """Vectors are there after opening again; the texts themselves are nowhere in the file."""
    path = tmp_path / "deep" / "v.db"
    with EmbeddingStore(path) as store:
        store.put_many("m", "r", {"a private sentence": np.ones(3, np.float32)})
    with EmbeddingStore(path) as store:
        assert list(store.get_many("m", "r", ["a private sentence"])) == ["a private sentence"]
    assert all(b"private" not in file.read_bytes() for file in path.parent.iterdir())


def test_many_texts_at_once(tmp_path: Path) -> None:
    """More texts than SQLite takes variables are one question."""
    texts = {f"text {number}": np.full(2, number, np.float32) for number in range(3_000)}
    with EmbeddingStore(tmp_path / "v.db") as store:
        store.put_many("m", "r", texts)
        found = store.get_many("m", "r", list(texts))
    assert len(found) == 3_000
    assert found["text 2999"].tolist() == [2999, 2999]


def test_threads_and_two_connections(tmp_path: Path) -> None:
    """Threads on two stores of one file write and read at once, and nothing is lost."""
    with EmbeddingStore(tmp_path / "v.db") as one, EmbeddingStore(tmp_path / "v.db") as other:

        def work(store: EmbeddingStore, start: int) -> None:
            for number in range(start, start + 20):
                store.put_many("m", "r", {f"{number}": np.full(2, number, np.float32)})
                store.get_many("m", "r", ["0", f"{number}"])

        threads = [
            threading.Thread(target=work, args=(store, start))
            for start, store in enumerate([one, other, one, other])
            for start in [start * 20]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(one) == len(other) == 80


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    """A file of a newer program is not touched, and the error says what to do."""
    path = tmp_path / "v.db"
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(StoreError, match="schema version 99"):
        EmbeddingStore(path)


def test_no_database(tmp_path: Path) -> None:
    """A file that is no database, a folder, and a closed store are StoreErrors with a remedy."""
    path = tmp_path / "v.db"
    path.write_text("not a database, but long enough to be read as a header of one" * 20)
    with pytest.raises(StoreError, match="delete the file"):
        EmbeddingStore(path)
    with pytest.raises(StoreError):
        EmbeddingStore(tmp_path)
    store = EmbeddingStore(tmp_path / "w.db")
    store.close()
    with pytest.raises(StoreError):
        store.get_many("m", "r", ["a"])
