"""How faults reach the wire: an ASGI app around the endpoint that withholds, breaks or bends its answers."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.core.identity import digest
from workbench.offline import wire
from workbench.offline.bending import Answer, garble, refuse, shorten

if TYPE_CHECKING:
    from workbench.offline.faults import Fault, Faults

__all__ = ["App", "Breaking"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
"""An ASGI app."""

_CHAT = "/v1/chat/completions"
_SERVER_ERRORS = (500, 502, 503, 529)


class Breaking:
    """The app with faults around it, limits in front of it, and ``GET /ledger`` beside it.

    Parameters
    ----------
    app
        The endpoint.
    faults
        Which request meets what.
    """

    def __init__(self, app: App, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._asked: Counter[str] = Counter()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer, or not."""
        path = scope.get("path")
        if path in ("/ledger", "/v1/ledger"):
            await _send(send, 200, wire.encode(self._faults.ledger.totals()))
        elif path != _CHAT or scope.get("method") != "POST":
            await self._app(scope, receive, send)
        else:
            await self._chat(scope, receive, send)

    async def _chat(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        raw = await _read(receive)
        asked = _parsed(raw)
        request = digest(raw.decode("utf-8", "replace"))[:16]
        fault = self._faults.draw(request, self._asked[request])
        self._asked[request] += 1
        call = _Call(self._faults, fault, request, str(asked.get("model", "")), scope, send, receive)
        if fault is not None and fault.kind in ("rate_limit", "server", "echo_key"):
            await call.refuse(fault)
            return
        answer = await self._answer(scope, asked, raw)
        if answer.status != 200:
            call.bill(answer.status)
            await call.send(answer.status, answer.parts, headers=answer.headers)
            return
        await call.deliver(answer, streamed=bool(asked.get("stream")), tell_usage=_wants_usage(asked))

    async def _answer(self, scope: MutableMapping[str, Any], asked: dict[str, Any], raw: bytes) -> Answer:
        """Ask the endpoint; a stream always with its usage, since that is what is billed."""
        if asked.get("stream"):
            raw = wire.encode({**asked, "stream_options": {"include_usage": True}})
        answer = Answer()

        async def receive() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message.get("headers", ()))
            elif message.get("body"):
                answer.parts.append(message["body"])

        # A version before 2.4 would be watched for a client that leaves, through a receive that is not ours.
        await self._app({**scope, "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send)
        if answer.status == 200:
            if asked.get("stream"):
                answer.parts = [part + b"\n\n" for part in answer.body.split(b"\n\n") if part]
                answer.usage = json.loads(answer.parts[-2][6:])["usage"]
            else:
                answer.usage = json.loads(answer.body)["usage"]
        return answer


@dataclass(slots=True)
class _Call:
    """One request on its way back."""

    faults: Faults
    fault: Fault | None
    request: str
    model: str
    scope: MutableMapping[str, Any]
    _send: Send
    receive: Receive
    limits: dict[str, str] = field(default_factory=dict)

    def bill(self, status: int, usage: dict[str, int] | None = None, fault: str | None = None) -> None:
        """Write it down."""
        tokens = (usage["prompt_tokens"], usage["completion_tokens"]) if usage else (0, 0)
        kind = fault or (self.fault.kind if self.fault else None)
        self.faults.ledger.add(
            request=self.request, model=self.model, fault=kind, status=status, tokens=tokens
        )

    async def send(
        self, status: int, parts: Sequence[bytes], *, headers: Sequence[tuple[bytes, bytes]] = (), **more: str
    ) -> None:
        """Send a whole response."""
        extra = [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
        extra += [(name.encode(), value.encode()) for name, value in self.limits.items()]
        kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        await _send(self._send, status, b"".join(parts), [*kept, *extra])

    async def refuse(self, fault: Fault) -> None:
        """Answer with an error; nothing is billed."""
        if fault.kind == "rate_limit":
            await self._too_many(self.faults.retry_after_s, "Too many requests (a fault on purpose).")
            return
        if fault.kind == "echo_key":
            sent = dict(self.scope["headers"]).get(b"authorization", b"none").decode("latin-1")
            status, message = 500, f"Failed to look up the key {sent.removeprefix('Bearer ')}."
        else:
            status = _SERVER_ERRORS[int(fault.draw * len(_SERVER_ERRORS))]
            message = "The server had an error (a fault on purpose)."
        self.bill(status)
        await self.send(status, [wire.error(message, kind="server_error")])

    async def _too_many(self, wait_s: float, message: str, fault: str | None = None) -> None:
        self.bill(429, fault=fault)
        body = wire.error(message, kind="rate_limit_error", code="rate_limit_exceeded")
        # Whole seconds, as the header's standard wants them; the exact time in the other one.
        await self.send(
            429, [body], retry_after=f"{-(-wait_s // 1):.0f}", retry_after_ms=f"{-(-wait_s * 1000 // 1):.0f}"
        )

    async def deliver(self, answer: Answer, *, streamed: bool, tell_usage: bool) -> None:
        """Send the answer, bent or broken as the fault says, if the limits allow it."""
        kind = self.fault.kind if self.fault else None
        if kind == "refusal":
            refuse(answer, streamed)
        elif kind == "length":
            shorten(answer, streamed)
        if streamed and not tell_usage:
            del answer.parts[-2]
        wait_s, self.limits = self.faults.quota.admit(self.model, answer.usage["total_tokens"])
        if wait_s > 0:
            await self._too_many(wait_s, "Above the limit of this model.", "limit")
            return
        self.bill(200, answer.usage)
        if kind == "malformed":
            garble(answer, streamed, self.fault.draw if self.fault else 0.0)
        if kind == "timeout":
            await self._silence()
        elif kind in ("stall", "drop", "cut"):
            await self._break_off(answer, kind, streamed)
        else:
            if kind == "slow":
                await asyncio.sleep(self.faults.slow_s)
            if streamed:
                await self._stream(answer.parts, answer, end=True)
            else:
                await self.send(200, answer.parts, headers=answer.headers)

    async def _break_off(self, answer: Answer, kind: str, streamed: bool) -> None:
        """Send a part; then end, say nothing more, or break the connection."""
        draw = self.fault.draw if self.fault else 0.0
        if streamed:
            # Before the event that says why the answer ended.
            last = next(at for at, part in enumerate(answer.parts) if b'"finish_reason":null' not in part)
            await self._stream(answer.parts[: 1 + int(draw * (last - 1))], answer, end=kind == "cut")
        else:
            body = answer.body
            await self._start(answer, len(body))
            await self._send(
                {"type": "http.response.body", "body": body[: int(draw * len(body))], "more_body": True}
            )
        if kind == "stall":
            await self._silence()
        # Returning in the middle of a response breaks the connection.

    async def _stream(self, parts: Sequence[bytes], answer: Answer, *, end: bool) -> None:
        await self._start(answer, None)
        for part in parts:
            await self._send({"type": "http.response.body", "body": part, "more_body": True})
        if end:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, answer: Answer, length: int | None) -> None:
        headers = [(name, value) for name, value in answer.headers if name.lower() != b"content-length"]
        headers += [(name.encode(), value.encode()) for name, value in self.limits.items()]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _silence(self) -> None:
        """Say nothing until the client leaves, or patience ends."""
        try:
            async with asyncio.timeout(self.faults.hang_s):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            pass


def _wants_usage(asked: dict[str, Any]) -> bool:
    options = asked.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))


def _parsed(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


async def _read(receive: Receive) -> bytes:
    raw = b""
    while (message := await receive())["type"] == "http.request":
        raw += message.get("body", b"")
        if not message.get("more_body"):
            break
    return raw


async def _send(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    known = {name.lower() for name, _ in headers}
    out = [*headers, (b"content-length", str(len(body)).encode())]
    if b"content-type" not in known:
        out.append((b"content-type", b"application/json"))
    await send({"type": "http.response.start", "status": status, "headers": out})
    await send({"type": "http.response.body", "body": body})
