"""The release: recorded first, moved once, refused without ground, rolled back as it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.promote.world import ARMS, BETTER, UNCLEAR, WORSE, MemoryLog, MemoryRegistry, StoredEvent, decided
from workbench.errors import PromotionError
from workbench.plan.grid import Arm
from workbench.promote.history import history
from workbench.promote.release import promote, rollback
from workbench.store.journal import Journal

FEW, MANY = ARMS["few-shot"], ARMS["many"]


def test_the_decision_is_recorded_before_the_alias_moves() -> None:
    """First the decision run, then the alias, then the event with who, when, from, to, why and evidence."""
    registry, log = MemoryRegistry(), MemoryLog()
    release = promote(decided({"few-shot": BETTER}), registry, log, arm=FEW, who="Kim", html="<p>")
    assert registry.done == ["decision promote", "alias 1"]
    assert registry.decisions[0]["files"] == ["arms.csv", "differences.csv"]
    assert registry.decisions[0]["html"] == "<p>"
    payload = log.events()[0].payload
    assert payload["who"] == "Kim"
    assert (payload["from_version"], payload["to_version"]) == (None, 1)
    assert payload["evidence"] == "run-1"
    assert payload["why"].startswith("promote few-shot@offline/minilm: +12.1 points")
    assert history(log).moves == (release,)
    assert "from nothing to version 1" in release.summary


@pytest.mark.parametrize("row", [UNCLEAR, WORSE])
def test_without_the_verdict_it_is_refused(row: dict[str, object]) -> None:
    """Keep and not enough evidence move nothing, and record nothing."""
    registry, log = MemoryRegistry(), MemoryLog()
    with pytest.raises(PromotionError, match="Only a decision to promote"):
        promote(decided({"few-shot": row}), registry, log, arm=FEW)
    assert not registry.done
    assert not log.events()


def test_another_arm_is_refused() -> None:
    """Neither another arm nor a changed text of the same name passes for the one decided upon."""
    decision = decided({"few-shot": BETTER})
    with pytest.raises(PromotionError, match="not for 'many@offline/minilm'"):
        promote(decision, MemoryRegistry(), MemoryLog(), arm=MANY)
    changed = Arm(variant=FEW.variant.replace(template="Something else.\n\n{{text}}"), model=FEW.model)
    with pytest.raises(PromotionError, match="not the text that was compared"):
        promote(decision, MemoryRegistry(), MemoryLog(), arm=changed)


def test_an_alias_that_moved_is_refused() -> None:
    """Where the alias points elsewhere than when it was decided, nothing is recorded or moved."""
    registry, log = MemoryRegistry(), MemoryLog()
    registry.aliases["support-triage", "production"] = 7
    with pytest.raises(PromotionError, match="no version was seen, it points to version 7"):
        promote(decided({"few-shot": BETTER}), registry, log, arm=FEW)
    assert not registry.done


def test_an_alias_that_moves_while_recording_is_refused() -> None:
    """A move between recording and setting the alias is seen as well."""

    class Rival(MemoryRegistry):
        def record_decision(self, *args: object, **names: object) -> str:
            self.aliases["support-triage", "production"] = 9
            return "run"

    registry, log = Rival(), MemoryLog()
    with pytest.raises(PromotionError, match="version 9"):
        promote(decided({"few-shot": BETTER}), registry, log, arm=FEW)
    assert not registry.done
    assert not log.events()


def test_promoting_again_changes_nothing() -> None:
    """The same cell run twice is one promotion."""
    registry, log = MemoryRegistry(), MemoryLog()
    decision = decided({"few-shot": BETTER})
    first = promote(decision, registry, log, arm=FEW)
    assert promote(decision, registry, log, arm=FEW) == first
    assert len(log.events()) == 1


def test_a_process_that_died_after_the_move_is_made_up_for() -> None:
    """The alias is there and the journal knows nothing: the same decision again writes the move down."""

    class Dying(MemoryLog):
        def add_event(self, kind: str, payload: Mapping[str, Any]) -> StoredEvent:
            raise KeyboardInterrupt

    registry, log, decision = MemoryRegistry(), MemoryLog(), decided({"few-shot": BETTER})
    with pytest.raises(KeyboardInterrupt):
        promote(decision, registry, Dying(), arm=FEW, incumbent=ARMS["terse"])
    assert registry.get_alias("support-triage", "production") is not None
    release = promote(decision, registry, log, arm=FEW, incumbent=ARMS["terse"])
    assert release.from_version is None
    assert release.rivals == ()
    assert history(log).moves == (release,)
    assert rollback("support-triage", registry, log).arm == ARMS["terse"].name


def test_rollback_goes_back_step_by_step() -> None:
    """Two promotions, two rollbacks: back to the first, then to the incumbent; then nothing is left."""
    registry, log = MemoryRegistry(), MemoryLog()
    promote(decided({"few-shot": BETTER}), registry, log, arm=FEW, incumbent=ARMS["terse"])
    promote(decided({"many": BETTER}, alias_version=1), registry, log, arm=MANY, incumbent=ARMS["terse"])
    first = rollback("support-triage", registry, log, why="complaints")
    assert (first.from_version, first.to_version, first.arm) == (3, 1, FEW.name)
    assert registry.done[-2:] == ["decision rollback", "alias 1"]
    second = rollback("support-triage", registry, log)
    assert (second.to_version, second.arm) == (2, ARMS["terse"].name)
    with pytest.raises(PromotionError, match="no earlier version"):
        rollback("support-triage", registry, log)
    assert [move.action for move in history(log).moves] == ["promote", "promote", "rollback", "rollback"]
    assert "complaints" in str(history(log))
    assert history(log).frame["to"].tolist() == [1, 3, 1, 2]


def test_rollback_without_history_is_refused() -> None:
    """Nothing was promoted, or nothing was in place before: there is nowhere to go back to."""
    registry, log = MemoryRegistry(), MemoryLog()
    with pytest.raises(PromotionError, match="no earlier version"):
        rollback("support-triage", registry, log)
    promote(decided({"few-shot": BETTER}), registry, log, arm=FEW)
    with pytest.raises(PromotionError, match="no earlier version"):
        rollback("support-triage", registry, log)
    assert "ever moved" in history(log, study="another").summary


def test_rollback_of_a_foreign_move_is_refused() -> None:
    """An alias that something else moved is not rolled back blindly."""
    registry, log = MemoryRegistry(), MemoryLog()
    promote(decided({"few-shot": BETTER}), registry, log, arm=FEW, incumbent=ARMS["terse"])
    registry.aliases["support-triage", "production"] = 5
    with pytest.raises(PromotionError, match="it points to version 5"):
        rollback("support-triage", registry, log)


def test_the_journal_keeps_the_history(tmp_path: Path) -> None:
    """A release written to the SQLite journal comes back equal, by another process's journal too."""
    registry, path = MemoryRegistry(), tmp_path / "journal.db"
    with Journal(path, now=lambda: 1_700_000_000.0) as journal:
        release = promote(decided({"few-shot": BETTER}), registry, journal, arm=FEW, who="Kim")
    with Journal(path) as journal:
        assert history(journal, "support-triage", "production").moves == (release,)
    assert release.at == 1_700_000_000.0
    assert str(release.frame["when"].iloc[0]) == "2023-11-14 22:13:20+00:00"


def test_aliases_do_not_mix() -> None:
    """Staging and production have histories of their own."""
    registry, log = MemoryRegistry(), MemoryLog()
    staged = replace(decided({"few-shot": BETTER}), alias="staging")
    promote(staged, registry, log, arm=FEW)
    assert not history(log, alias="production").moves
    assert len(history(log, alias="staging").moves) == 1
