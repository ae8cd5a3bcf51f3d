"""What waits for a human: items that a guard held back, durable, decided once, and each with a deadline."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import pandas as pd

from workbench.core.records import Reply
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.store.codec import decode, encode
from workbench.store.schema import Database

__all__ = ["DECISIONS", "Decision", "Held", "HeldItems", "HeldQueue", "HeldState", "Side"]

Side = Literal["input", "output"]
"""Which side of a model a text is on: what it is asked, or what it answers."""

Decision = Literal["approved", "edited", "rejected"]
HeldState = Literal["held", "approved", "edited", "rejected", "timed out"]

DECISIONS: tuple[str, ...] = get_args(Decision)
"""What a human may say of an item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One item that a guard held back.

    Parameters
    ----------
    item
        Its number.
    call, side, guard
        Key of the call it belongs to, the text's side, and the name of the classifier.
    category, score
        What was found.
    asked
        The last message of the request, for who decides.
    text
        What is held; once edited, what a human made of it.
    reply
        The whole reply; None on the input side.
    at, deadline
        Seconds since the epoch. From the deadline on nobody can decide it any more.
    state
        ``held`` until a human or the deadline decides.
    decided_at, decided_by, note
        When, by whom and why; None while held, the latter two also where it timed out.
    given_at
        When the asker was first told; None: not yet, or the asker has gone.
    """

    item: int
    call: str
    side: Side
    guard: str
    category: str
    score: float
    asked: str
    text: str
    reply: Reply | None
    at: float
    deadline: float
    state: HeldState
    decided_at: float | None = None
    decided_by: str | None = None
    note: str | None = None
    given_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HeldItems(Shown):
    """Items of the queue, oldest first."""

    items: tuple[Held, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row an item; times are UTC."""
        return pd.DataFrame(
            {
                "item": [held.item for held in self.items],
                "state": [held.state for held in self.items],
                "side": [held.side for held in self.items],
                "found": [held.category for held in self.items],
                "asked": [held.asked for held in self.items],
                "text": [held.text for held in self.items],
                "held_at": _times([held.at for held in self.items]),
                "deadline": _times([held.deadline for held in self.items]),
                "by": [held.decided_by for held in self.items],
                "note": [held.note for held in self.items],
            }
        )

    @property
    def summary(self) -> str:
        """How many wait, and how many were decided how."""
        if not self.items:
            return "nothing is held"
        states = [held.state for held in self.items]
        return ", ".join(f"{states.count(word)} {word}" for word in get_args(HeldState) if word in states)


