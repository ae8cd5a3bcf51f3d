"""The guard around a model: what is let through, redacted, blocked, held; what happens where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.client.test_fallback import Heard
from tests.conformance.model import answers, check_layer, fails, request, virtual
from workbench.client.chain import chain
from workbench.client.desk import Desk
from workbench.client.exact_cache import ExactCache
from workbench.client.fakes import Echo, Failing, Scripted, fake_reply
from workbench.client.guard_rule import Looked, cut
from workbench.client.guarded import Guarded
from workbench.client.guards.personal import personal
from workbench.client.guards.words import words
from workbench.core.identity import call_key
from workbench.core.protocols import Classifier
from workbench.core.records import NO_TOKEN, Message, Piece, Reply, Verdict
from workbench.errors import InputError
from workbench.store.journal import Journal

FALLBACK = "A colleague will write to you."
MAIL = "front.desk@hotel.example"
BAD = words(["crap"], name="tone")


class Clock:
    """The time of day that the virtual loop has."""

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        try:
            return 1e9 + asyncio.get_running_loop().time()
        except RuntimeError:
            return 1e9


@dataclass
class Broken:
    """A classifier that raises."""

    name: str = "broken"
    digest: str = "b"

    async def check(self, text: str) -> Verdict:
        """Fail."""
        raise ValueError(f"cannot read {text}")


@dataclass
class Suspects:
    """Finds something in every text, and cannot say where."""

    name: str = "suspects"
    digest: str = "s"

    async def check(self, text: str) -> Verdict:
        """Find it."""
        return Verdict(category="odd", score=0.7)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal on the virtual loop's time."""
    with Journal(tmp_path / "journal.sqlite", now=Clock()) as journal:
        yield journal


def guarded(action: Any, on: Any = "output", by: Classifier = BAD, **changes: Any) -> Guarded:
    """Return a guard that fails closed and has an answer."""
    return Guarded(by, action, on=on, **({"fail": "closed", "answer": FALLBACK} | changes))


def ask(model: Any, text: str = "Where is my parcel?", **params: object) -> Reply:
    """Ask a guarded model."""
    return virtual(model.ask(request(text, **params)))


@pytest.mark.parametrize("on", ["input", "output"])
@pytest.mark.parametrize("action", ["allow", "redact", "block", "hold"])
def test_conformance(on: str, action: str, journal: Journal) -> None:
    """Where nothing is found, it is a layer like any other."""
    desk = Desk(queue=journal.held, deadline_s=60) if action == "hold" else None
    check_layer(lambda: guarded(action, on, desk=desk))


def test_allow(journal: Journal) -> None:
    """What is found is told, with its time, and changes nothing."""
    heard = Heard()
    reply = ask(guarded("allow", listener=heard)(Echo(lambda _: "crap")))
    assert (reply.text, reply.guard) == ("crap", None)
    (event,) = heard.events
    assert isinstance(event, Looked)
    assert (event.side, event.guard, event.did, event.category, event.score) == (
        "output",
        "tone",
        "allow",
        "word",
        1.0,
    )
    assert event.latency_s is not None
    assert "crap" not in repr(event)


def test_redact_the_input() -> None:
    """The model is asked without what was found; system messages are the application's own."""
    inner = Echo()
    by = personal("email")
    asked = replace(
        request(f"I am at {MAIL}."), messages=(Message(role="system", content=MAIL), *request(MAIL).messages)
    )
    reply = virtual(guarded("redact", "input", by)(inner).ask(asked))
    assert [message.content for message in inner.requests[0].messages] == [
        MAIL,
        "Answer with one word.",
        "[redacted]",
    ]
    assert reply.guard == "redact: email"


def test_redact_the_output() -> None:
    """What was found is cut out of the text and of tool calls' arguments; the attempts stay."""
    call = {"id": "1", "function": {"name": "mail", "arguments": f'{{"to": "{MAIL}"}}'}}
    made = replace(fake_reply(f"Write to {MAIL}, or to {MAIL}."), tool_calls=(call, {"id": "2"}))
    reply = ask(guarded("redact", by=personal("email"))(Scripted([made])))
    assert reply.text == "Write to [redacted], or to [redacted]."
    assert reply.tool_calls == (
        {"id": "1", "function": {"name": "mail", "arguments": '{"to": "[redacted]"}'}},
        {"id": "2"},
    )
    assert (reply.guard, reply.attempts, reply.usage) == ("redact: email", made.attempts, made.usage)


def test_cut_where_nobody_knows_where() -> None:
    """A finding without a place takes the whole text; no finding takes nothing."""
    assert ask(guarded("redact", by=Suspects())(Echo())).text == "[redacted]"
    assert cut("ab", Verdict(category=None, score=0.0)) == "ab"
    pieces = (Piece(category="x", start=0, end=1), Piece(category="x", start=2, end=3))
    assert cut("abc", Verdict(category="x", score=1.0, pieces=pieces)) == "[redacted]b[redacted]"


