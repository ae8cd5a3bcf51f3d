"""The SDK as a Model, against a real socket and against every exception the vendor knows."""

from __future__ import annotations

import asyncio
import inspect
import json
import socket
import subprocess
import sys
from dataclasses import replace
from typing import Any, get_args

import httpx2
import openai
import pytest

from tests.client.server import Seen, answer, chat, serve
from tests.conformance.model import answers, fails, passes_cancellation, request
from workbench.client.openai import OpenAI, kind_of
from workbench.client.wire import body_of
from workbench.core.records import NO_TOKEN, Attempt, Message, Usage
from workbench.core.redact import redact
from workbench.errors import ErrorKind, InputError, ModelError

KEY = "not-a-real-key-" + "x1" * 8


def ask(*said: bytes, hang: bool = False, kind: ErrorKind | None = None, **options: Any) -> Any:
    """Ask a server that says this once, and return what came of it and what the server saw."""

    async def run() -> Any:
        async with serve(*said, hang=hang) as server:
            model = OpenAI("fake", base_url=server.base_url, **options)
            try:
                if kind is None:
                    return await answers(model, request()), server.seen
                return await fails(model, request(), kind), server.seen
            finally:
                await model.aclose()

    return asyncio.run(run())


def test_reply() -> None:
    """An answer becomes a reply with text, served model, usage and one attempt; one request is sent."""
    reply, seen = ask(answer(chat(service_tier="default")))
    assert (reply.text, reply.model_served, reply.finish_reason) == ("parcel", "fake-2026-01", "stop")
    assert reply.usage == Usage(tokens_in_uncached=100, tokens_out=5)
    (attempt,) = reply.attempts
    assert (attempt.model, attempt.http_status, attempt.service_tier) == ("fake", 200, "default")
    assert attempt.ttft_s is None
    assert [one.path for one in seen] == ["/v1/chat/completions"]
    assert seen[0].body == {
        "model": "fake",
        "messages": [message.to_dict() for message in request().messages],
        "temperature": 0.7,
        "stop": ["\n"],
    }


def test_usage_by_class() -> None:
    """Cached, written and reasoning tokens are counted apart and add up."""
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    reply, _ = ask(answer(chat(usage=usage)))
    assert reply.usage == Usage(
        tokens_in_uncached=30,
        tokens_in_cached=60,
        tokens_in_cache_write=10,
        tokens_out=50,
        tokens_reasoning=40,
    )


@pytest.mark.parametrize(
    ("asked", "reported", "tier"),
    [(None, None, None), ("flex", None, "flex"), ("flex", "default", "default"), ("auto", "flex", "flex")],
)
def test_the_tier_that_is_billed(asked: str | None, reported: str | None, tier: str | None) -> None:
    """The tier is the one that the endpoint reports; where it reports none, the one that was asked for."""

    async def run() -> tuple[Attempt, Attempt]:
        good, bad = ({**chat(**part), "service_tier": reported} for part in ({}, {"choices": []}))
        async with serve(answer(good), answer(bad)) as server:
            model = OpenAI("fake", base_url=server.base_url)
            asked_for = replace(request(), params={"service_tier": asked})
            try:
                billed = (await answers(model, asked_for)).attempts[0]
                return billed, (await fails(model, asked_for, "malformed")).attempts[0]
            finally:
                await model.aclose()

    assert [attempt.service_tier for attempt in asyncio.run(run())] == [tier, tier]


def test_no_usage() -> None:
    """Where the endpoint reports no usage it is unknown, not zero."""
    reply, _ = ask(answer(chat(usage=None)))
    assert reply.usage is None
    assert reply.attempts[0].usage is None


@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ({"message": {"content": None}, "finish_reason": "stop"}, "empty"),
        ({"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}, "refused"),
        ({"message": {"content": "x"}, "finish_reason": "content_filter"}, "refused"),
        ({"message": {"content": "half"}, "finish_reason": "length"}, "truncated"),
        ({"message": {"content": [{"type": "text", "text": "a"}]}, "finish_reason": None}, "ok"),
    ],
)
def test_statuses(choice: dict[str, Any], status: str) -> None:
    """Refused, truncated and empty answers are replies that say so."""
    assert ask(answer(chat(choices=[choice])))[0].status == status


