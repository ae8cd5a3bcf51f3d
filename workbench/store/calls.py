"""The calls of the journal: the intent before, the outcome after, and what is in doubt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from workbench.core.records import Attempt, Reply, Request
from workbench.errors import ModelError
from workbench.store.codec import decode, encode, error_from_plain, error_to_plain
from workbench.store.entries import NOTHING, Amount, Cell, Claim, Doubt
from workbench.store.owner import process_token
from workbench.store.prompts import Prompts
from workbench.store.runs import Runs

__all__ = ["MAX_AGE_DAYS", "Calls"]

MAX_AGE_DAYS = 30.0
"""Replies older than this are not reused unasked: the model behind a name may have changed."""

_DONE = "FROM calls JOIN outcomes ON seq = outcome WHERE calls.key = ? AND calls.state = 'done'"


def _young(at: float, now: float, max_age_days: float | None) -> bool:
    return max_age_days is None or now - at <= max_age_days * 86_400


class Calls(Runs):
    """The part of the journal that knows calls by their key, whoever asked them and what for.

    Parameters
    ----------
    path
        The file; made where it does not exist.
    now
        Gives seconds since the epoch.
    """

    def __init__(self, path: str | Path, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(path, now=now)
        self._prompts = Prompts(self._database)

    def begin(
        self,
        key: str,
        request: Request,
        owner: str,
        *,
        cell: Cell | None = None,
        max_age_days: float | None = MAX_AGE_DAYS,
    ) -> Claim:
        """Write down the intent to send a call, before it is sent.

        Parameters
        ----------
        key
            `call_key(request)`.
        owner
            Who asks: equal within one run of one process, different between runs.
        cell
            The cell (execution, trial) that is asked for, claimed in the same transaction; None: none is.
        max_age_days
            A younger reply is ``done``; None: any reply is.

        Returns
        -------
        claim
            ``new`` and ``in_doubt`` allow sending; ``done``, ``busy`` and ``left`` forbid it (see `Claim`). A
            key once in doubt stays so until it is answered.
        """
        prompt, body = self._prompts.pack(request)
        mine = (owner, process_token(), now := self._now())
        with self._database.write() as connection:
            if cell is not None and (claim := self._claim_cell(connection, cell, owner)) != "mine":
                return claim
            made = connection.execute(
                "INSERT INTO calls (key, state, owner, process, intent_at, prompt, request)"
                " VALUES (?, 'intent', ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (key, *mine, prompt, body),
            )
            if made.rowcount:
                return "new"
            state, other, process, intent_at, doubts, answered_at = connection.execute(
                "SELECT state, owner, process, intent_at, doubts,"
                " (SELECT at FROM outcomes WHERE seq = outcome) FROM calls WHERE key = ?",
                (key,),
            ).fetchone()
            if state == "done" and _young(answered_at, now, max_age_days):
                return "done"
            if state == "intent" and other != owner and self._goes_on(connection, other, process, intent_at):
                return "busy"
            doubts = {"intent": doubts + 1, "failed": doubts, "done": 0}[state]
            connection.execute(
                "UPDATE calls SET state = 'intent', owner = ?, process = ?, intent_at = ?, doubts = ?"
                " WHERE key = ?",
                (*mine, doubts, key),
            )
            return "in_doubt" if doubts else "new"

    def finish(
        self,
        key: str,
        outcome: Reply | ModelError,
        owner: str = "",
        *,
        spent: Amount = NOTHING,
        released: Amount = NOTHING,
        count: int = 0,
    ) -> None:
        """Write down what came of a call, with usage, all attempts and what was spent, in one transaction.

        A reply that is already there stays; the attempts are added to the ledger all the same. One that a
        guard changed or held back is in the ledger too, and never reused.

        Parameters
        ----------
        spent, released, count
            As in `settle`.
        """
        state = "done" if isinstance(outcome, Reply) else "failed"
        reusable = isinstance(outcome, Reply) and outcome.guard is None
        body = encode(outcome if isinstance(outcome, Reply) else error_to_plain(outcome))
        with self._database.write() as connection:
            row = connection.execute(
                "INSERT INTO outcomes (key, owner, at, state, body) VALUES (?, ?, ?, ?, ?)",
                (key, owner, self._now(), state, body),
            )
            connection.execute(
                "UPDATE calls SET state = ?, outcome = ? WHERE key = ? AND state != 'done'",
                ("done" if reusable else "failed", row.lastrowid, key),
            )
            if spent != NOTHING or count:
                self._settle(connection, owner, spent, released, count)

    def abandon(self, key: str, owner: str) -> None:
        """Give up a call that was sent and whose outcome nobody will hear: it is in doubt from now on."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE calls SET state = 'failed', doubts = doubts + 1"
                " WHERE key = ? AND owner = ? AND state = 'intent'",
                (key, owner),
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

    def doubts(self, key: str) -> int:
        """Return how often a call was begun and not finished before its last outcome."""
        rows = self._database.read("SELECT doubts FROM calls WHERE key = ?", (key,))
        return int(rows[0][0]) if rows else 0

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
        """Return the calls begun, not finished and asked by nobody now, oldest first: possibly billed."""
        with self._database.write() as connection:
            rows = connection.execute(
                "SELECT key, owner, intent_at, process, prompt, request, state FROM calls"
                " WHERE state = 'intent' OR (state = 'failed' AND doubts > 0) ORDER BY intent_at"
            ).fetchall()
            gone = [
                row
                for row in rows
                if row[6] == "failed" or not self._goes_on(connection, row[1], row[3], row[2])
            ]
        requests = self._prompts.unpack(Request, [row[4:6] for row in gone])
        return [
            Doubt(key=row[0], owner=row[1], intent_at=row[2], request=request)
            for row, request in zip(gone, requests, strict=True)
        ]