def test_block_the_input() -> None:
    """Nothing is sent; the stated answer costs nothing and counts as refused."""
    inner = Echo()
    reply = ask(guarded("block", "input")(inner), "this crap again")
    assert inner.requests == []
    assert (reply.text, reply.status, reply.source, reply.guard) == (
        FALLBACK,
        "refused",
        "guard",
        "block: word",
    )
    assert (reply.attempts, reply.usage) == ((), NO_TOKEN)


def test_block_the_output() -> None:
    """The answer is replaced, its tool calls are gone, its attempts are paid for."""
    made = replace(fake_reply("crap"), tool_calls=({"id": "1"},))
    reply = ask(guarded("block")(Scripted([made])))
    assert (reply.text, reply.tool_calls, reply.status, reply.source) == (FALLBACK, (), "refused", "call")
    assert (reply.attempts, reply.guard) == (made.attempts, "block: word")


def test_several_guards_are_several_layers() -> None:
    """Each says what it did."""
    model = chain(Echo(lambda _: f"crap, {MAIL}"), guarded("redact"), guarded("redact", by=personal("email")))
    reply = ask(model)
    assert (reply.text, reply.guard) == ("[redacted], [redacted]", "redact: email; redact: word")


@pytest.mark.parametrize("on", ["input", "output"])
def test_it_fails_as_stated(on: str) -> None:
    """Open: the text passes, unchecked, and says so. Closed: the stated answer. The failure's words stay."""
    heard = Heard()
    opened = ask(guarded("block", on, Broken(), fail="open", listener=heard)(Echo()), "a text")
    closed = ask(guarded("block", on, Broken(), listener=heard)(Echo()), "a text")
    assert (opened.text, opened.guard, opened.status) == ("a text", "unchecked: broken", "ok")
    assert (closed.text, closed.guard, closed.status) == (FALLBACK, "failed closed: broken", "refused")
    assert [(event.did, event.error) for event in heard.events] == [
        ("unchecked", "ValueError"),
        ("failed closed", "ValueError"),
    ]
    assert "a text" not in repr(heard.events)


def test_a_failed_call_stays_one() -> None:
    """Errors of the model pass, on either side."""
    for on in ("input", "output"):
        virtual(fails(guarded("block", on)(Failing("server")), request(), "server"))


@pytest.mark.parametrize("on", ["input", "output"])
@pytest.mark.parametrize(
    ("decision", "text", "given"),
    [("approved", None, "crap"), ("edited", "Sorry.", "Sorry."), ("rejected", None, FALLBACK)],
)
def test_a_human_decides(on: str, decision: Any, text: str | None, given: str, journal: Journal) -> None:
    """The asker gets what was decided, when it was decided, whatever process decided it."""
    desk = Desk(queue=journal.held, deadline_s=600)

    async def story() -> tuple[Reply, float]:
        loop = asyncio.get_running_loop()
        asking = asyncio.ensure_future(guarded("hold", on, desk=desk)(Echo()).ask(request("crap")))
        await asyncio.sleep(100)
        assert not asking.done()
        (held,) = journal.held.items("held").items
        assert (held.text, held.asked, held.category, held.side) == ("crap", "crap", "word", on)
        journal.held.decide(held.item, decision, by="shift lead", text=text)
        return await asking, loop.time()

    reply, at = virtual(story())
    assert (reply.text, reply.guard) == (given, f"{decision}: word")
    assert reply.status == ("refused" if decision == "rejected" else "ok")
    assert 100 <= at < 101
    assert journal.held.get(1).given_at is not None


@pytest.mark.parametrize("on", ["input", "output"])
def test_nobody_decides(on: str, journal: Journal) -> None:
    """At the deadline the stated answer is given; on the input side the model was never asked."""
    desk, inner = Desk(queue=journal.held, deadline_s=60), Echo()

    async def story() -> tuple[Reply, float]:
        reply = await guarded("hold", on, desk=desk)(inner).ask(request("crap"))
        return reply, asyncio.get_running_loop().time()

    reply, at = virtual(story())
    assert (reply.text, reply.guard, reply.status) == (FALLBACK, "timed out: word", "refused")
    assert 60 <= at < 61
    assert len(inner.requests) == (on == "output")


def test_an_edit_drops_the_tool_calls(journal: Journal) -> None:
    """What a human wrote is an answer in words; its attempts are those that were made."""
    desk = Desk(queue=journal.held, deadline_s=600)
    made = replace(fake_reply("crap"), tool_calls=({"id": "1"},), finish_reason="tool_calls")

    async def story() -> Reply:
        asking = asyncio.ensure_future(guarded("hold", desk=desk)(Scripted([made])).ask(request()))
        await asyncio.sleep(1)
        journal.held.decide(1, "edited", by="shift lead", text="Sorry.")
        return await asking

    reply = virtual(story())
    assert (reply.text, reply.tool_calls, reply.finish_reason) == ("Sorry.", (), "stop")
    assert reply.attempts == made.attempts


