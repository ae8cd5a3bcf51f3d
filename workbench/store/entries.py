"""The small records that only the journal speaks in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workbench.core.records import Request

__all__ = [
    "NOTHING",
    "Amount",
    "Cell",
    "CellClaim",
    "Claim",
    "Doubt",
    "Event",
    "Execution",
    "Grant",
    "Limit",
    "Outgoing",
]

Claim = Literal["new", "in_doubt", "done", "busy", "left"]
"""What `Journal.begin` found: nobody asked before; somebody did and never finished (possibly billed); it is
already answered; another one is asking, or making the cell's row, right now; the cell was that of a run which
is gone (look whether its row is there, and begin again). Only after the first two may the call be sent."""

Cell = tuple[str, str]
"""A cell of a study's grid: the execution's id and the trial's."""

CellClaim = Literal["mine", "busy", "left"]
"""What `Journal.claim_cell` found; see there."""

Grant = Literal["granted", "wait", "reached"]
"""What `Journal.reserve` found; see there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount of USD and of tokens (input and output together)."""

    usd: float = 0.0
    tokens: int = 0

    def __add__(self, other: Amount) -> Amount:
        """Add both."""
        return Amount(usd=self.usd + other.usd, tokens=self.tokens + other.tokens)

    def __sub__(self, other: Amount) -> Amount:
        """Subtract both."""
        return Amount(usd=self.usd - other.usd, tokens=self.tokens - other.tokens)


NOTHING = Amount()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that may be spent; None: no limit."""

    usd: float | None = None
    tokens: int | None = None

    def holds(self, amount: Amount) -> bool:
        """Return whether an amount stays within it."""
        return (self.usd is None or amount.usd <= self.usd) and (
            self.tokens is None or amount.tokens <= self.tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A call that was begun and never finished by a process that is gone: possibly billed.

    Parameters
    ----------
    key, owner
        Of the call; who began it.
    intent_at
        Seconds since the epoch.
    request
        What was asked.
    """

    key: str
    owner: str
    intent_at: float
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One execution of a plan.

    Parameters
    ----------
    plan
        The plan as plain JSON, as its maker wrote it down.
    created_at
        Seconds since the epoch.
    status
        running, done, stopped, …: a word of the one who runs it.
    """

    execution_id: str
    study: str
    plan: Mapping[str, Any]
    created_at: float
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One row of the outbox.

    Parameters
    ----------
    seq
        Its number, ascending; what `Journal.delivered` takes.
    kind
        ``trial`` (a trial with its scores) or ``scores`` (scores added later to a trial).
    ref
        The trial's id.
    """

    seq: int
    execution_id: str
    kind: str
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened once: a promotion, a rollback.

    Parameters
    ----------
    at
        Seconds since the epoch.
    """

    seq: int
    kind: str
    at: float
    payload: Mapping[str, Any]
