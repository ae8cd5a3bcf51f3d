"""The store of the semantic cache: entries, replies, decisions; exact, in order, without secrets."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from tests.store.strategies import replies, words
from workbench.core.records import Reply
from workbench.errors import StoreError
from workbench.store.answers import DECISION_COLUMNS, Answers
from workbench.store.journal import Journal
from workbench.store.turn import Turn

REPLY = Reply(text="delivery", model_served="m")
VECTOR = np.array([0.6, 0.8], dtype=np.float32)


def enter(
    answers: Answers, text: str, *, at: float = 0.0, partition: str = "p", reply: Reply = REPLY, **room: Any
) -> int:
    """Enter a text as a landing, and return its number."""
    with answers.turn(at, "{}") as turn:
        if room:
            turn.make_room(**room)
        number = turn.text("e", text, VECTOR)
        turn.enter(partition, number, turn.seq, "call", reply)
        turn.log("landing", partition=partition, text=number)
        return turn.seq


def names(answers: Answers) -> list[str]:
    """Return the texts of the entries, oldest first."""
    return [text for _, text in answers.entries()]


@settings(deadline=None, max_examples=60)
@given(text=words, reply=replies)
def test_what_enters_comes_back(text: str, reply: Reply, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Text, vector and reply come back exactly, also from a file that was closed."""
    path = tmp_path_factory.mktemp("answers") / "a.db"
    with Answers(path) as answers:
        number = enter(answers, text, reply=reply)
    with Answers(path) as answers, answers.turn(1.0, "{}") as turn:
        same = turn.same("p", turn.text("e", text, VECTOR))
        assert same is not None
        assert (same.id, same.text, same.source) == (number, text, number)
        assert turn.reply(same.source) == (reply, "call")
        ((found, vector),) = turn.vectors("p")
        assert found == number
        assert vector.tobytes() == VECTOR.tobytes()


def test_another_partition_or_embedder_has_nothing(tmp_path: Path) -> None:
    """Neither the same text nor a vector is found across them."""
    with Answers(tmp_path / "a.db") as answers:
        enter(answers, "a")
        assert answers.vector("e", "a") is not None
        assert answers.vector("other", "a") is None
        with answers.turn(1.0, "{}") as turn:
            assert turn.same("q", turn.text("e", "a", VECTOR)) is None
            assert turn.same("p", turn.text("other", "a", VECTOR)) is None
            assert turn.vectors("q") == []


def test_a_text_is_entered_once_a_partition(tmp_path: Path) -> None:
    """The second entry of a text is refused by the file itself, and the whole decision is undone."""
    with Answers(tmp_path / "a.db") as answers:
        enter(answers, "a")
        with pytest.raises(StoreError):
            enter(answers, "a")
        enter(answers, "a", partition="q")
        assert answers.entries() == [("p", "a"), ("q", "a")]
        assert len(answers.decisions()) == 2


def spoil(answers: Answers) -> None:
    """Make a decision that fails at its end."""
    with answers.turn(0.0, "{}") as turn:
        turn.enter("p", turn.text("e", "a", VECTOR), turn.seq, "call", REPLY)
        turn.log("landing")
        raise ZeroDivisionError


def test_an_exception_undoes_the_decision(tmp_path: Path) -> None:
    """Nothing of it is left, and the next one takes its number."""
    with Answers(tmp_path / "a.db") as answers:
        with pytest.raises(ZeroDivisionError):
            spoil(answers)
        assert answers.entries() == []
        assert answers.decisions() == []
        assert enter(answers, "b") == 1


def use(turn: Turn, *texts: str, slides: bool = False) -> None:
    """Serve these entries in a decision."""
    for text in texts:
        entry = turn.same("p", turn.text("e", text, VECTOR))
        assert entry is not None
        turn.use(entry.id, slides=slides)
    turn.log("hit")


@pytest.mark.parametrize(("evict", "left"), [("fifo", "bc"), ("lru", "ac"), ("lfu", "ab")])
def test_who_goes_first(evict: str, left: str, tmp_path: Path) -> None:
    """Entered first; used longest ago; used least often. Its reply goes with it."""
    with Answers(tmp_path / "a.db") as answers:
        for text in "abc":
            enter(answers, text)
        for texts in ("bb", "a", "c") if evict == "lru" else ("aab", "b", "c"):
            with answers.turn(1.0, "{}") as turn:
                use(turn, *texts)
        enter(answers, "d", capacity=3, evict=evict)
        assert names(answers) == [*left, "d"]
        assert [row[-1] for row in answers.decisions()][-1] == 1
    with sqlite3.connect(tmp_path / "a.db") as raw:
        assert raw.execute("SELECT count(*) FROM replies").fetchone() == (3,)


