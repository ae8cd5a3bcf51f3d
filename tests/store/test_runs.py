"""Tests of runs in the journal: who goes on, whose a cell is, what is spent and held."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import sink
from tests.store.test_journal import REPLY, REQUEST, Now
from workbench.core.records import Usage
from workbench.store.entries import Amount, Limit
from workbench.store.journal import Journal
from workbench.store.runs import LEASE_S
from workbench.store.schema import MIGRATIONS

CELL = ("e1", "t1")


@pytest.fixture
def now() -> Now:
    """A clock at 1e9."""
    return Now()


@pytest.fixture
def journal(tmp_path: Path, now: Now) -> Iterator[Journal]:
    """A journal with two runs of one execution, a and b."""
    with Journal(tmp_path / "journal.sqlite", now=now) as journal:
        journal.begin_run("a", "e1")
        journal.begin_run("b", "e1")
        yield journal


def test_a_cell_is_one_runs(journal: Journal) -> None:
    """The first run has it until it ends; then the next one inherits it, once."""
    assert journal.claim_cell(CELL, "a") == "mine"
    assert journal.claim_cell(CELL, "a") == "mine"
    assert journal.claim_cell(CELL, "b") == "busy"
    assert journal.claim_cell(("e2", "t1"), "b") == "mine"
    journal.end_run("a")
    assert journal.claim_cell(CELL, "b") == "left"
    assert journal.claim_cell(CELL, "b") == "mine"


def test_a_silent_run_is_gone_after_the_lease(journal: Journal, now: Now) -> None:
    """A run that gives no sign for the lease loses its cells; what it spends or reserves is a sign."""
    journal.claim_cell(CELL, "a")
    now.at += LEASE_S
    journal.settle("a", Amount(usd=1.0))
    now.at += LEASE_S
    assert journal.claim_cell(CELL, "b") == "busy"
    now.at += 1
    assert journal.claim_cell(CELL, "b") == "left"


def test_begin_claims_the_cell_too(journal: Journal) -> None:
    """A call is not begun for a cell that another run has; its key stays free."""
    journal.claim_cell(CELL, "a")
    assert journal.begin("k", REQUEST, "b", cell=CELL) == "busy"
    journal.end_run("a")
    assert journal.begin("k", REQUEST, "b", cell=CELL) == "left"
    assert journal.begin("k", REQUEST, "b", cell=CELL) == "new"


def test_an_ended_runs_call_is_in_doubt_at_once(journal: Journal) -> None:
    """What a run left open is in doubt when it has ended, though its process lives."""
    journal.begin("k", REQUEST, "a", cell=CELL)
    assert journal.in_doubt() == []
    journal.end_run("a")
    assert [doubt.key for doubt in journal.in_doubt()] == ["k"]
    assert journal.begin("k", REQUEST, "b") == "in_doubt"


def test_an_abandoned_call_is_in_doubt(journal: Journal) -> None:
    """A call given up while it was under way may have been billed; only its owner can give it up."""
    journal.begin("k", REQUEST, "a")
    journal.abandon("k", "b")
    assert journal.in_doubt() == []
    journal.abandon("k", "a")
    assert [doubt.key for doubt in journal.in_doubt()] == ["k"]
    assert journal.begin("k", REQUEST, "a") == "in_doubt"
    assert journal.doubts("k") == 1
    journal.finish("k", REPLY, "a")
    assert journal.in_doubt() == []
    assert journal.doubts("k") == 1


def test_money_is_one_ledger(journal: Journal) -> None:
    """Two runs reserve from one limit; what is settled is free again; the dead keep what they held."""
    limit, each = Limit(usd=1.0, tokens=100), Amount(usd=0.4, tokens=10)
    assert journal.reserve("a", each, limit) == "granted"
    assert journal.reserve("b", each, limit) == "granted"
    assert journal.reserve("b", each, limit) == "wait"
    journal.finish("k", REPLY, "a", spent=Amount(usd=0.1, tokens=5), released=each, count=1)
    assert journal.spending("e1") == (Amount(usd=0.1, tokens=5), each)
    assert journal.reserve("a", each, limit) == "granted"
    journal.end_run("b")
    journal.settle("a", Amount(usd=0.2), each, 1)
    assert journal.reserve("a", each, limit) == "reached"
    assert journal.reserve("a", Amount(tokens=86), limit) == "reached"
    assert journal.reserve("a", Amount(tokens=85), limit) == "granted"
    assert journal.spending("e2") == (Amount(), Amount())


def test_an_older_journal_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file of the first schema keeps its rows, and what its executions have spent counts."""
    raw = sqlite3.connect(tmp_path / "j")
    raw.executescript(f"{MIGRATIONS[0]} PRAGMA application_id={0x77626A31}; PRAGMA user_version=1;")
    raw.close()
    usage = Usage(tokens_in_uncached=100, tokens_in_cached=20, tokens_out=3)
    with Journal(tmp_path / "new") as source:
        source.put(sink.trial("t1", usage=usage, cost_usd=0.5), [])
        source.put(sink.trial("t2", usage=usage, cost_usd=0.25), [])
        source.put(sink.trial("t3", usage=usage, cost_usd=0.5, source="journal"), [])
    raw = sqlite3.connect(tmp_path / "j")
    raw.execute("ATTACH ? AS source", (str(tmp_path / "new"),))
    raw.execute("INSERT INTO trials SELECT * FROM source.trials")
    raw.commit()
    raw.close()
    with Journal(tmp_path / "j") as journal:
        assert len(journal.trials("e1")) == 3
        assert journal.spending("e1") == (Amount(usd=0.75, tokens=246), Amount())