class HeldQueue:
    """The queue of held items in the journal; many threads and processes may share it.

    Each method is one transaction, and what it wrote survives the death of the process. An item is decided
    once: by a human, or by its deadline, which holds whether or not anybody looks at the clock. Texts are
    kept without secrets, as everything in the journal.

    Parameters
    ----------
    database, now
        The journal's own.

    Raises
    ------
    StoreError
        Where the journal cannot be read or written.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def hold(
        self,
        call: str,
        *,
        side: Side,
        guard: str,
        category: str,
        score: float,
        asked: str,
        text: str,
        deadline_s: float,
        reply: Reply | None = None,
    ) -> Held:
        """Hold a text back until somebody decides; parameters as of `Held`.

        Where the call has an item that no asker was told of (its process died), that one is returned as it
        is, and nothing is added.

        Parameters
        ----------
        deadline_s
            Seconds from now, above 0.
        """
        now = self._now()
        body = None if reply is None else encode(reply)
        values = (call, side, guard, category, score, redact(asked), redact(text), body, now)
        with self._database.write() as connection:
            _expire(connection, now)
            found = _waiting(connection, call, side, guard)
            if found is not None:
                return found
            row = connection.execute(
                "INSERT INTO held"
                " (call, side, guard, category, score, asked, text, reply, at, deadline, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'held')",
                (*values, now + deadline_s),
            )
            return _one(connection, int(row.lastrowid or 0))

    def waiting(self, call: str, side: Side, guard: str) -> Held | None:
        """Return the item of a call that no asker was told of, and that did not time out; None: no such."""
        with self._database.write() as connection:
            _expire(connection, self._now())
            return _waiting(connection, call, side, guard)

    def decide(
        self, item: int, decision: Decision, *, by: str, text: str | None = None, note: str = ""
    ) -> Held:
        """Decide an item, once.

        Parameters
        ----------
        item
            Its number.
        decision
            ``approved``: the text is given as it is. ``edited``: `text` is given in its place. ``rejected``:
            the stated fallback answer is.
        by
            The role that decides, or who.
        text
            Only where edited: what is given.
        note
            Why.

        Raises
        ------
        InputError
            Where it is decided already, its deadline is over, there is no such item, nobody stands behind the
            decision, or text is given and the decision is another than ``edited`` (or the other way round).
        """
        if decision not in DECISIONS or (decision == "edited") != bool(text and text.strip()):
            problem = f"{decision!r} with {'a' if text else 'no'} text"
            raise InputError(f"held item {item}", problem, "Approve, reject, or edit and give the text.")
        if not by.strip():
            raise InputError(f"held item {item}", "nobody stands behind the decision", "Say by whom it is.")
        now = self._now()
        with self._database.write() as connection:
            _expire(connection, now)
            before = _one(connection, item)
            if before.state == "held":
                connection.execute(
                    "UPDATE held SET state = ?, decided_at = ?, decided_by = ?, note = ?,"
                    " text = coalesce(?, text) WHERE item = ?",
                    (decision, now, redact(by), redact(note), None if text is None else redact(text), item),
                )
                return _one(connection, item)
        # Outside of the transaction: that the item timed out is kept.
        who = f" by {before.decided_by}" if before.decided_by else ""
        raise InputError(
            f"held item {item}", f"it is {before.state}{who} already", "List what is still held."
        )

    def give(self, item: int) -> Held:
        """Return how an item stands, and note that its asker was told, unless it is still held."""
        now = self._now()
        with self._database.write() as connection:
            _expire(connection, now)
            connection.execute(
                "UPDATE held SET given_at = ? WHERE item = ? AND state != 'held' AND given_at IS NULL",
                (now, item),
            )
            return _one(connection, item)

    def get(self, item: int) -> Held:
        """Return how an item stands.

        Raises
        ------
        InputError
            Where there is no such item.
        """
        with self._database.write() as connection:
            _expire(connection, self._now())
            return _one(connection, item)

    def items(self, *states: HeldState) -> HeldItems:
        """Return the items in one of these states (none given: all), oldest first."""
        with self._database.write() as connection:
            _expire(connection, self._now())
        rows = self._database.read("SELECT * FROM held ORDER BY item")
        held = (_held(row) for row in rows)
        return HeldItems(items=tuple(row for row in held if not states or row.state in states))


def _expire(connection: sqlite3.Connection, now: float) -> None:
    connection.execute(
        "UPDATE held SET state = 'timed out', decided_at = deadline WHERE state = 'held' AND deadline <= ?",
        (now,),
    )


def _waiting(connection: sqlite3.Connection, call: str, side: Side, guard: str) -> Held | None:
    row = connection.execute(
        "SELECT * FROM held WHERE call = ? AND side = ? AND guard = ?"
        " AND given_at IS NULL AND state != 'timed out'",
        (call, side, guard),
    ).fetchone()
    return None if row is None else _held(row)


def _one(connection: sqlite3.Connection, item: int) -> Held:
    row = connection.execute("SELECT * FROM held WHERE item = ?", (item,)).fetchone()
    if row is None:
        raise InputError(f"held item {item}", "there is none of that number", "List what is held.")
    return _held(row)


def _held(row: tuple[Any, ...]) -> Held:
    # The record's fields stand in the order of the table's columns.
    values = dict(zip((field.name for field in fields(Held)), row, strict=True))
    values["reply"] = None if values["reply"] is None else decode(Reply, values["reply"])
    return Held(**values)


def _times(at: list[float]) -> pd.Series[pd.Timestamp]:
    return pd.to_datetime(pd.Series(at, dtype=float), unit="s", utc=True).dt.floor("s")
