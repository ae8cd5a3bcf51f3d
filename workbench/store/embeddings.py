"""Vectors on disk: SQLite, keyed by model, revision, dtype and the text's sha256. Texts are not stored."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from workbench.errors import StoreError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SCHEMA_VERSION", "EmbeddingStore"]

SCHEMA_VERSION = 1
"""Written to the file's ``user_version``; a file of another version is refused."""

_DTYPE = "<f4"  # little-endian float32, on every machine

_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    model TEXT NOT NULL, revision TEXT NOT NULL, dtype TEXT NOT NULL, text_sha256 TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (model, revision, dtype, text_sha256)
) WITHOUT ROWID
"""


def _key(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class EmbeddingStore:
    """Keeps embedding vectors between processes; safe for threads and for several processes.

    Parameters
    ----------
    path
        The SQLite file; made where it is absent. ``:memory:`` keeps nothing.

    Raises
    ------
    StoreError
        Where the file cannot be opened, is no store of vectors, or is of another schema version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._lock = threading.Lock()
        with self._errors():
            if self.path != ":memory:":
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, check_same_thread=False, timeout=30, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version not in (0, SCHEMA_VERSION):
            raise StoreError(
                f"vector store {self.path}",
                f"it has schema version {version}; this program knows {SCHEMA_VERSION}",
                "Delete the file (vectors are made again) or use the program that wrote it.",
            )
        self._db.execute(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"vector store {self.path}",
                f"it cannot be used ({error})",
                "Check the path and its permissions, or delete the file: vectors are made again.",
            ) from error

    def get_many(self, model: str, revision: str, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors that are there, by text; absent texts are left out.

        Parameters
        ----------
        model, revision
            Which model made them, exactly.
        texts
            Any number; repeated ones count once.

        Returns
        -------
        dict
            Text -> float32 of shape (d,).
        """
        import numpy as np

        keys = {_key(text): text for text in texts}
        found: dict[str, NDArray[np.float32]] = {}
        with self._errors(), self._lock:
            # The keys travel as one JSON text: SQLite limits the number of bound variables.
            rows = self._db.execute(
                "SELECT text_sha256, vector FROM vectors WHERE model=? AND revision=? AND dtype=?"
                " AND text_sha256 IN (SELECT value FROM json_each(?))",
                (model, revision, _DTYPE, json.dumps(list(keys))),
            )
            for key, blob in rows:
                found[keys[key]] = np.frombuffer(blob, dtype=_DTYPE).astype(np.float32)
        return found

    def put_many(self, model: str, revision: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Store vectors by text, in one transaction; one that is there already is replaced."""
        import numpy as np

        rows = [
            (model, revision, _DTYPE, _key(text), np.asarray(vector, dtype=_DTYPE).tobytes())
            for text, vector in vectors.items()
        ]
        if not rows:
            return
        with self._errors(), self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT OR REPLACE INTO vectors VALUES (?,?,?,?,?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise

    def __len__(self) -> int:
        """Return the number of vectors, of all models."""
        with self._errors(), self._lock:
            return int(self._db.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def close(self) -> None:
        """Close the file; a closed store raises `StoreError`."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
