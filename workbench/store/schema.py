"""The journal's file: its tables, its version, and one connection under one lock."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.errors import StoreError

__all__ = ["APPLICATION_ID", "MIGRATIONS", "Database"]

APPLICATION_ID = 0x77626A31  # "wbj1": tells the journal from any other SQLite file

MIGRATIONS: tuple[str, ...] = (
    """
    -- All messages of a chat but the last, once per content: arms repeat them for every case.
    CREATE TABLE prompts (digest TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    -- One row per call key: is it being asked, by whom, and which outcome counts.
    CREATE TABLE calls (
        key TEXT PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('intent', 'done', 'failed')),
        owner TEXT NOT NULL, process TEXT NOT NULL, intent_at REAL NOT NULL,
        doubts INTEGER NOT NULL DEFAULT 0,  -- earlier intents that never came to an outcome
        prompt TEXT REFERENCES prompts, request TEXT NOT NULL, outcome INTEGER REFERENCES outcomes
    ) WITHOUT ROWID;
    CREATE INDEX calls_open ON calls (intent_at) WHERE state = 'intent';
    -- Append-only: what came of each time a call was asked, with all its attempts. Money is counted here.
    CREATE TABLE outcomes (
        seq INTEGER PRIMARY KEY, key TEXT NOT NULL, owner TEXT NOT NULL, at REAL NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('done', 'failed')), body TEXT NOT NULL
    );
    CREATE INDEX outcomes_key ON outcomes (key);
    CREATE TABLE executions (
        execution_id TEXT PRIMARY KEY, study TEXT NOT NULL, plan TEXT NOT NULL,
        created_at REAL NOT NULL, status TEXT NOT NULL
    );
    CREATE TABLE trials (
        seq INTEGER PRIMARY KEY, execution_id TEXT NOT NULL, trial_id TEXT NOT NULL, call_key TEXT NOT NULL,
        status TEXT NOT NULL, prompt TEXT REFERENCES prompts, record TEXT NOT NULL,
        UNIQUE (execution_id, trial_id)
    );
    CREATE TABLE scores (
        seq INTEGER PRIMARY KEY, execution_id TEXT NOT NULL, trial_id TEXT NOT NULL, scorer TEXT NOT NULL,
        digest TEXT NOT NULL, rater TEXT NOT NULL, record TEXT NOT NULL,
        UNIQUE (execution_id, trial_id, scorer, digest, rater)
    );
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, execution_id TEXT NOT NULL, kind TEXT NOT NULL,
        ref TEXT NOT NULL, delivered_at REAL
    );
    CREATE INDEX outbox_pending ON outbox (execution_id, seq) WHERE delivered_at IS NULL;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at REAL NOT NULL, payload TEXT NOT NULL
    );
    """,
    """
    -- Each run of an execution: does it go on, what has it spent, what is set aside for its calls under way.
    CREATE TABLE runs (
        owner TEXT PRIMARY KEY, execution_id TEXT NOT NULL, process TEXT NOT NULL, at REAL NOT NULL,
        ended INTEGER NOT NULL DEFAULT 0, usd REAL NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0, held_usd REAL NOT NULL DEFAULT 0,
        held_tokens INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE INDEX runs_execution ON runs (execution_id);
    -- Which run makes a cell's row.
    CREATE TABLE cells (
        execution_id TEXT NOT NULL, trial_id TEXT NOT NULL, owner TEXT NOT NULL,
        PRIMARY KEY (execution_id, trial_id)
    ) WITHOUT ROWID;
    -- What executions of before have spent, by their rows.
    INSERT INTO runs (owner, execution_id, process, at, ended, usd, tokens)
        SELECT execution_id || '/before', execution_id, '', 0, 1,
            sum(coalesce(json_extract(record, '$.cost_usd'), 0)),
            sum(coalesce(json_extract(record, '$.usage.tokens_in_uncached'), 0)
                + coalesce(json_extract(record, '$.usage.tokens_in_cached'), 0)
                + coalesce(json_extract(record, '$.usage.tokens_in_cache_write'), 0)
                + coalesce(json_extract(record, '$.usage.tokens_out'), 0))
        FROM trials WHERE coalesce(json_extract(record, '$.source'), 'call') = 'call' GROUP BY execution_id;
    """,
    """
    -- Each index is another page to write for each call; these served questions that are seldom asked.
    DROP INDEX calls_open;
    DROP INDEX outcomes_key;
    -- Rows of the outbox are never deleted: their numbers grow without a table that counts them.
    ALTER TABLE outbox RENAME TO outbox_before;
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY, execution_id TEXT NOT NULL, kind TEXT NOT NULL, ref TEXT NOT NULL,
        delivered_at REAL
    );
    INSERT INTO outbox SELECT seq, execution_id, kind, ref, delivered_at FROM outbox_before;
    DROP TABLE outbox_before;
    CREATE INDEX outbox_pending ON outbox (execution_id, seq) WHERE delivered_at IS NULL;
    """,
    """
    -- What waits for a human, one row an item; what became of it is written into its row, once.
    CREATE TABLE held (
        item INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL, side TEXT NOT NULL, guard TEXT NOT NULL,
        category TEXT NOT NULL, score REAL NOT NULL, asked TEXT NOT NULL, text TEXT NOT NULL, reply TEXT,
        at REAL NOT NULL, deadline REAL NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('held', 'approved', 'edited', 'rejected', 'timed out')),
        decided_at REAL, decided_by TEXT, note TEXT, given_at REAL
    );
    CREATE INDEX held_state ON held (state, deadline);
    -- A call has at most one item a guard that somebody may still be waiting for.
    CREATE UNIQUE INDEX held_open ON held (call, side, guard) WHERE given_at IS NULL AND state != 'timed out';
    """,
)
"""The scripts that lead from version n to n + 1. The file's version is how many of them it has seen."""