def test_a_copy_keeps_its_answer_when_the_original_goes(tmp_path: Path) -> None:
    """An answer lives as long as any entry that is served by it."""
    with Answers(tmp_path / "a.db") as answers:
        source = enter(answers, "a")
        with answers.turn(1.0, "{}") as turn:
            turn.make_room(1, "lru")
            turn.enter("p", turn.text("e", "b", VECTOR), source, "call", REPLY)
            turn.log("hit")
        assert names(answers) == ["b"]
        with answers.turn(2.0, "{}") as turn:
            entry = turn.same("p", turn.text("e", "b", VECTOR))
            assert entry is not None
            assert turn.reply(entry.source) == (REPLY, "call")


def test_entries_expire_by_their_stamp(tmp_path: Path) -> None:
    """At the very age they are gone; one that slides lives anew; a clock set back does not revive any."""
    with Answers(tmp_path / "a.db") as answers:
        enter(answers, "a", at=100.0)
        enter(answers, "b", at=101.0)
        with answers.turn(109.0, "{}") as turn:
            use(turn, "b", slides=True)
        for now, left in ((109.5, "ab"), (110.0, "b"), (50.0, "b"), (118.9, "b"), (119.0, "")):
            with answers.turn(now, "{}") as turn:
                turn.expire(10.0)
                turn.log("miss")
            assert names(answers) == list(left)
        assert [row[1] for row in answers.decisions()][-3:] == [110.0, 118.9, 119.0]
        assert sum(row[-2] for row in answers.decisions()) == 2


def test_decisions_tell_all_of_their_columns(tmp_path: Path) -> None:
    """In order, with the policy under which each was made."""
    with Answers(tmp_path / "a.db") as answers:
        enter(answers, "a", at=5.0)
        with answers.turn(6.0, '{"threshold":0.9}') as turn:
            number = turn.text("e", "b", VECTOR)
            turn.log("hit", partition="p", text=number, source=1, cosine=0.95, exact=False)
        first, second = (dict(zip(DECISION_COLUMNS, row, strict=True)) for row in answers.decisions())
        assert (first["seq"], first["at_s"], first["kind"], first["settings"]) == (1, 5.0, "landing", "{}")
        assert (second["source"], second["cosine"], second["exact"]) == (1, 0.95, 0)
        assert second["settings"] == '{"threshold":0.9}'
        assert answers.texts()[second["text_id"]][0] == "b"


def test_no_secret_reaches_the_file(tmp_path: Path) -> None:
    """A key in a reply is masked on its way, and the file is its owner's."""
    key = "sk-" + "a1B2" * 8
    with Answers(tmp_path / "a.db") as answers:
        enter(answers, "a", reply=replace(REPLY, text=f"use {key}"))
        assert all(key.encode() not in file.read_bytes() for file in tmp_path.iterdir())
        assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0


def test_two_openers_have_one_order(tmp_path: Path) -> None:
    """Decisions of two who share a file, from several threads, are numbered without gap or double."""
    with Answers(tmp_path / "a.db") as one, Answers(tmp_path / "a.db") as other:
        threads = [
            threading.Thread(target=lambda own=own, n=n: [enter(own, f"{n}-{i}") for i in range(20)])  # type: ignore[misc]
            for n, own in enumerate((one, other, one, other))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [row[0] for row in one.decisions()] == list(range(1, 81))
        assert len(set(names(other))) == 80


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    """A journal is no semantic cache, and the other way round."""
    Journal(tmp_path / "j.db").close()
    Answers(tmp_path / "a.db").close()
    with pytest.raises(StoreError, match="not a semantic cache"):
        Answers(tmp_path / "j.db")
    with pytest.raises(StoreError, match="not a journal"):
        Journal(tmp_path / "a.db")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """It is no silent miss."""
    answers = Answers(tmp_path / "a.db")
    answers.close()
    answers.close()
    with pytest.raises(StoreError, match="closed"):
        answers.entries()
