"""The journal: what was asked, what came back, what is finished, what MLflow has yet to hear."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

from workbench.core.records import Score, Trial
from workbench.errors import StoreError
from workbench.store.alone import alone
from workbench.store.calls import Calls
from workbench.store.codec import decode, encode
from workbench.store.entries import Event, Execution, Outgoing
from workbench.store.held import HeldQueue

__all__ = ["Journal"]

_EXECUTIONS = "SELECT execution_id, study, plan, created_at, status FROM executions"
_PUT_SCORE = (
    "INSERT OR REPLACE INTO scores (execution_id, trial_id, scorer, digest, rater, record)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_OUTGOING = "SELECT seq, execution_id, kind, ref FROM outbox WHERE delivered_at IS NULL"
_PENDING_ALL = _OUTGOING + " ORDER BY seq LIMIT ?"
_PENDING = _OUTGOING + " AND execution_id = ? ORDER BY seq LIMIT ?"
_PUT_OUTBOX = "INSERT INTO outbox (execution_id, kind, ref) VALUES (?, ?, ?)"


def _score_row(execution_id: str, score: Score) -> tuple[str, ...]:
    return (execution_id, score.trial_id, score.scorer, score.digest, score.rater or "", encode(score))


def _ids(trial_ids: Iterable[str] | None) -> tuple[str | None, str | None]:
    text = None if trial_ids is None else json.dumps(list(trial_ids))
    return text, text


class Journal(Calls):
    """The local truth in one SQLite file; many threads and processes may share it.

    Whatever a method wrote is committed when it returns, and survives the death of the process. Everything
    is JSON without secrets; records come back equal to what was put (values that JSON does not know come
    back as text). It is a `Sink`.

    Parameters
    ----------
    path
        The file; made where it does not exist.
    now
        Gives seconds since the epoch.

    Raises
    ------
    StoreError
        From the constructor where the file cannot be used, from methods where it cannot be read or written.
    """

    # Executions -------------------------------------------------------------------------------------------

    def add_execution(
        self, execution_id: str, study: str, plan: Mapping[str, Any], status: str = "running"
    ) -> None:
        """Write down that a plan is being executed; of one resumed, only the status is set."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO executions (execution_id, study, plan, created_at, status)"
                " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET status = excluded.status",
                (execution_id, study, encode(plan), self._now(), status),
            )

    def set_status(self, execution_id: str, status: str) -> None:
        """Set the word that says how an execution stands."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE executions SET status = ? WHERE execution_id = ?", (status, execution_id)
            )

    def executions(self, study: str | None = None) -> list[Execution]:
        """Return the executions of a study (None: of all), oldest first."""
        rows = self._database.read(
            f"{_EXECUTIONS} WHERE ? IS NULL OR study = ? ORDER BY created_at", (study, study)
        )
        return [
            Execution(execution_id=name, study=of, plan=json.loads(plan), created_at=at, status=status)
            for name, of, plan, at, status in rows
        ]

    def execution(self, execution_id: str) -> Execution:
        """Return one execution.

        Raises
        ------
        StoreError
            Where there is none of that id; names the latest ones.
        """
        known = self.executions()
        for execution in known:
            if execution.execution_id == execution_id:
                return execution
        latest = ", ".join(execution.execution_id for execution in known[-3:]) or "none yet"
        raise StoreError(
            str(self.path), f"holds no execution {execution_id!r}", f"The latest it holds: {latest}."
        )

    # Trials, scores, outbox -------------------------------------------------------------------------------

    def put(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Store a finished trial, its scores and its row of the outbox, in one transaction.

        A trial that is there already (a failed one, asked again) is replaced in its place.
        """
        prompt, body = self._prompts.pack(trial)
        rows = [_score_row(trial.execution_id, score) for score in scores]
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO trials (execution_id, trial_id, call_key, status, prompt, record)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET call_key = excluded.call_key,"
                " status = excluded.status, prompt = excluded.prompt, record = excluded.record",
                (trial.execution_id, trial.trial_id, trial.call_key, trial.status, prompt, body),
            )
            connection.executemany(_PUT_SCORE, rows)
            connection.execute(_PUT_OUTBOX, (trial.execution_id, "trial", trial.trial_id))

    def put_scores(self, execution_id: str, scores: Sequence[Score]) -> None:
        """Store scores given later (another scorer, a human) and their outbox rows, in one transaction.

        A score of the same trial, scorer, digest and rater is replaced; any other is kept beside it.
        """
        rows = [_score_row(execution_id, score) for score in scores]
        trials = dict.fromkeys(score.trial_id for score in scores)
        with self._database.write() as connection:
            connection.executemany(_PUT_SCORE, rows)
            connection.executemany(_PUT_OUTBOX, [(execution_id, "scores", trial) for trial in trials])

    def trials(self, execution_id: str, trial_ids: Iterable[str] | None = None) -> list[Trial]:
        """Return the finished trials of an execution, in the order in which they first landed.

        Parameters
        ----------
        trial_ids
            Only these; None: all.
        """
        rows = self._database.read(
            "SELECT prompt, record FROM trials WHERE execution_id = ? AND (? IS NULL OR trial_id IN"
            " (SELECT value FROM json_each(?))) ORDER BY seq",
            (execution_id, *_ids(trial_ids)),
        )
        return self._prompts.unpack(Trial, rows)

    def scores(self, execution_id: str, trial_ids: Iterable[str] | None = None) -> list[Score]:
        """Return the scores of an execution's trials, in the order in which they were given."""
        rows = self._database.read(
            "SELECT record FROM scores WHERE execution_id = ? AND (? IS NULL OR trial_id IN"
            " (SELECT value FROM json_each(?))) ORDER BY seq",
            (execution_id, *_ids(trial_ids)),
        )
        return [decode(Score, record) for (record,) in rows]

    def pending(self, execution_id: str | None = None, limit: int = 1000) -> list[Outgoing]:
        """Return the first rows of the outbox not yet delivered (None: of all executions), oldest first."""
        if execution_id is None:
            rows = self._database.read(_PENDING_ALL, (limit,))
        else:
            rows = self._database.read(_PENDING, (execution_id, limit))
        return [Outgoing(seq=row[0], execution_id=row[1], kind=row[2], ref=row[3]) for row in rows]

    def delivered(self, seqs: Iterable[int]) -> None:
        """Mark rows of the outbox as delivered."""
        now = self._now()
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE outbox SET delivered_at = ? WHERE seq = ?", [(now, seq) for seq in seqs]
            )

    # Events -----------------------------------------------------------------------------------------------

    def add_event(self, kind: str, payload: Mapping[str, Any]) -> Event:
        """Write down something that happened (a promotion, a rollback), and return it."""
        at = self._now()
        body = encode(payload)
        with self._database.write() as connection:
            row = connection.execute(
                "INSERT INTO events (kind, at, payload) VALUES (?, ?, ?)", (kind, at, body)
            )
        return Event(seq=row.lastrowid or 0, kind=kind, at=at, payload=json.loads(body))

    def events(self, kind: str | None = None) -> list[Event]:
        """Return the events of a kind (None: all), oldest first."""
        rows = self._database.read(
            "SELECT seq, kind, at, payload FROM events WHERE ? IS NULL OR kind = ? ORDER BY seq", (kind, kind)
        )
        return [Event(seq=row[0], kind=row[1], at=row[2], payload=json.loads(row[3])) for row in rows]

    def alone(self, kind: str) -> AbstractContextManager[None]:
        """Wait until nobody else who shares the file is in here for this kind; keep them out meanwhile."""
        return alone(Path(f"{self.path}.{kind}.lock"))

    @property
    def held(self) -> HeldQueue:
        """What waits for a human."""
        return HeldQueue(self._database, self._now)

    # Opening and closing ----------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        self._database.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
