"""The runs of an execution: which go on, whose a cell is, what is spent and what is reserved."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from workbench.store.entries import NOTHING, Amount, Cell, CellClaim, Grant, Limit
from workbench.store.owner import alive, process_token
from workbench.store.schema import Database

__all__ = ["LEASE_S", "Runs"]

LEASE_S = 600.0
"""After so many seconds without a sign an owner counts as gone, even where its process cannot be examined."""

_TOTAL = (
    "SELECT coalesce(sum(usd), 0.0), coalesce(sum(tokens), 0), coalesce(sum(held_usd), 0.0),"
    " coalesce(sum(held_tokens), 0) FROM runs WHERE execution_id = ?"
)
# With nothing under way exactly nothing is held, whatever rounding left behind.
_SETTLE = (
    "UPDATE runs SET at = ?, usd = usd + ?, tokens = tokens + ?,"
    " held_usd = CASE WHEN held <= ? THEN 0 ELSE held_usd - ? END,"
    " held_tokens = CASE WHEN held <= ? THEN 0 ELSE held_tokens - ? END,"
    " held = max(0, held - ?) WHERE owner = ?"
)


class Runs:
    """The part of the journal that knows who works on an execution, in which process, with whose money.

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

    # Who goes on ------------------------------------------------------------------------------------------

    def begin_run(self, owner: str, execution_id: str) -> None:
        """Write down that a run begins: from now on its claims and reservations stand until it ends.

        Parameters
        ----------
        owner
            Its name; no other run, of any process, has the same.
        """
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO runs (owner, execution_id, process, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET process = excluded.process, at = excluded.at, ended = 0",
                (owner, execution_id, process_token(), self._now()),
            )

    def end_run(self, owner: str) -> None:
        """Write down that a run has ended: what it left unfinished may be taken up at once."""
        with self._database.write() as connection:
            connection.execute("UPDATE runs SET ended = 1, at = ? WHERE owner = ?", (self._now(), owner))

    def _goes_on(self, connection: sqlite3.Connection, owner: str, process: str, at: float) -> bool:
        """Return whether an owner still works: its run has not ended, its process lives, its lease holds."""
        row = connection.execute("SELECT process, at, ended FROM runs WHERE owner = ?", (owner,)).fetchone()
        if row is not None:
            if row[2]:
                return False
            process, at = row[0], max(at, row[1])
        return self._now() - at <= LEASE_S and alive(process) is not False

    # Whose a cell is --------------------------------------------------------------------------------------

    def claim_cell(self, cell: Cell, owner: str) -> CellClaim:
        """Claim a cell (execution, trial), so that no other run makes its row.

        Returns
        -------
        claim
            ``mine``: nobody else had it. ``busy``: another run has it and goes on. ``left``: it was another
            run's, which is gone, and is this one's from now on; the row may be there.
        """
        with self._database.write() as connection:
            return self._claim_cell(connection, cell, owner)

    def _claim_cell(self, connection: sqlite3.Connection, cell: Cell, owner: str) -> CellClaim:
        made = connection.execute(
            "INSERT INTO cells (execution_id, trial_id, owner) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (*cell, owner),
        )
        if made.rowcount:
            return "mine"
        (other,) = connection.execute(
            "SELECT owner FROM cells WHERE execution_id = ? AND trial_id = ?", cell
        ).fetchone()
        if other == owner:
            return "mine"
        if self._goes_on(connection, other, "", 0.0):
            return "busy"
        connection.execute(
            "UPDATE cells SET owner = ? WHERE execution_id = ? AND trial_id = ?", (owner, *cell)
        )
        return "left"

    # Money ------------------------------------------------------------------------------------------------

    def reserve(self, owner: str, amount: Amount, limit: Limit) -> Grant:
        """Set an amount aside for one call of a run, unless its execution would then pass the limit.

        What all runs of the execution, in all processes, have spent and hold counts. What a dead process held
        stays held: its calls are possibly billed.

        Returns
        -------
        grant
            ``granted``; ``wait``: some of what is held may come back; ``reached``: none will.
        """
        with self._database.write() as connection:
            (execution_id,) = connection.execute(
                "SELECT execution_id FROM runs WHERE owner = ?", (owner,)
            ).fetchone()
            usd, tokens, held_usd, held_tokens = connection.execute(_TOTAL, (execution_id,)).fetchone()
            if limit.holds(Amount(usd=usd + held_usd, tokens=tokens + held_tokens) + amount):
                connection.execute(
                    "UPDATE runs SET at = ?, held = held + 1, held_usd = held_usd + ?,"
                    " held_tokens = held_tokens + ? WHERE owner = ?",
                    (self._now(), amount.usd, amount.tokens, owner),
                )
                return "granted"
            if not limit.holds(Amount(usd=usd, tokens=tokens) + amount):
                return "reached"
            holders = connection.execute(
                "SELECT owner, process, at FROM runs WHERE execution_id = ? AND held > 0", (execution_id,)
            ).fetchall()
            return "wait" if any(self._goes_on(connection, *holder) for holder in holders) else "reached"

    def settle(self, owner: str, spent: Amount, released: Amount = NOTHING, count: int = 0) -> None:
        """Write down what a run spent, and give back what it held for it.

        Parameters
        ----------
        released, count
            The sum of the reservations that end, and how many they are.
        """
        with self._database.write() as connection:
            self._settle(connection, owner, spent, released, count)

    def _settle(
        self, connection: sqlite3.Connection, owner: str, spent: Amount, released: Amount, count: int
    ) -> None:
        given_back = (count, released.usd, count, released.tokens, count)
        connection.execute(_SETTLE, (self._now(), spent.usd, spent.tokens, *given_back, owner))

    def spending(self, execution_id: str) -> tuple[Amount, Amount]:
        """Return what all runs of an execution have spent, and what they hold or died holding."""
        ((usd, tokens, held_usd, held_tokens),) = self._database.read(_TOTAL, (execution_id,))
        return Amount(usd=usd, tokens=tokens), Amount(usd=held_usd, tokens=held_tokens)