class _Errors:
    """Says in our words what went wrong with a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (sqlite3.Error, OSError)):
            raise StoreError(
                str(self._path),
                f"{type(error).__name__}: {error}",
                "Look whether the disk is full, the folder writable and the file whole; "
                "what was written before is kept.",
            ) from error


class Database:
    """A SQLite file in WAL mode: one connection, one lock; safe for threads, processes and forks.

    ``synchronous=NORMAL``: a commit hands its pages to the operating system without waiting for the disk. So
    killing the process at any moment loses nothing committed; a power cut may lose the last transactions,
    and never leaves the file corrupt or a transaction half done. Waiting for the disk (FULL) would cost
    milliseconds a call to guard against power cuts only.

    Parameters
    ----------
    path
        The file; made with its folders, readable by its owner only, where it does not exist.
    timeout_s
        How long a write waits for another process's write.
    kind, application_id, migrations
        What the file is: its name in errors, its mark, and the scripts that make it.

    Raises
    ------
    StoreError
        Where the file cannot be opened, is of another kind, or was written by a newer workbench.
    """

    def __init__(
        self,
        path: Path,
        *,
        timeout_s: float = 60.0,
        kind: str = "journal",
        application_id: int = APPLICATION_ID,
        migrations: Sequence[str] = MIGRATIONS,
    ) -> None:
        self.path = path
        self._kind, self._mark, self._migrations = kind, application_id, migrations
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._closed = False
        self._errors = _Errors(path)
        with self._errors:
            path.parent.mkdir(parents=True, exist_ok=True)
            # A fresh file opened by many processes at once: one of them makes it, the others wait.
            with open(f"{path}.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                self._connection = self._connect()
                self._migrate()

    def _connect(self) -> sqlite3.Connection:
        self._pid = os.getpid()
        connection = sqlite3.connect(
            self.path, timeout=self._timeout_s, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=4000")  # 16 MB: fewer pauses while it is copied back
        return connection

    def _migrate(self) -> None:
        connection = self._connection
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application != self._mark and (tables or version):
            raise StoreError(str(self.path), f"is a database, but not a {self._kind}", "Choose another path.")
        known = len(self._migrations)
        if version > known:
            raise StoreError(
                str(self.path),
                f"was written by a newer workbench (schema {version}, this one knows {known})",
                "Upgrade the workbench, or choose another path.",
            )
        connection.execute("PRAGMA journal_mode=WAL")
        if version == known:
            return
        script = "".join(self._migrations[version:])
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA application_id={self._mark};"
            f"PRAGMA user_version={known}; COMMIT;"
        )

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError(str(self.path), "is closed", f"Open the {self._kind} again.")
        if self._pid != os.getpid():
            # After a fork: the parent's connection must be neither used nor closed here.
            self._parents = self._connection
            self._connection = self._connect()
        return self._connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a write transaction: committed at the end, rolled back at any exception."""
        with self._errors, self._lock:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def read(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one query."""
        with self._errors, self._lock:
            return self._open().execute(sql, values).fetchall()

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        with self._lock:
            if not self._closed and self._pid == os.getpid():
                self._connection.close()
            self._closed = True
