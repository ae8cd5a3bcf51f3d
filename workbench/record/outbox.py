"""Delivery: what the journal's outbox holds becomes traces, in batches, as often as it takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from workbench.core.records import Score, Trial
from workbench.record.select import select

__all__ = ["Delivery", "Outbox", "Row", "Traces", "deliver", "pending_rows"]

BATCH = 1_000
PAGE = 10_000


class Row(Protocol):
    """A row of the outbox: its number, and the trial that landed or was scored."""

    @property
    def seq(self) -> int:
        """Its number."""
        ...

    @property
    def ref(self) -> str:
        """The trial's id."""
        ...


class Outbox(Protocol):
    """What delivery needs of a journal."""

    def trials(self, execution_id: str, /) -> list[Trial]:
        """Return the finished trials."""
        ...

    def scores(self, execution_id: str, /) -> list[Score]:
        """Return their scores."""
        ...

    def pending(self, execution_id: str, /, limit: int) -> Sequence[Row]:
        """Return the first rows not yet delivered."""
        ...

    def delivered(self, seqs: Iterable[int], /) -> None:
        """Mark rows as delivered."""
        ...


class Traces(Protocol):
    """What delivery needs of a recorder."""

    def add_traces(self, trials: Sequence[Trial], scores: Iterable[Score]) -> int:
        """Write trials as traces; may be repeated."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a delivery did.

    Parameters
    ----------
    rows
        Rows of the outbox that are now delivered.
    traces
        Traces that were new or changed.
    words
        Which trials become traces, in a line.
    """

    rows: int
    traces: int
    words: str


def deliver(
    journal: Outbox, execution_id: str, recorder: Traces, *, incumbent: str | None = None, batch: int = BATCH
) -> Delivery:
    """Write what the outbox holds of an execution as traces, and mark it as delivered.

    A batch is marked only after MLflow has it: a process killed between the two sends it again, which changes
    nothing. Trials that are not among the chosen ones (see `select`) are marked without being sent. Rows wait
    in the journal, on disk, until the store has taken those before them: however slow it is, nothing piles up
    in memory and nothing is dropped. What lands meanwhile is left to the next delivery.

    Parameters
    ----------
    incumbent
        The arm against which flips are chosen in a large execution; None: none are added.
    batch
        Rows of the outbox at a time, at least 1.

    Raises
    ------
    RecordError
        Where the store fails; what was delivered so far stays so.
    """
    rows = pending_rows(journal, execution_id)  # before the trials: each of these rows has its trial then
    trials, scores = journal.trials(execution_id), journal.scores(execution_id)
    chosen = select(trials, scores, incumbent)
    by_id = {trial.trial_id: trial for trial in chosen}
    traces = 0
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        wanted = dict.fromkeys(row.ref for row in part)
        traces += recorder.add_traces([by_id[name] for name in wanted if name in by_id], scores)
        journal.delivered([row.seq for row in part])
    return Delivery(rows=len(rows), traces=traces, words=chosen.words)


def pending_rows(journal: Outbox, execution_id: str) -> list[Row]:
    """Return all rows of an execution not yet delivered, oldest first."""
    rows: list[Row] = []
    while more := journal.pending(execution_id, limit=len(rows) + PAGE)[len(rows) :]:
        rows += more
    return rows
