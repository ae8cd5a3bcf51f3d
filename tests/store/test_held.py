"""The queue of held items: decided once, by a human or by the deadline; durable."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.test_journal import REPLY, Now
from workbench.errors import InputError
from workbench.store.held import Decision, Held
from workbench.store.journal import Journal


@pytest.fixture
def now() -> Now:
    """A clock at 1e9."""
    return Now()


@pytest.fixture
def journal(tmp_path: Path, now: Now) -> Iterator[Journal]:
    """An empty journal."""
    with Journal(tmp_path / "journal.sqlite", now=now) as journal:
        yield journal


def hold(journal: Journal, call: str = "k1", **changes: Any) -> Held:
    """Hold a reply back for a minute."""
    given: dict[str, Any] = {
        "side": "output",
        "guard": "abuse",
        "category": "abuse",
        "score": 0.9,
        "asked": "Where is it?",
        "text": "Go away.",
        "deadline_s": 60.0,
        "reply": REPLY,
    }
    return journal.held.hold(call, **(given | changes))


def test_held(journal: Journal) -> None:
    """An item is what was put there, until its deadline; it is listed."""
    item = hold(journal)
    assert (item.item, item.state, item.deadline - item.at) == (1, "held", 60.0)
    assert item.reply == REPLY
    assert journal.held.get(1) == item
    assert journal.held.items("held").items == (item,)
    assert journal.held.items("rejected").items == ()


@pytest.mark.parametrize("decision", ["approved", "edited", "rejected"])
def test_decided_once(journal: Journal, now: Now, decision: Decision) -> None:
    """A decision is written down with who, when and why, and is the last one."""
    hold(journal)
    now.at += 10
    text = "Please wait." if decision == "edited" else None
    done = journal.held.decide(1, decision, by="shift lead", text=text, note="read it")
    assert (done.state, done.decided_by, done.decided_at, done.note) == (
        decision,
        "shift lead",
        now.at,
        "read it",
    )
    assert done.text == (text or "Go away.")
    with pytest.raises(InputError, match=f"{decision} by shift lead already"):
        journal.held.decide(1, "rejected", by="someone else")
    assert journal.held.get(1) == done


def test_the_deadline_decides(journal: Journal, now: Now) -> None:
    """From the deadline on an item has timed out, whoever looks first; nobody can decide it any more."""
    hold(journal)
    now.at += 59.9
    assert journal.held.get(1).state == "held"
    now.at += 0.1
    with pytest.raises(InputError, match="timed out already"):
        journal.held.decide(1, "approved", by="shift lead")
    item = journal.held.get(1)
    assert (item.state, item.decided_at, item.decided_by) == ("timed out", item.deadline, None)


def test_given_once(journal: Journal, now: Now) -> None:
    """The first to be told is noted; a held item is given to nobody."""
    hold(journal)
    assert journal.held.give(1).given_at is None
    journal.held.decide(1, "approved", by="shift lead")
    now.at += 1
    first = journal.held.give(1)
    now.at += 1
    assert journal.held.give(1) == first
    assert first.given_at == now.at - 1


def test_a_call_has_one_item(journal: Journal) -> None:
    """Who asks again meanwhile, or after a kill, gets the item that is there, decided or not."""
    first = hold(journal)
    assert hold(journal, text="another draw") == first
    journal.held.decide(1, "approved", by="shift lead")
    assert hold(journal).state == "approved"
    assert journal.held.waiting("k1", "output", "abuse") is not None
    assert journal.held.waiting("k1", "input", "abuse") is None
    assert hold(journal, side="input").item == 2
    assert hold(journal, call="k2").item == 3


def test_what_is_over_is_held_anew(journal: Journal, now: Now) -> None:
    """After its outcome was given, or after the deadline, the same call is a new item."""
    hold(journal)
    journal.held.decide(1, "approved", by="shift lead")
    journal.held.give(1)
    assert journal.held.waiting("k1", "output", "abuse") is None
    assert hold(journal).item == 2
    now.at += 60
    assert hold(journal).item == 3
    assert [item.state for item in journal.held.items().items] == ["approved", "timed out", "held"]


def test_two_people_decide(journal: Journal) -> None:
    """Of many decisions at the same time one counts."""
    hold(journal)
    counted: list[str] = []

    def decide(by: str) -> None:
        with contextlib.suppress(InputError):
            counted.append(journal.held.decide(1, "approved", by=by).decided_by or "")

    people = [threading.Thread(target=decide, args=(f"reviewer {number}",)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert counted == [journal.held.get(1).decided_by]


def test_it_survives(tmp_path: Path, journal: Journal) -> None:
    """Another process that opens the journal finds the item, and decides it for all."""
    item = hold(journal)
    with Journal(tmp_path / "journal.sqlite", now=lambda: 1e9) as other:
        assert other.held.get(1) == item
        other.held.decide(1, "rejected", by="shift lead")
    assert journal.held.get(1).state == "rejected"


@pytest.mark.parametrize(
    ("decision", "text", "by"),
    [("approved", "a text", "a"), ("edited", None, "a"), ("edited", " ", "a"), ("approved", None, " ")],
)
def test_decisions_that_are_none(journal: Journal, decision: Decision, text: str | None, by: str) -> None:
    """Text goes with an edit and with nothing else; somebody stands behind it; the item is still held."""
    hold(journal)
    with pytest.raises(InputError):
        journal.held.decide(1, decision, by=by, text=text)
    assert journal.held.get(1).state == "held"


def test_no_such_item(journal: Journal) -> None:
    """The error says what to do."""
    with pytest.raises(InputError, match="List what is held"):
        journal.held.decide(7, "approved", by="shift lead")


def test_no_secret_is_kept(journal: Journal) -> None:
    """Texts are kept without secrets, edits included."""
    key = "sk-" + "ant-" + "Ab3" * 12
    hold(journal, text=f"the key is {key}", asked=key)
    item = journal.held.decide(1, "edited", by="shift lead", text=f"no: {key}", note=key)
    assert key not in str(item)


def test_shown(journal: Journal) -> None:
    """The items show themselves as text and as an escaped table."""
    assert journal.held.items().summary == "nothing is held"
    hold(journal, text="<script>alert(1)</script>")
    items = journal.held.items()
    assert items.summary == "1 held"
    assert "<script>" not in items._repr_html_()
    assert list(items.frame["state"]) == ["held"]
