"""Two promotions at once: on one journal one wins; of two machines each sees the other, or one is refused."""

from __future__ import annotations

import multiprocessing
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.promote.world import ARMS, BETTER, MemoryLog, MemoryRegistry, decided
from workbench.errors import PromotionError
from workbench.promote.history import Release, history
from workbench.promote.release import promote, rollback
from workbench.record.runs import Recorder
from workbench.store.journal import Journal

NAMES = ("few-shot", "many")
STUDY = "support-triage"
RUNS = {name: f"run of {name}" for name in NAMES}


def outcome(work: Callable[[], Release]) -> Release | PromotionError:
    """Return what a promotion gave, or how it was refused."""
    try:
        return work()
    except PromotionError as error:
        return error


class Turns:
    """Lets the steps of two threads through in a given order; who has ended is passed over."""

    def __init__(self, order: list[str]) -> None:
        self._order, self._changed, self._ended = order, threading.Condition(), set[str]()

    def _next(self) -> str | None:
        while self._order and self._order[0] in self._ended:
            self._order.pop(0)
        return self._order[0] if self._order else None

    def step(self, who: str) -> None:
        """Wait for one's turn and take it."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._next() in (who, None), timeout=60)
            if self._order:
                self._order.pop(0)
            self._changed.notify_all()

    def end(self, who: str) -> None:
        """Take no more turns."""
        with self._changed:
            self._ended.add(who)
            self._changed.notify_all()


class Machine:
    """A view of one registry by one machine, each step of which waits for its turn."""

    def __init__(self, shared: MemoryRegistry, who: str, turns: Turns) -> None:
        self._shared, self._who, self._turns = shared, who, turns

    def record_decision(self, *_: object, **__: object) -> str:
        """Record it under a name of its own."""
        self._turns.step(self._who)
        return RUNS[self._who]

    def __getattr__(self, name: str) -> Any:
        """Do what the registry does, in turn."""

        def stepped(*arguments: object) -> object:
            self._turns.step(self._who)
            return getattr(self._shared, name)(*arguments)

        return stepped


def race(
    order: list[str],
) -> tuple[MemoryRegistry, dict[str, MemoryLog], dict[str, Release | PromotionError]]:
    """Promote two arms from two machines, their steps in this order."""
    shared, turns = MemoryRegistry(), Turns(order)
    for name in NAMES:
        shared.register(STUDY, ARMS[name])
    logs, ended = {name: MemoryLog() for name in NAMES}, {}

    def work(name: str) -> None:
        machine = Machine(shared, name, turns)
        ended[name] = outcome(
            lambda: promote(decided({name: BETTER}), machine, logs[name], arm=ARMS[name], who=name)
        )
        turns.end(name)

    threads = [threading.Thread(target=work, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return shared, logs, ended


@pytest.mark.parametrize("seed", range(150))
def test_machines_see_each_other_in_whatever_order(seed: int) -> None:
    """Where both believe they won, both name the other; the one whose move stands was never refused."""
    order = [name for name in NAMES for _ in range(14)]
    random.Random(seed).shuffle(order)
    shared, logs, ended = race(order)
    versions = {name: shared.register(STUDY, ARMS[name]).version for name in NAMES}
    stands = next(name for name in NAMES if versions[name] == shared.get_alias(STUDY, "production"))
    other = next(name for name in NAMES if name != stands)
    assert isinstance(ended[stands], Release)
    if isinstance(ended[other], Release):
        assert ended[other].rivals == (RUNS[stands],)
        assert ended[stands].rivals == (RUNS[other],)
        assert RUNS[stands] == shared.tags[RUNS[other]]["workbench.alias_overtaken_by"]
        with pytest.raises(PromotionError, match=f"{RUNS[stands]} of another machine overtook"):
            rollback(STUDY, shared, logs[other])
        assert [move.action for move in history(logs[other]).moves] == ["promote", "lost"]
    else:
        assert shared.tags.get(RUNS[other], {}).get("workbench.alias_state") in (None, "refused", "lost")


def test_every_way_to_end_occurs() -> None:
    """Of those orders some end refused, some lost at once, some seen by both."""
    ways = set()
    for seed in range(150):
        order = [name for name in NAMES for _ in range(14)]
        random.Random(seed).shuffle(order)
        shared, _, ended = race(order)
        both = all(isinstance(each, Release) for each in ended.values())
        states = {tags.get("workbench.alias_state") for tags in shared.tags.values()}
        ways |= {"both"} if both else states - {"moved"}
    assert {"both", "refused", "lost"} <= ways


def test_one_after_the_other_is_refused_and_no_rival() -> None:
    """Without a race the second finds the alias moved, and nobody is called a rival."""
    _, logs, ended = race([NAMES[0]] * 20 + [NAMES[1]] * 20)
    first, second = (ended[name] for name in NAMES)
    assert isinstance(first, Release)
    assert first.rivals == ()
    assert isinstance(second, PromotionError)
    assert not logs[NAMES[1]].events()


def _promote(name: str, folder: Path, store: str, journal: str, ready: Any, said: Any) -> None:
    """Promote one arm as a process of its own."""
    recorder = Recorder(store, folder / "home")
    recorder.open()
    with Journal(folder / journal) as log:
        ready.wait(timeout=120)
        made = outcome(lambda: promote(decided({name: BETTER}), recorder, log, arm=ARMS[name], who=name))
    said.put((name, made.to_version if isinstance(made, Release) else str(made)))


def at_once(folder: Path, journals: tuple[str, str]) -> dict[str, int | str]:
    """Promote two arms from two processes with one real store; return a version or an error by arm."""
    context = multiprocessing.get_context("spawn")
    store = f"sqlite:///{folder}/mlflow.db"
    Recorder(store, folder / "home").open()
    ready, said = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_promote, args=(name, folder, store, journal, ready, said))
        for name, journal in zip(NAMES, journals, strict=True)
    ]
    for worker in workers:
        worker.start()
    found = dict(said.get(timeout=180) for _ in workers)
    for worker in workers:
        worker.join(timeout=60)
    return found


def test_two_processes_on_one_journal(tmp_path: Path) -> None:
    """Exactly one wins on a real store; the other is refused, and one move is written down."""
    found = at_once(tmp_path, ("journal.sqlite", "journal.sqlite"))
    (won,) = (version for version in found.values() if isinstance(version, int))
    (refused,) = (said for said in found.values() if isinstance(said, str))
    assert f"no version was seen, it points to version {won}" in refused
    assert (
        Recorder(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "home").get_alias(STUDY, "production") == won
    )
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [move.to_version for move in history(journal).moves] == [won]


def test_two_journals_on_one_store(tmp_path: Path) -> None:
    """On a real store the alias stands where a journal says it was moved; whoever lost is told or marked."""
    found = at_once(tmp_path, ("one.sqlite", "two.sqlite"))
    recorder = Recorder(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "home")
    stands = recorder.get_alias(STUDY, "production")
    moves = []
    for name in ("one.sqlite", "two.sqlite"):
        with Journal(tmp_path / name) as journal:
            moves += history(journal).moves
    won = [move for move in moves if move.action == "promote"]
    assert stands in [move.to_version for move in won]
    assert stands in found.values()
    assert len(won) == 1 or all(move.rivals for move in won)