def test_tool_calls() -> None:
    """Tool calls arrive as protocol objects."""
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    reply, _ = ask(answer(chat(choices=[{"message": message, "finish_reason": "tool_calls"}])))
    assert reply.tool_calls == (call,)
    assert reply.status == "ok"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, "bad_request"),
        (400, "bad_request"),
        (401, "auth"),
        (403, "auth"),
        (404, "not_found"),
        (408, "server"),
        (409, "conflict"),
        (422, "bad_request"),
        (429, "rate_limit"),
        (500, "server"),
        (503, "server"),
        (529, "server"),
    ],
)
def test_status_kinds(status: int, kind: ErrorKind) -> None:
    """Each status has its kind, the server's words are kept, and nothing is sent twice."""
    error, seen = ask(answer({"error": {"message": "because"}}, status, location="/elsewhere"), kind=kind)
    assert error.status == status
    assert "because" in error.problem
    assert error.attempts[0].http_status == status
    assert error.attempts[0].usage is None
    assert len(seen) == 1


def test_used_up_account() -> None:
    """A 429 for want of credit is not to be asked again, and says what to do."""
    body = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    error, _ = ask(answer(body, 429), kind="auth")
    assert not error.retryable
    assert "credit" in error.remedy


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "250", "retry_after": "7"}, 0.25),
        ({"retry_after": "Thu, 01 Jan 1970 00:16:50 GMT"}, 10.0),
        ({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "-3"}, None),
        ({"retry_after": "nan"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """The wait that a server asks for is read from both headers, in both forms; nonsense is no wait."""
    said = answer({"error": {"message": "slow down"}}, 429, **headers)
    error, _ = ask(said, kind="rate_limit", now=lambda: 1000.0)
    assert error.retry_after_s == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b'{"choices": [',
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe\xfa",
        b"[" * 100_000,
        {"choices": []},
        {"choices": ["text"]},
        {"choices": [{"text": "an old completion"}]},
        {"choices": [{"message": {"content": 7}}]},
        {"choices": [{"message": {"content": "x", "tool_calls": "no list"}}]},
    ],
)
def test_malformed(body: Any) -> None:
    """A good status with a body that is no answer is malformed, with the status kept."""
    error, _ = ask(answer(body), kind="malformed")
    assert error.status == 200
    assert "protocol" in error.remedy


def test_malformed_but_billed() -> None:
    """A malformed answer that says what it cost is counted."""
    error, _ = ask(answer(chat(choices=[])), kind="malformed")
    assert error.attempts[0].usage == Usage(tokens_in_uncached=100, tokens_out=5)


def test_broken_off() -> None:
    """A body that ends before its promised length is a broken connection."""
    ask(answer(chat())[:-10], kind="connection")
    ask(b"no http at all\r\n\r\n", kind="connection")


def test_nobody_there() -> None:
    """A refused connection says so, and that the endpoint is to be started or base_url to be looked at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    error = asyncio.run(fails(OpenAI("fake", base_url=url), request(), "connection"))
    assert "the connection failed" in error.problem
    assert error.attempts[0].usage == NO_TOKEN, "nothing was sent: that is known, not missing"
    assert "Start the endpoint" in error.remedy
    assert url in error.remedy


def test_no_answer() -> None:
    """An endpoint that says nothing is a timeout after the time allowed."""
    error, seen = ask(hang=True, kind="timeout", timeout_s=0.05)
    assert len(seen) == 1
    assert 0.05 <= error.attempts[0].latency_s < 5


def test_slow_drip() -> None:
    """The time allowed is for the whole answer, however regularly its bytes come."""

    async def run() -> None:
        over = asyncio.Event()

        async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while not over.is_set():
                writer.write(b" ")
                await asyncio.sleep(0.01)
            writer.close()

        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        model = OpenAI("fake", base_url=url, timeout_s=0.1)
        await fails(model, request(), "timeout")
        await model.aclose()
        over.set()
        await asyncio.sleep(0.02)
        server.close()

    asyncio.run(run())


def test_cancellation() -> None:
    """Canceling a call ends it at once."""

    async def run() -> None:
        async with serve(hang=True) as server:
            model = OpenAI("fake", base_url=server.base_url)
            await passes_cancellation(model, request())
            await model.aclose()

    asyncio.run(run())


def test_half_a_character() -> None:
    """A prompt that cannot be written as UTF-8 is the caller's mistake, not a crash."""

    async def run() -> None:
        async with serve(answer(chat())) as server:
            model = OpenAI("fake", base_url=server.base_url)
            await fails(model, request("\ud800"), "bad_request")
            await model.aclose()

    asyncio.run(run())


