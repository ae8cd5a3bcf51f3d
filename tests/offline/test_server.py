"""The endpoint over a real socket, asked by the vendor's own client and by plain HTTP."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import openai
import pytest

from workbench.core.records import Message
from workbench.errors import InputError
from workbench.offline.chat import Chat
from workbench.offline.replay import Recording
from workbench.offline.server import MAX_BODY, OfflineServer
from workbench.offline.tokens import count_text, count_tokens

SYSTEM = "Answer with one of billing, login, delivery."
MESSAGES: Any = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "I cannot sign in."}]
BODY = {"model": "minilm", "messages": MESSAGES, "temperature": 0}


@pytest.fixture(scope="module")
def server() -> Iterator[OfflineServer]:
    """Return a running server with the default models."""
    with OfflineServer(now=lambda: 1_700_000_000.9) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: OfflineServer) -> Iterator[openai.OpenAI]:
    """Return the vendor's client, with its own retries off."""
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as made:
        yield made


def ask(server: OfflineServer, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    """Return status and decoded body of one plain HTTP request."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=30)
    connection.request(method, path, body)
    answer = connection.getresponse()
    found = json.loads(answer.read())
    connection.close()
    return answer.status, found


def test_chat(client: openai.OpenAI) -> None:
    """A chat is answered with a label, the served model, and usage by the stated tokenizer."""
    reply = client.chat.completions.create(model="minilm", messages=MESSAGES, temperature=0, seed=1)
    assert reply.choices[0].message.content == "login"
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.model, reply.created) == ("minilm", 1_700_000_000)
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == count_tokens([Message(**message) for message in MESSAGES])
    assert reply.usage.completion_tokens == count_text("login")
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens


def test_seed_is_honored(client: openai.OpenAI) -> None:
    """The same seed gives the same answer, over many seeds more than one answer comes."""

    def drawn(seed: int) -> str | None:
        reply = client.chat.completions.create(model="tfidf", messages=MESSAGES, temperature=2, seed=seed)
        return reply.choices[0].message.content

    answers = [drawn(seed) for seed in range(20)]
    assert [drawn(seed) for seed in range(20)] == answers
    assert len(set(answers)) > 1


def test_streaming(client: openai.OpenAI) -> None:
    """A streamed answer is the same text in pieces, ends with its reason, and tells the usage when asked."""
    schema = {"name": "answer", "schema": {"properties": {"label": {"enum": ["log in", "pay"]}}}}
    whole = client.chat.completions.create(
        model="minilm",
        messages=MESSAGES,
        temperature=0,
        response_format={"type": "json_schema", "json_schema": schema},  # type: ignore[typeddict-item]
    )
    events = list(
        client.chat.completions.create(
            model="minilm",
            messages=MESSAGES,
            temperature=0,
            response_format={"type": "json_schema", "json_schema": schema},  # type: ignore[typeddict-item]
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    pieces = [event.choices[0].delta.content or "" for event in events if event.choices]
    assert "".join(pieces) == whole.choices[0].message.content == '{"label": "log in"}'
    assert sum(bool(piece) for piece in pieces) > 1
    assert [event.choices[0].finish_reason for event in events if event.choices][-1] == "stop"
    assert events[-1].choices == []
    assert events[-1].usage == whole.usage


def test_tools(client: openai.OpenAI) -> None:
    """A tool that must be called gets the answer as its arguments, whole and streamed."""
    function = {"name": "answer", "parameters": {"properties": {"label": {"enum": ["log in", "pay"]}}}}
    asked: dict[str, Any] = {
        "model": "minilm",
        "messages": MESSAGES,
        "temperature": 0,
        "tools": [{"type": "function", "function": function}],
        "tool_choice": {"type": "function", "function": {"name": "answer"}},
    }
    message = client.chat.completions.create(**asked).choices[0].message
    assert message.content is None
    (call,) = message.tool_calls or []
    assert (call.function.name, call.function.arguments) == ("answer", '{"label": "log in"}')  # type: ignore[union-attr]
    deltas = [event.choices[0].delta for event in client.chat.completions.create(**asked, stream=True)]
    (streamed,) = [delta.tool_calls[0] for delta in deltas if delta.tool_calls]
    assert streamed.function.arguments == '{"label": "log in"}'
    assert not any(delta.content for delta in deltas)


def test_max_tokens(client: openai.OpenAI) -> None:
    """An answer above the limit is cut, and says so."""
    system = {"role": "system", "content": "Answer with one of feature-request, feature-wish."}
    reply = client.chat.completions.create(
        model="minilm", messages=[system, MESSAGES[1]], temperature=0, max_tokens=1
    )
    assert reply.choices[0].message.content == "feature"
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 1


def test_embeddings(client: openai.OpenAI, server: OfflineServer) -> None:
    """Vectors come as numbers or base64, of length 1, in the order of the texts."""
    packed = client.embeddings.create(model="all-MiniLM-L6-v2", input=["parcel", "password"])
    numbers = client.embeddings.create(
        model="all-MiniLM-L6-v2", input=["parcel", "password"], encoding_format="float"
    )
    rows = np.array([item.embedding for item in packed.data])
    assert rows.shape == (2, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows, [item.embedding for item in numbers.data], atol=1e-6)
    assert packed.usage.prompt_tokens == 2
    assert ask(server, "POST", "/v1/embeddings", b'{"model": "minilm", "input": []}')[0] == 400
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="tfidf", input="x")


def test_models_say_what_they_are(client: openai.OpenAI) -> None:
    """The list of models says plainly that the classifiers are not language models."""
    described = {model.id: model.model_dump()["description"] for model in client.models.list()}
    assert set(described) == {"minilm", "tfidf", "all-MiniLM-L6-v2"}
    assert all("Not a language model" in described[name] for name in ("minilm", "tfidf"))


def test_errors(client: openai.OpenAI, server: OfflineServer) -> None:
    """Wrong requests are the protocol's errors, which the vendor's client knows by class."""
    with pytest.raises(openai.NotFoundError, match="It has minilm, tfidf") as caught:
        client.chat.completions.create(model="gpt-9", messages=MESSAGES)
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="names no allowed labels") as refused:
        client.chat.completions.create(model="minilm", messages=[{"role": "user", "content": "hi"}])
    assert refused.value.code == "no_labels"
    assert ask(server, "POST", "/v1/chat/completions", b"{")[0] == 400
    assert ask(server, "POST", "/v1/chat/completions", b"\xff\xfe")[0] == 400
    assert ask(server, "POST", "/v1/chat/completions", b"[" * 100_000)[0] == 400
    assert ask(server, "GET", "/v1/chat/completions")[0] == 405
    status, body = ask(server, "GET", "/v1/nothing")
    assert status == 404
    assert "/v1/models" in body["error"]["message"]


def test_large_bodies_are_refused(server: OfflineServer) -> None:
    """A body above the limit is a 413; the server goes on."""
    status, body = ask(server, "POST", "/v1/chat/completions", b" " * (MAX_BODY + 1))
    assert status == 413
    assert "bytes" in body["error"]["message"]
    assert ask(server, "GET", "/v1/models")[0] == 200


def test_broken_unicode(server: OfflineServer) -> None:
    """Half a surrogate pair in a text is answered like any other text."""
    body = json.dumps({**BODY, "messages": [MESSAGES[0], {"role": "user", "content": "hi \ud83d"}]}).encode()
    status, found = ask(server, "POST", "/v1/chat/completions", body)
    assert status == 200
    assert found["choices"][0]["message"]["content"] in ("billing", "login", "delivery")


def test_a_failing_model_is_a_500() -> None:
    """A responder's own mistake is a 500, and the server goes on."""

    class Broken:
        models = {"broken": "a model with a mistake in it"}  # noqa: RUF012

        def answer(self, chat: Chat) -> str:
            raise ZeroDivisionError

    with OfflineServer(models=[Broken()]) as server:
        body = json.dumps({**BODY, "model": "broken"}).encode()
        status, found = ask(server, "POST", "/v1/chat/completions", body)
        assert status == 500
        assert "ZeroDivisionError" in found["error"]["message"]
        assert ask(server, "GET", "/v1/models")[0] == 200


def test_key() -> None:
    """A server started with a key answers only who sends it."""
    recording = Recording([{"messages": MESSAGES, "output": "ok"}], model="rec")
    key = "-".join(["not", "a", "real", "key"])
    with OfflineServer(models=[recording], api_key=key) as server:
        with openai.OpenAI(base_url=server.base_url, api_key=key, max_retries=0) as client:
            assert client.chat.completions.create(model="rec", messages=MESSAGES).choices
        with (
            openai.OpenAI(base_url=server.base_url, api_key="wrong", max_retries=0) as client,
            pytest.raises(openai.AuthenticationError, match="API key"),
        ):
            client.models.list()


def test_start_and_stop() -> None:
    """A server starts twice without harm, stops, frees its port, and can start again."""
    recording = Recording([{"messages": MESSAGES, "output": "ok"}], model="rec")
    server = OfflineServer(models=[recording])
    with pytest.raises(InputError, match="not started"):
        _ = server.base_url
    with server:
        port = server.port
        assert server.start().port == port
        with pytest.raises(InputError, match="cannot listen"):
            OfflineServer(port=port or 0, models=[recording]).start()
    server.stop()
    assert server.port is None
    with OfflineServer(port=port or 0, models=[recording]) as again:
        assert ask(again, "GET", "/v1/models")[0] == 200


def test_two_models_of_one_name() -> None:
    """Two responders that answer to one name are refused."""
    recordings = [Recording([{"messages": MESSAGES, "output": "ok"}], model="rec") for _ in range(2)]
    with pytest.raises(InputError, match="two models"):
        OfflineServer(models=recordings)


def test_loopback_only(server: OfflineServer) -> None:
    """It listens on 127.0.0.1 and on no other address of this machine."""
    others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in others - {"127.0.0.1"}:
        with pytest.raises(OSError):
            socket.create_connection((address, server.port or 0), timeout=1).close()


def test_many_at_once_and_quickly(server: OfflineServer) -> None:
    """Eight connections at once get their own answers, in a few milliseconds of processor time a call."""
    server.warm(["I cannot sign in."])
    found: list[str] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port or 0, timeout=30)
        for seed in range(50):
            connection.request("POST", "/v1/chat/completions", json.dumps({**BODY, "seed": seed}))
            found.append(json.loads(connection.getresponse().read())["choices"][0]["message"]["content"])
        connection.close()

    spent, clock = time.process_time(), time.perf_counter()
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["login"] * 400
    # Generous, for a busy machine: 0.5 ms is usual, client included. 40 ms each would be Nagle's algorithm.
    assert (time.process_time() - spent) / 400 < 0.010
    assert (time.perf_counter() - clock) / 50 < 0.5
