"""The answers of a semantic cache: entries, their texts and vectors, and every decision that was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from workbench.store.schema import Database
from workbench.store.turn import Turn, from_blob, from_json, text_sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DECISION_COLUMNS", "Answers"]

DECISION_COLUMNS = (
    "seq", "at_s", "kind", "settings", "partition", "text_id", "source", "cosine", "exact", "reason",
    "expired", "evicted",
)  # fmt: skip
"""Columns of `Answers.decisions`. `kind`: ``hit``, ``miss``, ``bypass`` (never cached), ``landing`` (what a
model answered came in). `source`: number of the landing whose answer served. `reason`: why a request was
never cached, or a reply not entered; None where it was. `expired`, `evicted`: entries that went at it."""

_APPLICATION_ID = 0x77626131  # "wba1"

_MIGRATIONS = (
    """
    -- Each text once an embedder. The vector is little-endian float32.
    CREATE TABLE texts (
        id INTEGER PRIMARY KEY, embedder TEXT NOT NULL, sha256 TEXT NOT NULL, text TEXT NOT NULL,
        vector BLOB NOT NULL, UNIQUE (embedder, sha256)
    );
    -- Under what policy decisions were made, as JSON.
    CREATE TABLE settings (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE);
    -- Append-only: what was decided, in the order in which it was.
    CREATE TABLE decisions (
        seq INTEGER PRIMARY KEY, at REAL NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('hit', 'miss', 'landing', 'bypass')),
        settings INTEGER NOT NULL REFERENCES settings, partition TEXT, text INTEGER REFERENCES texts,
        source INTEGER, cosine REAL, exact INTEGER, reason TEXT, expired INTEGER NOT NULL,
        evicted INTEGER NOT NULL
    );
    -- A reply by the number of its landing, while an entry needs it.
    CREATE TABLE replies (seq INTEGER PRIMARY KEY, call TEXT NOT NULL, body TEXT NOT NULL);
    -- What may serve now. An entry's number is that of the decision that entered it, and is never used again.
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY, partition TEXT NOT NULL, text INTEGER NOT NULL REFERENCES texts,
        reply INTEGER NOT NULL REFERENCES replies, stamp REAL NOT NULL, uses INTEGER NOT NULL DEFAULT 0,
        used INTEGER NOT NULL, UNIQUE (partition, text)
    );
    CREATE INDEX entries_stamp ON entries (stamp);
    CREATE INDEX entries_reply ON entries (reply);
    CREATE TRIGGER entries_gone AFTER DELETE ON entries BEGIN
        DELETE FROM replies WHERE seq = old.reply
            AND NOT EXISTS (SELECT 1 FROM entries WHERE reply = old.reply);
    END;
    """,
)


class Answers:
    """The store of a semantic cache in one SQLite file; many threads and processes may share it.

    A decision and all that it changes are one transaction (`turn`): whatever happened is committed when it
    ends, survives the death of the process, and has one order for all who share the file. Replies are JSON
    without secrets. Texts are kept as they are: do not hand over one that holds a secret.

    Parameters
    ----------
    path
        The file; made, readable by its owner only, where it does not exist.

    Raises
    ------
    StoreError
        From the constructor where the file cannot be used, from methods where it cannot be read or written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._database = Database(
            self.path, kind="semantic cache", application_id=_APPLICATION_ID, migrations=_MIGRATIONS
        )

    def vector(self, embedder: str, text: str) -> NDArray[np.float32] | None:
        """Return the vector of a text by an embedder; None where it is not there."""
        rows = self._database.read(
            "SELECT vector FROM texts WHERE embedder = ? AND sha256 = ?", (embedder, text_sha256(text))
        )
        return from_blob(rows[0][0]) if rows else None

    @contextmanager
    def turn(self, now: float, settings: str) -> Iterator[Turn]:
        """Open the transaction of one decision: nobody else decides meanwhile; an exception undoes it.

        Parameters
        ----------
        now
            Seconds since the epoch. A clock behind that of the last decision does not turn time back.
        settings
            The policy it is made under, as canonical JSON.
        """
        with self._database.write() as connection:
            yield Turn(connection, now, settings)

    def entries(self) -> list[tuple[str, str]]:
        """Return partition and text of every entry, in the order in which they came in."""
        rows = self._database.read(
            "SELECT partition, texts.text FROM entries JOIN texts ON texts.id = entries.text"
            " ORDER BY entries.id"
        )
        return [(partition, from_json(text)) for partition, text in rows]

    def decisions(self) -> list[tuple[Any, ...]]:
        """Return every decision, oldest first, as rows of `DECISION_COLUMNS`."""
        return self._database.read(
            "SELECT seq, at, kind, body, partition, text, source, cosine, exact, reason, expired, evicted"
            " FROM decisions JOIN settings ON settings.id = settings ORDER BY seq"
        )

    def texts(self) -> dict[int, tuple[str, NDArray[np.float32]]]:
        """Return text and vector by the `text_id` of the decisions."""
        rows = self._database.read("SELECT id, text, vector FROM texts")
        return {number: (from_json(text), from_blob(blob)) for number, text, blob in rows}

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