def test_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 401 names the variable to look at, and a server that echoes the key finds it removed."""
    monkeypatch.setenv("SOME_ENDPOINT_KEY", KEY)
    said = answer({"error": {"message": f"Incorrect API key provided: {KEY}"}}, 401)
    error, seen = ask(said, kind="auth", api_key_env="SOME_ENDPOINT_KEY")
    assert "SOME_ENDPOINT_KEY" in error.remedy
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(error)
    assert KEY not in repr(error.attempts)


def test_missing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the key that an endpoint needs nothing is sent, and the variable is named."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    model = OpenAI("gpt-x", transport=httpx2.MockTransport(lambda _: httpx2.Response(500)))
    error = asyncio.run(fails(model, request(), "auth", attempts=0))
    assert "export OPENAI_API_KEY" in error.remedy
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        model.check()


def test_key_is_bound_to_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is meant for OpenAI goes to OpenAI and to no other endpoint."""
    organization = "org-" + "Qq7" * 6
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", organization)
    monkeypatch.setenv("OPENAI_PROJECT_ID", organization)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"x-secret: {KEY}\nauthorization: Bearer {KEY}")
    seen: list[httpx2.Request] = []

    def hear(sent: httpx2.Request) -> httpx2.Response:
        seen.append(sent)
        return httpx2.Response(200, json=chat())

    for url in ("http://localhost:1/v1", "https://models.example/v1"):
        asyncio.run(answers(OpenAI("m", base_url=url, transport=httpx2.MockTransport(hear)), request()))
        text = str(seen[-1].headers.multi_items())
        assert KEY not in text
        assert organization not in text
        assert "stainless" not in text
    keyed = "its-own-" + KEY
    own = OpenAI(
        "m", base_url="https://models.example/v1", api_key=keyed, transport=httpx2.MockTransport(hear)
    )
    asyncio.run(answers(own, request()))
    assert seen[-1].headers["authorization"] == f"Bearer {keyed}"
    asyncio.run(answers(OpenAI("m", transport=httpx2.MockTransport(hear)), request()))
    assert seen[-1].url.host == "api.openai.com"
    assert seen[-1].headers["openai-organization"] == organization


def test_redirects_are_not_followed() -> None:
    """A redirect is an error that says so, and its target is not asked."""

    async def run() -> ModelError:
        async with serve(answer(chat())) as target:
            async with serve(answer("", 307, location=f"{target.base_url}/chat/completions")) as server:
                model = OpenAI("fake", base_url=server.base_url, api_key=KEY)
                error = await fails(model, request(), "bad_request")
                await model.aclose()
            assert target.seen == []
        return error

    assert "redirects" in asyncio.run(run()).remedy


def test_key_is_remembered_and_not_shown() -> None:
    """From its construction on, the key is removed from all text, and the model's repr has none."""
    secret = "a plain " + "password " * 2
    model = OpenAI("fake", base_url="http://localhost:1", api_key=secret)
    assert secret not in redact(f"leaked: {secret}")
    assert secret not in repr(model)


def test_refs() -> None:
    """The name, the endpoint's own name and the origin are told apart."""
    local = OpenAI("llama3", base_url="http://localhost:11434/v1/").ref
    assert (local.name, local.model, local.origin) == ("localhost/llama3", "llama3", "http://localhost:11434")
    assert OpenAI("gpt-x").ref.name == "openai/gpt-x"
    assert OpenAI("gpt-x").ref.origin == "https://api.openai.com"
    named = OpenAI("minilm", base_url="http://127.0.0.1:9", name="offline/minilm", origin="offline").ref
    assert (named.name, named.origin) == ("offline/minilm", "offline")


def test_several_event_loops() -> None:
    """One model can be asked from one event loop after another, and from several at once."""
    model = OpenAI(
        "fake",
        base_url="http://localhost:1",
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=chat())),
    )
    for _ in range(3):
        assert asyncio.run(answers(model, request())).text == "parcel"


