"""The journal in one process: intents, outcomes, trials, scores, outbox, events."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance import sink
from tests.store import strategies
from workbench.core.records import Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage
from workbench.errors import ModelError, StoreError
from workbench.store.journal import Journal
from workbench.store.runs import LEASE_S

REF = ModelRef(name="offline/minilm", model="minilm", origin="offline")
REQUEST = Request(
    messages=(Message(role="system", content="Answer."), Message(role="user", content="Hello?")), ref=REF
)
ATTEMPT = Attempt(
    model="minilm", started_at=5.0, latency_s=0.1, usage=Usage(tokens_in_uncached=9, tokens_out=1)
)
REPLY = Reply(text="Yes.", model_served="minilm", usage=ATTEMPT.usage, attempts=(ATTEMPT,))
FAILURE = ModelError("minilm", "no answer", "Wait.", kind="timeout", attempts=(ATTEMPT,))
DAY = 86_400.0


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1e9

    def __call__(self) -> float:
        """Return where it stands."""
        return self.at


@pytest.fixture
def now() -> Now:
    """A clock at 1e9."""
    return Now()


@pytest.fixture
def journal(tmp_path: Path, now: Now) -> Iterator[Journal]:
    """An empty journal."""
    with Journal(tmp_path / "deep" / "journal.sqlite", now=now) as journal:
        yield journal


def test_call(journal: Journal) -> None:
    """An intent is no reply; a finished call is one, equal to what was answered."""
    assert journal.begin("k", REQUEST, "run 1") == "new"
    assert journal.reply("k") is None
    assert not journal.has("k")
    journal.finish("k", REPLY, "run 1")
    assert journal.reply("k") == REPLY
    assert journal.has("k")
    assert journal.begin("k", REQUEST, "run 2") == "done"


def test_age(journal: Journal, now: Now) -> None:
    """A reply older than asked for is not reused, and may be asked anew; the new one then counts."""
    journal.begin("k", REQUEST, "run 1")
    journal.finish("k", REPLY)
    now.at += 31 * DAY
    assert journal.reply("k") is None
    assert journal.reply("k", max_age_days=None) == REPLY
    assert journal.reply("k", 32) == REPLY
    assert journal.begin("k", REQUEST, "run 2", max_age_days=None) == "done"
    assert journal.begin("k", REQUEST, "run 2") == "new"
    newer = Reply(text="No.", model_served="minilm")
    journal.finish("k", newer)
    assert journal.reply("k") == newer
    assert journal.outcomes("k") == [REPLY, newer]


def test_failure(journal: Journal) -> None:
    """A failed call is no reply and may be asked again; what it cost stays in the ledger."""
    journal.begin("k", REQUEST, "run 1")
    journal.finish("k", FAILURE)
    assert journal.reply("k") is None
    assert journal.in_doubt() == []
    assert journal.begin("k", REQUEST, "run 1") == "new"
    journal.finish("k", REPLY)
    assert journal.attempts("k") == [ATTEMPT, ATTEMPT]


def test_busy(journal: Journal, now: Now) -> None:
    """While one owner asks, another must not; after the lease it may, and the call is in doubt."""
    journal.begin("k", REQUEST, "run 1")
    assert journal.begin("k", REQUEST, "run 2") == "busy"
    now.at += LEASE_S + 1
    assert journal.begin("k", REQUEST, "run 2") == "in_doubt"


def test_own_intent(journal: Journal) -> None:
    """The same owner finding its own intent never finished it: in doubt, until the call is answered."""
    journal.begin("k", REQUEST, "run 1")
    assert journal.begin("k", REQUEST, "run 1") == "in_doubt"
    journal.finish("k", FAILURE)
    assert journal.begin("k", REQUEST, "run 1") == "in_doubt"
    journal.finish("k", REPLY)
    assert journal.begin("k", REQUEST, "run 1") == "done"


def test_late_second_reply(journal: Journal) -> None:
    """A reply that comes after another one adds to the ledger and changes no answer."""
    journal.begin("k", REQUEST, "run 1")
    journal.finish("k", REPLY)
    journal.finish("k", Reply(text="No.", model_served="minilm", attempts=(ATTEMPT,)))
    journal.finish("k", FAILURE)
    assert journal.reply("k") == REPLY
    assert len(journal.attempts("k")) == 3


def test_in_doubt_lists_the_request(journal: Journal, now: Now) -> None:
    """An abandoned intent is listed with what was asked."""
    journal.begin("k", REQUEST, "run 1")
    assert journal.in_doubt() == []
    now.at += LEASE_S + 1
    (doubt,) = journal.in_doubt()
    assert (doubt.key, doubt.owner, doubt.intent_at, doubt.request) == ("k", "run 1", 1e9, REQUEST)


def test_sink(journal: Journal) -> None:
    """It is a Sink."""
    sink.check(journal, lambda: (journal.trials("e1"), journal.scores("e1")))


def test_trials_round_trip(tmp_path: Path) -> None:
    """Any trials come back equal, in order, whatever prompts they share."""
    numbers = count()
    with Journal(tmp_path / "journal.sqlite") as journal:

        @given(st.lists(strategies.trials, max_size=4, unique_by=lambda trial: trial.trial_id))
        def holds(drawn: list[Trial]) -> None:
            name = f"execution {next(numbers)}"
            trials = [replace(trial, execution_id=name) for trial in drawn]
            for trial in trials:
                journal.put(trial, [])
            assert journal.trials(name) == trials

        holds()


def test_prompts_are_kept_once(journal: Journal, tmp_path: Path) -> None:
    """The messages that trials share are in the file once."""
    shared = Message(role="system", content="a remarkable instruction " * 20)
    for index in range(5):
        user = Message(role="user", content=f"case {index}")
        journal.put(sink.trial(f"t{index}", messages=(shared, user)), [])
    rows = sqlite3.connect(journal.path).execute("SELECT body FROM prompts").fetchall()
    assert len(rows) == 1
    assert "remarkable" not in str(
        sqlite3.connect(journal.path).execute("SELECT record FROM trials").fetchall()
    )
    assert all(trial.messages[0] == shared for trial in journal.trials("e1"))


def test_prompts_with_tool_calls(journal: Journal) -> None:
    """Prompts of equal text and different tool calls are different prompts."""
    for name in ("a", "b"):
        call = Message(role="assistant", content="", tool_calls=({"id": name},))
        answer = Message(role="tool", content="1", tool_call_id=name)
        messages = (call, answer, Message(role="user", content="go on"))
        journal.put(sink.trial(name, messages=messages), [])
    assert [trial.messages[0].tool_calls[0]["id"] for trial in journal.trials("e1")] == ["a", "b"]


def test_scores(journal: Journal) -> None:
    """A score again replaces itself; another rater's or definition's stands beside it; the last counts."""
    journal.put(sink.trial(), [Score(trial_id="t1", scorer="exact", value=0.0, digest="1")])
    journal.put_scores("e1", [Score(trial_id="t1", scorer="exact", value=1.0, digest="2")])
    journal.put_scores("e1", [Score(trial_id="t1", scorer="exact", value=0.5, digest="1")])
    journal.put_scores("e1", [Score(trial_id="t1", scorer="good", value=1.0, source="HUMAN", rater="r1")])
    journal.put_scores("e1", [Score(trial_id="t1", scorer="good", value=0.0, source="HUMAN", rater="r2")])
    assert [(s.scorer, s.value) for s in journal.scores("e1")] == [
        ("exact", 1.0),
        ("exact", 0.5),
        ("good", 1.0),
        ("good", 0.0),
    ]
    assert journal.scores("e1", ["other"]) == []


def test_outbox(journal: Journal) -> None:
    """Every put leaves a row until it is delivered; executions are apart."""
    for index in range(3):
        journal.put(sink.trial(f"t{index}"), [])
    journal.put(sink.trial("t9", execution_id="e2"), [])
    journal.put_scores("e1", [Score(trial_id="t0", scorer="exact", value=1.0)])
    rows = journal.pending("e1", limit=2)
    assert [(row.kind, row.ref) for row in rows] == [("trial", "t0"), ("trial", "t1")]
    assert [trial.trial_id for trial in journal.trials("e1", [row.ref for row in rows])] == ["t0", "t1"]
    journal.delivered(row.seq for row in rows)
    assert [(row.kind, row.ref) for row in journal.pending("e1")] == [("trial", "t2"), ("scores", "t0")]
    assert len(journal.pending()) == 3


def test_trial_without_outbox_row_is_impossible(journal: Journal) -> None:
    """A put that fails half way leaves neither trial, score nor row of the outbox."""
    other = sqlite3.connect(journal.path)
    other.execute("CREATE TRIGGER no_outbox BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(StoreError, match="full"):
        journal.put(sink.trial(), [Score(trial_id="t1", scorer="exact", value=1.0)])
    assert journal.trials("e1") == []
    assert journal.scores("e1") == []
    other.execute("DROP TRIGGER no_outbox")
    journal.put(sink.trial(), [])
    assert len(journal.trials("e1")) == 1


def test_executions(journal: Journal, now: Now) -> None:
    """An execution is written once and resumed under its name; an unknown one names those that are known."""
    journal.add_execution("e1", "triage", {"arms": ["a", "b"]})
    now.at += 1
    journal.add_execution("e2", "other", {})
    journal.set_status("e1", "stopped")
    assert journal.execution("e1").status == "stopped"
    journal.add_execution("e1", "triage", {"arms": ["changed"]})
    execution = journal.execution("e1")
    assert (execution.status, execution.plan, execution.created_at) == ("running", {"arms": ["a", "b"]}, 1e9)
    assert [e.execution_id for e in journal.executions()] == ["e1", "e2"]
    assert [e.execution_id for e in journal.executions("other")] == ["e2"]
    with pytest.raises(StoreError, match=r"no execution 'e3'.*e1, e2"):
        journal.execution("e3")


def test_events(journal: Journal) -> None:
    """Events come back in order, by kind."""
    first = journal.add_event("promotion", {"arm": "a"})
    journal.add_event("rollback", {"to": 1})
    assert journal.events("promotion") == [first]
    assert [event.kind for event in journal.events()] == ["promotion", "rollback"]


def test_reopened(tmp_path: Path) -> None:
    """Another journal on the same file sees everything that was put."""
    with Journal(tmp_path / "j") as first, Journal(tmp_path / "j") as second:
        first.begin("k", REQUEST, "run 1")
        first.finish("k", REPLY)
        assert second.reply("k") == REPLY
    with Journal(tmp_path / "j") as third:
        assert third.reply("k") == REPLY


def test_threads(journal: Journal) -> None:
    """Many threads write at once and nothing is lost."""

    def work(number: int) -> None:
        for index in range(25):
            name = f"{number}-{index}"
            journal.begin(name, REQUEST, "run 1")
            journal.finish(name, REPLY)
            journal.put(sink.trial(name), [])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.trials("e1")) == 100
    assert all(journal.has(trial.trial_id) for trial in journal.trials("e1"))


def test_no_secret_in_the_file(tmp_path: Path) -> None:
    """Nothing that looks like a key, and no key that a client was given, reaches the file."""
    secret = "sk-" + "proj-" + "Zy9" * 12
    request = Request(messages=(Message(role="system", content=secret), *REQUEST.messages), ref=REF)
    with Journal(tmp_path / "j") as journal:
        journal.begin("k", request, "run 1")
        journal.finish("k", ModelError("m", f"401 for {secret}", "x", kind="auth"))
        journal.put(sink.trial(output=secret, case={"text": secret}), [])
        journal.put_scores("e1", [Score(trial_id="t1", scorer="s", value=None, missing=secret)])
        journal.add_execution("e1", "s", {"note": secret})
        journal.add_event("x", {"note": secret})
        for file in tmp_path.iterdir():
            assert secret.encode() not in file.read_bytes()
    for file in tmp_path.iterdir():
        assert secret.encode() not in file.read_bytes()


def test_private_file(tmp_path: Path) -> None:
    """Prompts are the owner's: the file cannot be read by others."""
    with Journal(tmp_path / "j"):
        assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_newer_file(tmp_path: Path) -> None:
    """A journal of a newer workbench is refused with the remedy."""
    Journal(tmp_path / "j").close()
    raw = sqlite3.connect(tmp_path / "j")
    raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(StoreError, match=r"newer workbench.*Upgrade"):
        Journal(tmp_path / "j")


