"""Approvals: counted by role, for one decision, and written down with the promotion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.promote.world import ARMS, BETTER, UNCLEAR, MemoryLog, MemoryRegistry, decided
from workbench.errors import PromotionError
from workbench.plan.gate import Gate
from workbench.promote.approval import approvals, approve
from workbench.promote.history import history
from workbench.promote.release import promote
from workbench.store.journal import Journal

TWO = Gate(approvals=2)
FEW = ARMS["few-shot"]


def test_a_gate_that_asks_for_two_refuses_one() -> None:
    """The same role twice is one; with the second role it is promoted, and both are written down."""
    registry, log = MemoryRegistry(), MemoryLog()
    decision = decided({"few-shot": BETTER}, gate=TWO)
    approve(decision, log, by="product owner")
    approve(decision, log, by=" product owner ", note="read 20 flips")
    with pytest.raises(PromotionError, match="1 of 2 approvals"):
        promote(decision, registry, log, arm=FEW)
    assert not registry.done
    approve(decision, log, by="on call")
    release = promote(decision, registry, log, arm=FEW)
    assert release.approvals == ("product owner: read 20 flips", "on call")
    assert "approvals.json" in registry.decisions[0]["files"]
    assert "Approved by product owner: read 20 flips; on call." in release.summary
    assert history(log).frame["approvals"].tolist() == ["product owner: read 20 flips; on call"]


def test_without_being_asked_for_they_are_written_down_too() -> None:
    """A gate that asks for none promotes with one as well."""
    log = MemoryLog()
    decision = decided({"few-shot": BETTER})
    approve(decision, log, by="legal")
    assert promote(decision, MemoryRegistry(), log, arm=FEW).approvals == ("legal",)


def test_an_approval_is_of_one_decision() -> None:
    """Other figures are another decision, which nobody approved."""
    log = MemoryLog()
    approve(decided({"few-shot": BETTER}), log, by="legal")
    assert not approvals(decided({"few-shot": BETTER | {"difference": 0.11}}), log)


def test_nothing_to_approve_and_nobody_who_does() -> None:
    """Only a decision to promote, and only by somebody."""
    log = MemoryLog()
    with pytest.raises(PromotionError, match="Only a decision to promote"):
        approve(decided({"few-shot": UNCLEAR}), log, by="legal")
    with pytest.raises(PromotionError, match="nobody is named"):
        approve(decided({"few-shot": BETTER}), log, by="  ")
    assert not log.events()


def test_the_journal_keeps_them(tmp_path: Path) -> None:
    """An approval comes back equal, with its time, and shows itself."""
    decision = decided({"few-shot": BETTER})
    with Journal(tmp_path / "journal.sqlite", now=lambda: 1_700_000_000.0) as journal:
        given = approve(decision, journal, by="legal", note="<b>fine</b>")
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert approvals(decision, journal) == (given,)
        payload = journal.events("approval")[0].payload
    assert json.dumps(dict(payload))
    assert "approved by legal" in str(given)
    assert "<b>" not in given._repr_html_()