def chunks(*deltas: dict[str, Any], end: bytes = b"data: [DONE]\n\n", usage: bool = True) -> bytes:
    """Return a streamed response."""
    rows = [{"model": "fake-2026-01", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    rows.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if usage:
        rows.append({"choices": [], "usage": chat()["usage"], "service_tier": "flex"})
    lines = b": a comment\n\n" + b"".join(b"data: " + json.dumps(row).encode() + b"\n\n" for row in rows)
    return answer(lines + end)


def test_stream() -> None:
    """A streamed answer is the same reply, and the time to its first token is measured."""
    reply, seen = ask(
        chunks({"role": "assistant", "content": ""}, {"content": "par"}, {"content": "cel"}), stream=True
    )
    assert (reply.text, reply.model_served) == ("parcel", "fake-2026-01")
    assert reply.usage == Usage(tokens_in_uncached=100, tokens_out=5)
    (attempt,) = reply.attempts
    assert attempt.service_tier == "flex"
    assert 0 < attempt.ttft_s <= attempt.latency_s
    assert seen[0].body["stream_options"] == {"include_usage": True}


def test_stream_of_tool_calls() -> None:
    """The pieces of tool calls are put together in order."""
    reply, _ = ask(
        chunks(
            {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "find", "arguments": '{"x"'}}]},
            {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "send", "arguments": "{}"}}]},
            {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        ),
        stream=True,
    )
    assert [call["id"] for call in reply.tool_calls] == ["a", "b"]
    assert reply.tool_calls[0]["function"] == {"name": "find", "arguments": '{"x": 1}'}


def test_stream_without_usage() -> None:
    """A stream without a usage chunk is an answer of unknown usage."""
    assert ask(chunks({"content": "x"}, usage=False), stream=True)[0].usage is None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(b'data: {"choices": [{"delta": {"content": "par"}}]}\n\n'), "connection"),
        (answer(b""), "connection"),
        (answer(b'data: {"error": {"message": "overloaded"}}\n\n'), "server"),
        (answer(b"data: {half\n\n"), "malformed"),
        (answer(b"data: []\n\n"), "malformed"),
        (answer(b'data: {"choices": [{}]}\n\n'), "malformed"),
        (chunks({"content": "x"})[:-30].replace(b"finish_reason", b"finish_raeson"), "connection"),
        (answer({"error": {"message": "no"}}, 503), "server"),
    ],
)
def test_broken_streams(said: bytes, kind: ErrorKind) -> None:
    """A stream that breaks off, reports a failure or is no stream fails with its kind."""
    error, _ = ask(said, stream=True, kind=kind)
    assert error.attempts[0].usage is None


def vendor_exceptions() -> list[type[BaseException]]:
    """Every exception class that the SDK exports."""
    found = [getattr(openai, name) for name in dir(openai)]
    found += [getattr(openai._exceptions, name) for name in openai._exceptions.__all__]
    return sorted(
        {kind for kind in found if inspect.isclass(kind) and issubclass(kind, BaseException)},
        key=lambda kind: kind.__name__,
    )


# Never raised by a chat call; whatever else raises them is this program's mistake.
OURS = {"OpenAIError", "SubjectTokenProviderError", "_AmbiguousModuleClientUsageError"}


@pytest.mark.parametrize("cls", vendor_exceptions())
def test_vendor_exceptions(cls: type[BaseException]) -> None:
    """Each exception class of the vendor has a kind of ours, and only its root classes are internal."""
    sent = httpx2.Request("POST", "https://models.example/v1")
    status = getattr(cls, "status_code", 418 if cls is openai.APIStatusError else 500)
    known = {
        "response": httpx2.Response(status if isinstance(status, int) else 500, request=sent),
        "request": sent,
        "body": None,
        "message": "words",
        "completion": openai.types.chat.ChatCompletion.model_construct(usage=None),
        "unsent_messages": [],
        "code": 1006,
        "reason": "gone",
    }
    wanted = inspect.signature(cls.__init__).parameters
    values = {name: known[name] for name in wanted if name in known}
    error = cls.__new__(cls) if "self" in wanted and len(wanted) == 1 else cls(**values) if values else cls()
    kind = kind_of(error)
    assert kind in get_args(ErrorKind)
    assert (kind == "internal") == (cls.__name__ in OURS)


