"""The places a release writes to: the tests' own, the journal and the recorder keep the same promises."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import event_log, registry
from tests.promote.world import ARMS, MemoryLog, MemoryRegistry
from workbench.record.runs import Recorder
from workbench.store.journal import Journal


def test_the_tests_own_places_conform() -> None:
    """What the other tests here use behaves as the real ones do."""
    event_log.check(MemoryLog())
    registry.check(MemoryRegistry(), ARMS["terse"], ARMS["many"])


def test_the_journal_is_an_event_log(tmp_path: Path) -> None:
    """The SQLite journal keeps events as promised."""
    with Journal(tmp_path / "journal.db") as journal:
        event_log.check(journal)


def test_the_recorder_is_a_registry(tmp_path: Path) -> None:
    """The MLflow recorder keeps prompts, aliases and decisions as promised."""
    registry.check(Recorder(f"sqlite:///{tmp_path}/mlflow.db", tmp_path), ARMS["terse"], ARMS["many"])
