"""Embeddings: the Protocol, the checksum, no network, the store, many threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.embedder import check_embedder
from workbench.errors import InputError
from workbench.semantic.embed import WEIGHTS_SHA256, MiniLM, SentenceEmbedder, packaged_model
from workbench.store.embeddings import EmbeddingStore


@pytest.fixture(scope="module")
def minilm() -> MiniLM:
    """Return the packaged model, loaded once."""
    return MiniLM()


def test_conforms(minilm: MiniLM) -> None:
    """The packaged model is an Embedder."""
    check_embedder(minilm)


def test_conforms_with_store(tmp_path: Path) -> None:
    """So is one that keeps its vectors on disk."""
    with EmbeddingStore(tmp_path / "vectors.db") as store:
        check_embedder(MiniLM(store=store))


def test_published_similarities(minilm: MiniLM) -> None:
    """The cosines of the model card's sentences come out as published."""
    rows = minilm.embed(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )
    assert rows.shape == (3, 384)
    assert np.allclose((rows @ rows.T)[0], [1, 0.6660, 0.1046], atol=2e-3)


def test_names(minilm: MiniLM) -> None:
    """The model says which weights it is, before it is loaded."""
    fresh = SentenceEmbedder("all-MiniLM-L6-v2")
    assert fresh.model_id == minilm.model_id == "sentence-transformers/all-MiniLM-L6-v2"
    assert fresh.revision == f"sha256:{WEIGHTS_SHA256}"


def test_a_second_process_encodes_nothing(tmp_path: Path, minilm: MiniLM) -> None:
    """What the store has is not encoded again: a vector planted there is what comes back."""
    with EmbeddingStore(tmp_path / "vectors.db") as store:
        planted = np.eye(384, dtype=np.float32)[7]
        store.put_many(minilm.model_id, minilm.revision, {"planted": planted})
        rows = MiniLM(store=store).embed(["planted", "not planted"])
        assert np.array_equal(rows[0], planted)
        assert len(store) == 2
        again = MiniLM(store=store).embed(["not planted"])
        assert np.array_equal(again[0], rows[1])


def test_loading_keeps_nothing(tmp_path: Path) -> None:
    """A model that is loaded ahead of its first text puts nothing into the store."""
    with EmbeddingStore(tmp_path / "vectors.db") as store:
        MiniLM(store=store).load()
        assert len(store) == 0


def test_threads_agree(minilm: MiniLM) -> None:
    """Threads that embed overlapping texts at once all get the same vectors."""
    texts = [f"parcel number {number}" for number in range(40)]
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(minilm.embed(texts))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(np.array_equal(rows, found[0]) for rows in found)


def test_loads_without_network_and_in_silence() -> None:
    """Loading the packaged model opens no connection, looks up no name, and writes nothing."""
    code = (
        "import sys\n"
        "def watch(event, args):\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo') and str(args[-1]).find('/') != 0:\n"
        "        print('network:', event, args); sys.exit(3)\n"
        "sys.addaudithook(watch)\n"
        "from workbench.semantic.embed import MiniLM\n"
        "print(MiniLM().embed(['hello']).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "(1, 384)\n"
    assert done.stderr == ""


def test_broken_unicode(minilm: MiniLM) -> None:
    """Halves of a surrogate pair, as JSON may carry them, are joined; a lone half is a replacement sign."""
    joined, rocket, lone, sign = minilm.embed(["go \ud83d\ude80", "go \U0001f680", "go \ud83d", "go \ufffd"])
    assert np.allclose(joined, rocket, atol=1e-6)
    assert np.allclose(lone, sign, atol=1e-6)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """A package whose weights are not the published ones is not loaded, and the error says so."""
    package = tmp_path / packaged_model().parent.name
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from workbench.semantic.embed import MiniLM\n"
        "MiniLM().embed(['hello'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "has sha256" in done.stderr
    assert "--force-reinstall" in done.stderr


def test_unknown_name(tmp_path: Path) -> None:
    """A model that cannot be loaded is an InputError that offers the packaged one."""
    with pytest.raises(InputError, match="SentenceEmbedder"):
        SentenceEmbedder(str(tmp_path / "no-such-model")).embed(["hello"])