def transport_exceptions() -> list[type[httpx2.HTTPError]]:
    """Every exception class of the transport below the SDK."""
    found = [getattr(httpx2, name) for name in httpx2.__all__]
    return [kind for kind in found if inspect.isclass(kind) and issubclass(kind, httpx2.HTTPError)]


@pytest.mark.parametrize("cls", transport_exceptions())
def test_transport_exceptions(cls: type[httpx2.HTTPError]) -> None:
    """Each exception of the transport is a broken connection, a timeout, or a malformed answer."""
    assert kind_of(cls.__new__(cls)) in ("connection", "timeout", "malformed")


def test_list_models() -> None:
    """The endpoint's models are listed, also while an event loop runs; a wrong answer is an error."""

    async def run() -> None:
        def say(seen: Seen) -> bytes:
            return (
                answer({"data": [{"id": "b"}, {"id": "a"}]})
                if seen.headers.get("authorization")
                else answer("", 401)
            )

        async with serve(say) as server:
            keyed = OpenAI("probe", base_url=server.base_url, api_key=KEY)
            assert await asyncio.to_thread(keyed.list_models) == ["a", "b"]
            bare = OpenAI("probe", base_url=server.base_url)
            with pytest.raises(ModelError, match="api_key"):
                await asyncio.to_thread(bare.list_models)
        async with serve(answer({"object": "nothing"})) as server:
            with pytest.raises(ModelError, match="no list"):
                await asyncio.to_thread(OpenAI("probe", base_url=server.base_url).list_models)

    asyncio.run(run())


def test_conversation() -> None:
    """Prior messages, tool calls and tool answers are sent as the protocol has them."""

    async def run() -> Any:
        async with serve(answer(chat())) as server:
            model = OpenAI("fake", base_url=server.base_url)
            call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
            asked = request()
            messages = (
                Message(role="user", content="find it"),
                Message(role="assistant", content="", tool_calls=(call,)),
                Message(role="tool", content="found", tool_call_id="c1"),
            )
            await answers(model, type(asked)(messages=messages, ref=asked.ref))
            await model.aclose()
            return server.seen[0].body["messages"]

    sent = asyncio.run(run())
    assert sent[1]["tool_calls"][0]["id"] == "c1"
    assert sent[2] == {"role": "tool", "content": "found", "tool_call_id": "c1"}


def test_vendor_is_loaded_late() -> None:
    """Importing the module and making a model loads neither the SDK nor its transport."""
    code = (
        "import sys; from workbench.client.openai import OpenAI; OpenAI('m', base_url='http://localhost:1');"
        "sys.exit(any(name in sys.modules for name in ('openai', 'httpx2')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"param": "response_format"}, "schema_rejected"),
        (400, {"param": "response_format.json_schema.schema"}, "schema_rejected"),
        (
            400,
            {"param": "tools[0].function.parameters", "code": "invalid_function_parameters"},
            "schema_rejected",
        ),
        (422, {"param": "tool_choice"}, "schema_rejected"),
        (400, {"code": "invalid_json_schema"}, "schema_rejected"),
        (400, {"param": "messages"}, "bad_request"),
        (400, {"param": None, "code": 400}, "bad_request"),
        (400, {"param": ["response_format"], "code": {"a": 1}}, "bad_request"),
        (500, {"param": "response_format"}, "server"),
        (401, {"param": "tools"}, "auth"),
    ],
)
def test_a_rejected_schema_is_told_by_the_error_object(status: int, error: Any, kind: ErrorKind) -> None:
    """The error object's param or code decides, never its words."""
    body = {"error": {"message": "Invalid schema for response_format", "type": "x", **error}}
    ask(answer(body, status), kind=kind)


def test_what_stays_here_is_not_sent() -> None:
    """The schema that a JSON mode is held against, and the number of re-asks, never reach the wire."""
    form = {"type": "json_object"}
    body = body_of(request(answer_schema={}, reask=2, response_format=form))
    assert set(body) == {"model", "messages", "temperature", "stop", "response_format"}
