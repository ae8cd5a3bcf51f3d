"""One decision of a semantic cache, while it is made: what it reads and what it changes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from workbench.core.records import Reply
from workbench.store.codec import decode, encode

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Entry", "Turn", "from_blob", "from_json", "text_sha256"]

Kind = Literal["hit", "miss", "landing", "bypass"]
Evict = Literal["lru", "lfu", "fifo"]

_ENTRY = "SELECT entries.id, texts.text, reply FROM entries JOIN texts ON texts.id = entries.text WHERE "
# Of equals the one entered first: a copy and the entry it was made from were last used at one decision.
_GO = {
    "lru": "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY used, id LIMIT ?)",
    "lfu": "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY uses, id LIMIT ?)",
    "fifo": "DELETE FROM entries WHERE id IN (SELECT id FROM entries ORDER BY id LIMIT ?)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What may serve.

    Parameters
    ----------
    id
        Its number, rising in the order in which entries came in.
    text
        The text it was entered under.
    source
        Number of the landing that brought its answer.
    """

    id: int
    text: str
    source: int


def text_sha256(text: str) -> str:
    """Return the sha256 by which a text is known."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def from_json(body: str) -> str:
    """Return the text that was written as JSON."""
    return str(json.loads(body))


def from_blob(blob: bytes) -> NDArray[np.float32]:
    """Return the vector of the bytes: little-endian float32."""
    import numpy as np

    return np.frombuffer(blob, dtype="<f4").astype(np.float32)


class Turn:
    """One decision, while it is made. `Answers.turn` opens it.

    Parameters
    ----------
    connection, now, settings
        As in `Answers.turn`; the connection is within its transaction.
    """

    def __init__(self, connection: sqlite3.Connection, now: float, settings: str) -> None:
        self._run = connection.execute
        last = self._run("SELECT seq, at FROM decisions ORDER BY seq DESC LIMIT 1").fetchone() or (0, now)
        self.seq: int = last[0] + 1
        """The decision's number."""
        self.at_s: float = max(now, last[1])
        """Its moment, never before that of the one before."""
        self._run("INSERT OR IGNORE INTO settings (body) VALUES (?)", (settings,))
        (self._settings,) = self._run("SELECT id FROM settings WHERE body = ?", (settings,)).fetchone()
        self._expired = self._evicted = 0

    def text(self, embedder: str, text: str, vector: NDArray[np.float32]) -> int:
        """Return the number of a text; it is written down with its vector where it is not there."""
        sha256 = text_sha256(text)
        self._run(
            "INSERT OR IGNORE INTO texts (embedder, sha256, text, vector) VALUES (?, ?, ?, ?)",
            (embedder, sha256, encode(text), vector.astype("<f4").tobytes()),
        )
        row = self._run("SELECT id FROM texts WHERE embedder = ? AND sha256 = ?", (embedder, sha256))
        return int(row.fetchone()[0])

    def expire(self, ttl_s: float) -> None:
        """Remove every entry whose stamp is that old."""
        # The index finds few; what decides is the difference, in the arithmetic of the replay.
        self._expired += self._run(
            "DELETE FROM entries WHERE stamp <= ? AND NOT (? - stamp < ?)",
            (self.at_s - ttl_s + 1.0, self.at_s, ttl_s),
        ).rowcount

    def make_room(self, capacity: int, evict: Evict) -> None:
        """Remove entries, first who goes first, until there is room for one more."""
        (held,) = self._run("SELECT count(*) FROM entries").fetchone()
        if held < capacity:
            return
        self._evicted += self._run(_GO[evict], (held - capacity + 1,)).rowcount

    def same(self, partition: str, text: int) -> Entry | None:
        """Return the entry of the very same text; None where there is none."""
        return self._entry("partition = ? AND entries.text = ?", partition, text)

    def entry(self, number: int) -> Entry | None:
        """Return an entry by its number; None where it is gone."""
        return self._entry("entries.id = ?", number)

    def _entry(self, where: str, *values: Any) -> Entry | None:
        row = self._run(_ENTRY + where, values).fetchone()
        return None if row is None else Entry(id=row[0], text=from_json(row[1]), source=row[2])

    def vectors(self, partition: str, after: int = 0) -> list[tuple[int, NDArray[np.float32]]]:
        """Return number and vector of a partition's entries with a number above `after`, rising."""
        rows = self._run(
            "SELECT entries.id, vector FROM entries JOIN texts ON texts.id = entries.text"
            " WHERE partition = ? AND entries.id > ? ORDER BY entries.id",
            (partition, after),
        )
        return [(number, from_blob(blob)) for number, blob in rows]

    def reply(self, source: int) -> tuple[Reply, str]:
        """Return an answer by the number of its landing, and the key of the call that brought it."""
        call, body = self._run("SELECT call, body FROM replies WHERE seq = ?", (source,)).fetchone()
        return decode(Reply, body), call

    def log(
        self,
        kind: Kind,
        *,
        partition: str | None = None,
        text: int | None = None,
        source: int | None = None,
        cosine: float | None = None,
        exact: bool | None = None,
        reason: str | None = None,
    ) -> None:
        """Write the decision down, once, at its end; the values are those of `DECISION_COLUMNS`."""
        self._run(
            "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self.seq, self.at_s, kind, self._settings, partition, text, source, cosine, exact, reason,
             self._expired, self._evicted),
        )  # fmt: skip

    def use(self, entry: int, *, slides: bool) -> None:
        """Note that an entry serves; `slides`: it lives anew from now on."""
        self._run(
            "UPDATE entries SET uses = uses + 1, used = ?, stamp = iif(?, ?, stamp) WHERE id = ?",
            (self.seq, slides, self.at_s, entry),
        )

    def enter(self, partition: str, text: int, source: int, call: str, reply: Reply) -> None:
        """Let a text, of which there is no entry, be served by an answer from now on.

        Parameters
        ----------
        source
            Number of the landing that brought the answer: `seq`, if it is this one.
        call
            Key of the call that did.
        """
        self._run("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (source, call, encode(reply)))
        self._run(
            "INSERT INTO entries (id, partition, text, reply, stamp, used) VALUES (?, ?, ?, ?, ?, ?)",
            (self.seq, partition, text, source, self.at_s, self.seq),
        )
