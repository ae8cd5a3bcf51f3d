"""Re-asks: a reply with a fault is asked for again, each time paid."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from tests.client.server import answer, chat, serve
from tests.conformance.model import answers, check_layer, fails, request, virtual
from workbench.client.chain import chain
from workbench.client.fakes import Scripted, fake_error, fake_reply
from workbench.client.openai import OpenAI
from workbench.client.reask import LONGEST_FAULT, Reask
from workbench.client.retry import Retry
from workbench.core.records import Message, Reply, Request

LABEL = {"type": "object", "properties": {"label": {"enum": ["a", "b"]}}, "required": ["label"]}


def fault(asked: Request, reply: Reply) -> tuple[str, str] | None:
    """Find a fault in whatever is not ``ok``."""
    return None if reply.answer == "ok" else ("not_json", f"it says {reply.answer}")


def again(*script: str | Reply | Exception, reask: int = 2) -> tuple[Reply, Scripted]:
    """Ask a scripted model within the layer."""
    model = Scripted(script)  # type: ignore[arg-type]
    return virtual(answers(Reask(fault)(model), request(reask=reask))), model


def test_conformance() -> None:
    """It is a layer; without the parameter nothing is asked again."""
    check_layer(lambda: Reask(fault))


def test_the_fault_is_named_in_the_conversation() -> None:
    """The answer and its fault are added, turn by turn, until it is right."""
    reply, model = again("one", "two", "ok")
    assert reply.text == "ok"
    first, second, third = model.requests
    assert first == request(reask=2)
    assert second.messages[:2] == third.messages[:2] == first.messages
    assert [(m.role, m.content.splitlines()[0]) for m in third.messages[2:]] == [
        ("assistant", "one"),
        ("user", "That answer cannot be used: it says one."),
        ("assistant", "two"),
        ("user", "That answer cannot be used: it says two."),
    ]
    assert second.params == first.params


def test_every_ask_is_paid_and_marked() -> None:
    """All attempts are on the reply: the rejected with fault and usage, the later ones as re-asks."""
    reply, _ = again("one", "two", "ok")
    assert [(a.purpose, a.error_kind, a.error) for a in reply.attempts] == [
        ("arm", "not_json", "it says one"),
        ("reask", "not_json", "it says two"),
        ("reask", None, None),
    ]
    assert all(attempt.usage is not None for attempt in reply.attempts)
    assert reply.usage == reply.attempts[-1].usage


def test_the_last_reply_stands_whatever_it_is() -> None:
    """After the allowed number the reply comes back with its fault; its attempt is not a rejected one."""
    reply, model = again("one", "two", "three", "four")
    assert (reply.text, len(model.requests)) == ("three", 3)
    assert [attempt.error_kind for attempt in reply.attempts] == ["not_json", "not_json", None]


def test_off_unless_asked_for() -> None:
    """Without the parameter, or with 0, one reply is enough."""
    for reask in (0, None):
        asked = request() if reask is None else request(reask=reask)
        model = Scripted(["one", "ok"])
        assert virtual(answers(Reask(fault)(model), asked)).text == "one"
        assert len(model.requests) == 1


def test_a_failure_on_the_way_carries_what_was_paid() -> None:
    """The answer that could not be corrected is a failed call: its attempts are on the error."""
    model = Scripted(["one", fake_error("server", status=500)])
    error = virtual(fails(Reask(fault)(model), request(reask=2), "server", attempts=2))
    assert error.status == 500
    assert [(a.purpose, a.error_kind) for a in error.attempts] == [("arm", "not_json"), ("reask", "server")]


def test_retries_are_within_an_ask() -> None:
    """A retry in the second ask belongs to the re-ask; the first ask's retry does not."""
    model = Scripted([fake_error("server"), "one", fake_error("rate_limit"), "ok"])
    reply = virtual(answers(chain(model, Reask(fault), Retry()), request(reask=1)))
    assert [(a.purpose, a.error_kind) for a in reply.attempts] == [
        ("arm", "server"),
        ("arm", "not_json"),
        ("reask", "rate_limit"),
        ("reask", None),
    ]


def test_a_tool_is_answered_as_a_tool() -> None:
    """A faulty call is corrected by a tool message for each call, which the protocol asks for."""
    calls = tuple(
        {"id": name, "type": "function", "function": {"name": "answer", "arguments": "{}"}} for name in "ab"
    )
    _, model = again(replace(fake_reply(""), tool_calls=calls), "ok")
    said = model.requests[1].messages[2:]
    assert said[0] == Message(role="assistant", content="", tool_calls=calls)
    assert [(m.role, m.tool_call_id) for m in said[1:]] == [("tool", "a"), ("tool", "b")]


def test_nothing_is_quoted_of_an_empty_reply() -> None:
    """An empty assistant message is refused by endpoints: only the fault is added."""
    _, model = again(" ", "ok")
    assert [m.role for m in model.requests[1].messages[2:]] == ["user"]


def test_a_fault_is_told_in_bounds() -> None:
    """A fault that quotes a long answer does not double the prompt."""
    reply, model = again("x" * 5000, "ok")
    assert len(model.requests[1].messages[-1].content) < LONGEST_FAULT + 200
    assert len(str(reply.attempts[0].error)) <= LONGEST_FAULT


@pytest.mark.parametrize("stream", [False, True])
def test_on_the_wire(stream: bool) -> None:
    """A real endpoint is asked twice; neither our parameters nor anything else of ours is sent."""

    async def run() -> None:
        said = [answer(chat("one")), answer(chat("ok"))]
        if stream:
            said = [answer(_streamed(text)) for text in ("one", "ok")]
        async with serve(*said) as server:
            model = OpenAI("fake", base_url=server.base_url, stream=stream)
            reply = await answers(Reask(fault)(model), request(reask=1, answer_schema=LABEL))
            await model.aclose()
        assert reply.text == "ok"
        assert [len(seen.body["messages"]) for seen in server.seen] == [2, 4]
        assert not any({"reask", "answer_schema"} & set(seen.body) for seen in server.seen)

    asyncio.run(run())


def _streamed(text: str) -> str:
    chunk = {"model": "fake", "choices": [{"delta": {"content": text}, "finish_reason": "stop"}]}
    end = {"model": "fake", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    return "".join(f"data: {json.dumps(each)}\n\n" for each in (chunk, end)) + "data: [DONE]\n\n"
