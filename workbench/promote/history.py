"""The moves of an alias: each a value that shows itself, all of them a history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from workbench.core.show import Shown
from workbench.promote.places import Event, EventLog

__all__ = ["EVENT_KIND", "History", "Release", "history"]

EVENT_KIND = "alias"
"""Under this kind the journal keeps every move of an alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Shown):
    """One move of an alias.

    Parameters
    ----------
    action
        Forward by a decision, or back; or lost: another machine moved the alias at the same time, and its
        move stands.
    study, prompt, alias
        What was moved.
    from_version, to_version
        From where (None: the alias was new) to where.
    back_to, back_to_arm
        Where a rollback leads: `from_version`, or the incumbent where the alias was new; None: nowhere.
    arm
        What `to_version` is, as ``variant@model``; empty where the journal does not know.
    who, why
        Who moved it (``unknown`` where the system does not say), and the reason given.
    evidence
        The id of the run that records it.
    execution_id
        The execution decided upon; empty for a rollback.
    approvals
        Who approved of it, with their notes.
    rivals
        Runs of other machines that moved the alias at the same time.
    at
        Seconds since the epoch.
    """

    action: Literal["promote", "rollback", "lost"]
    study: str
    prompt: str
    alias: str
    from_version: int | None
    to_version: int
    arm: str
    who: str
    why: str
    evidence: str
    execution_id: str = ""
    back_to: int | None = None
    back_to_arm: str = ""
    approvals: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    at: float = 0.0

    @property
    def frame(self) -> pd.DataFrame:
        """One row."""
        return History(moves=(self,)).frame

    @property
    def summary(self) -> str:
        """What was moved where, by whom, why, and where it is recorded."""
        agreed = f" Approved by {'; '.join(self.approvals)}." if self.approvals else ""
        beside = f" At the same time as run {', '.join(self.rivals)}." if self.rivals else ""
        before = "nothing" if self.from_version is None else f"version {self.from_version}"
        return (
            f"{self.action}: {self.prompt}@{self.alias} from {before} to version {self.to_version}"
            f"{f' ({self.arm})' if self.arm else ''}, by {self.who}: {self.why}."
            f" Recorded in run {self.evidence}.{agreed}{beside}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Shown):
    """The moves of aliases, oldest first."""

    moves: tuple[Release, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a move: when (UTC), action, prompt, alias, from, to, arm, who, why, evidence, approvals."""
        rows = [
            [
                pd.Timestamp(move.at, unit="s", tz="UTC").floor("s"),
                move.action,
                move.prompt,
                move.alias,
                move.from_version,
                move.to_version,
                move.arm,
                move.who,
                move.why,
                move.evidence,
                "; ".join(move.approvals),
            ]
            for move in self.moves
        ]
        columns = ["when", "action", "prompt", "alias", "from", "to", "arm", "who", "why", "evidence"]
        columns.append("approvals")
        return pd.DataFrame(rows, columns=columns).astype({"from": "Int64", "to": "Int64"})

    @property
    def summary(self) -> str:
        """How many moves, and the last."""
        if not self.moves:
            return "No alias was ever moved here."
        return f"{len(self.moves)} moves; the last: {self.moves[-1].summary}"


def history(journal: EventLog, study: str | None = None, alias: str | None = None) -> History:
    """Return the moves of aliases that a journal knows.

    Parameters
    ----------
    study, alias
        Only theirs; None: all.
    """
    moves = [_release(event) for event in journal.events(EVENT_KIND)]
    return History(
        moves=tuple(
            move
            for move in moves
            if (study is None or move.study == study) and (alias is None or move.alias == alias)
        )
    )


def _release(event: Event) -> Release:
    """Return the move an event tells of; JSON knows no tuples."""
    lists = {name: tuple(event.payload.get(name, ())) for name in ("approvals", "rivals")}
    return Release(**(dict(event.payload) | lists | {"at": event.at}))