@pytest.mark.parametrize("on", ["input", "output"])
def test_an_asker_that_went(on: str, journal: Journal) -> None:
    """Who asks again takes the item over, decided meanwhile or not; the model is not asked for it again."""
    desk, inner = Desk(queue=journal.held, deadline_s=600), Echo()
    model = guarded("hold", on, desk=desk)(inner)

    async def story() -> Reply:
        for _ in range(2):
            gone = asyncio.ensure_future(model.ask(request("crap")))
            await asyncio.sleep(10)
            gone.cancel()
        journal.held.decide(1, "approved", by="shift lead")
        return await model.ask(request("crap"))

    reply = virtual(story())
    assert (reply.text, reply.guard) == ("crap", "approved: word")
    assert len(inner.requests) == 1
    assert len(journal.held.items().items) == 1
    assert reply.attempts, "what was paid for is on the reply"


def test_an_approved_question_whose_answer_failed(journal: Journal) -> None:
    """The decision is not lost with a failed call: asked again, nobody needs to decide again."""
    desk = Desk(queue=journal.held, deadline_s=600)
    model = guarded("hold", "input", desk=desk)(Failing("server", then=Echo()))

    async def story() -> Reply:
        asking = asyncio.ensure_future(model.ask(request("crap")))
        await asyncio.sleep(1)
        journal.held.decide(1, "approved", by="shift lead")
        with pytest.raises(Exception, match="fails on purpose"):
            await asking
        return await model.ask(request("crap"))

    assert virtual(story()).guard == "approved: word"
    assert len(journal.held.items().items) == 1


def test_two_who_ask_the_same(journal: Journal) -> None:
    """They wait for one item, and get what a human saw; each pays for its own draw."""
    desk = Desk(queue=journal.held, deadline_s=600)
    model = guarded("hold", desk=desk)(Scripted(["crap, one", "crap, two"], latency_s=1))

    async def story() -> list[Reply]:
        asking = [asyncio.ensure_future(model.ask(request())) for _ in range(2)]
        await asyncio.sleep(10)
        journal.held.decide(1, "approved", by="shift lead")
        return await asyncio.gather(*asking)

    replies = virtual(story())
    assert [reply.text for reply in replies] == ["crap, one"] * 2
    assert len(journal.held.items().items) == 1


@pytest.mark.parametrize(("fail", "given"), [("open", "crap"), ("closed", FALLBACK)])
@pytest.mark.parametrize("on", ["input", "output"])
def test_a_queue_that_cannot_be_written(on: str, fail: str, given: str, journal: Journal) -> None:
    """It fails as stated; nobody waits."""
    desk = Desk(queue=journal.held, deadline_s=60)
    journal.close()
    reply = ask(guarded("hold", on, desk=desk, fail=fail)(Echo()), "crap")
    assert reply.text == given
    assert reply.guard in ("unchecked: tone", "failed closed: tone")


@pytest.mark.parametrize("action", ["redact", "block"])
def test_nothing_guarded_is_found_in_the_journal_again(action: str, journal: Journal) -> None:
    """The exact cache does not serve what a guard changed: it is asked again."""
    inner = Echo(lambda _: "crap")
    model = chain(inner, ExactCache(journal.reply), guarded(action))
    for _ in range(2):
        journal.begin(call_key(request()), request(), "a")
        reply = ask(model)
        assert reply.source == "call"
        journal.finish(call_key(request()), reply, "a")
    assert len(inner.requests) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "censor"},
        {"on": "both"},
        {"fail": "maybe"},
        {"answer": " "},
        {"action": "hold"},
        {"action": "allow", "answer": ""},
    ],
)
def test_settings_that_are_none(changes: dict[str, Any]) -> None:
    """An unknown word, a missing answer or a missing desk is an error before anything is asked."""
    settings = {"action": "block", "on": "output", "fail": "closed", "answer": FALLBACK} | changes
    with pytest.raises(InputError):
        Guarded(BAD, settings.pop("action"), **settings)


def test_a_desk_only_to_hold(journal: Journal) -> None:
    """A desk without the action, or without time, is an error."""
    with pytest.raises(InputError):
        guarded("block", desk=Desk(queue=journal.held, deadline_s=60))
    with pytest.raises(InputError):
        Desk(queue=journal.held, deadline_s=0)


def test_answers_are_replies(journal: Journal) -> None:
    """A reply that a guard let through is as of any model."""
    virtual(answers(guarded("redact")(Echo(lambda _: "crap")), request()))
