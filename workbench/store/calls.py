"""The calls of the journal: the intent before, the outcome after, and what is in doubt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from workbench.core.records import Attempt, Reply, Request
from workbench.errors import ModelError
from workbench.store.codec import decode, encode, error_from_plain, error_to_plain
from workbench.store.entries import Claim, Doubt
from workbench.store.owner import alive, process_token
from workbench.store.prompts import Prompts
from workbench.store.schema import Database

__all__ = ["LEASE_S", "MAX_AGE_DAYS", "Calls"]

MAX_AGE_DAYS = 30.0
"""Replies older than this are not reused unasked: the model behind a name may have changed."""

LEASE_S = 600.0
"""After so many seconds an open intent counts as abandoned, even where its process cannot be examined."""

_DONE = "FROM calls JOIN outcomes ON seq = outcome WHERE calls.key = ? AND calls.state = 'done'"


def _young(at: float, now: float, max_age_days: float | None) -> bool:
    return max_age_days is None or now - at <= max_age_days * 86_400


def _live(process: str, intent_at: float, now: float) -> bool:
    return now - intent_at <= LEASE_S and alive(process) is not False


class Calls:
    """The half of the journal that knows calls by their key, whoever asked them and what for.

    Parameters
    ----------
    path
        The file; made where it does not exist.
    now
        Gives seconds since the epoch.
    """

    def __init__(self, path: str | Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = Path(path)
        self._now = now
        self._database = Database(self.path)
        self._prompts = Prompts(self._database)

    def begin(
        self, key: str, request: Request, owner: str, *, max_age_days: float | None = MAX_AGE_DAYS
    ) -> Claim:
        """Write down the intent to send a call, before it is sent.

        Parameters
        ----------
        key
            `call_key(request)`.
        owner
            Who asks: equal within one run of one process, different between runs.
        max_age_days
            A younger reply is ``done``; None: any reply is.

        Returns
        -------
        claim
            ``new`` and ``in_doubt`` allow sending; ``done`` and ``busy`` forbid it. A key once in doubt stays
            so until it is answered.
        """
        prompt, body = self._prompts.pack(request)
        mine = (owner, process_token(), now := self._now())
        with self._database.write() as connection:
            row = connection.execute(
                "SELECT state, owner, process, intent_at, doubts,"
                " (SELECT at FROM outcomes WHERE seq = outcome) FROM calls WHERE key = ?",
                (key,),
            ).fetchone()
            if row is None:
                connection.execute(
                    "INSERT INTO calls (key, state, owner, process, intent_at, prompt, request)"
                    " VALUES (?, 'intent', ?, ?, ?, ?, ?)",
                    (key, *mine, prompt, body),
                )
                return "new"
            state, other, process, intent_at, doubts, answered_at = row
            if state == "done" and _young(answered_at, now, max_age_days):
                return "done"
            if state == "intent" and other != owner and _live(process, intent_at, now):
                return "busy"
            doubts = {"intent": doubts + 1, "failed": doubts, "done": 0}[state]
            connection.execute(
                "UPDATE calls SET state = 'intent', owner = ?, process = ?, intent_at = ?, doubts = ?"
                " WHERE key = ?",
                (*mine, doubts, key),
            )
            return "in_doubt" if doubts else "new"

    def finish(self, key: str, outcome: Reply | ModelError, owner: str = "") -> None:
        """Write down what came of a call, with usage and all attempts, in one transaction.

        A reply that is already there stays; the attempts are added to the ledger all the same.
        """
        state = "done" if isinstance(outcome, Reply) else "failed"
        body = encode(outcome if isinstance(outcome, Reply) else error_to_plain(outcome))
        with self._database.write() as connection:
            row = connection.execute(
                "INSERT INTO outcomes (key, owner, at, state, body) VALUES (?, ?, ?, ?, ?)",
                (key, owner, self._now(), state, body),
            )
            connection.execute(
                "UPDATE calls SET state = ?, outcome = ? WHERE key = ? AND state != 'done'",
                (state, row.lastrowid, key),
            )

    def reply(self, key: str, max_age_days: float | None = MAX_AGE_DAYS) -> Reply | None:
        """Return the reply to a call; None where there is none of at most `max_age_days` (None: any age)."""
        rows = self._database.read(f"SELECT at, body {_DONE}", (key,))
        if not rows or not _young(rows[0][0], self._now(), max_age_days):
            return None
        return decode(Reply, rows[0][1])

    def has(self, key: str, max_age_days: float | None = MAX_AGE_DAYS) -> bool:
        """Return whether `reply` would return one."""
        rows = self._database.read(f"SELECT at {_DONE}", (key,))
        return bool(rows) and _young(rows[0][0], self._now(), max_age_days)

    def answered_by(self, key: str) -> str | None:
        """Return the owner whose call brought the reply that counts; None where there is none."""
        rows = self._database.read(f"SELECT outcomes.owner {_DONE}", (key,))
        return rows[0][0] if rows else None

    def outcomes(self, key: str) -> list[Reply | ModelError]:
        """Return all that ever came of a call, oldest first."""
        rows = self._database.read("SELECT state, body FROM outcomes WHERE key = ? ORDER BY seq", (key,))
        return [
            decode(Reply, body) if state == "done" else error_from_plain(json.loads(body))
            for state, body in rows
        ]

    def attempts(self, key: str) -> list[Attempt]:
        """Return every attempt ever made for a call, oldest first: the whole of what was spent on it."""
        return [attempt for outcome in self.outcomes(key) for attempt in outcome.attempts]

    def in_doubt(self) -> list[Doubt]:
        """Return the calls begun and never finished whose process is gone, oldest first."""
        now = self._now()
        rows = self._database.read(
            "SELECT key, owner, intent_at, process, prompt, request FROM calls"
            " WHERE state = 'intent' ORDER BY intent_at"
        )
        gone = [row for row in rows if not _live(row[3], row[2], now)]
        requests = self._prompts.unpack(Request, [row[4:] for row in gone])
        return [
            Doubt(key=row[0], owner=row[1], intent_at=row[2], request=request)
            for row, request in zip(gone, requests, strict=True)
        ]