def test_foreign_file(tmp_path: Path) -> None:
    """Another program's database is refused and left as it is; so is a file that is no database."""
    raw = sqlite3.connect(tmp_path / "db")
    raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    before = (tmp_path / "db").read_bytes()
    with pytest.raises(StoreError, match="not a journal"):
        Journal(tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == before
    (tmp_path / "text").write_text("no database at all " * 50)
    with pytest.raises(StoreError, match="not a database"):
        Journal(tmp_path / "text")


def test_closed(tmp_path: Path) -> None:
    """A closed journal says so; closing twice is no error."""
    journal = Journal(tmp_path / "j")
    journal.close()
    journal.close()
    with pytest.raises(StoreError, match="closed"):
        journal.reply("k")


def test_unusable_place(tmp_path: Path) -> None:
    """A path below a file is an error with a remedy."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder"):
        Journal(tmp_path / "file" / "j")


def test_what_a_guard_changed_is_not_reused(journal: Journal) -> None:
    """A guarded reply and its attempts are in the ledger, and the call is asked again."""
    guarded = replace(REPLY, text="[redacted]", guard="redact: email")
    journal.begin("k", REQUEST, "a")
    journal.finish("k", guarded, "a")
    assert journal.outcomes("k") == [guarded]
    assert journal.reply("k") is None
    assert not journal.has("k")
    assert journal.begin("k", REQUEST, "b") == "new"
