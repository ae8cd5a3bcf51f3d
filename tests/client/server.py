"""A real socket on loopback that says what a test tells it to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Seen", "Server", "answer", "chat", "serve"]


@dataclass(slots=True)
class Seen:
    """A request as it arrived: header names in lower case."""

    path: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Server:
    """Where it listens, and what it was asked."""

    base_url: str = ""
    seen: list[Seen] = field(default_factory=list)


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """Return a whole HTTP response; text and bytes as they are, anything else as JSON."""
    raw = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(raw)}", "content-type: application/json"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def chat(text: str | None = "parcel", **changes: Any) -> dict[str, Any]:
    """Return the body of a chat completion."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake-2026-01",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105},
    } | changes


@asynccontextmanager
async def serve(*answers: bytes | Callable[[Seen], bytes], hang: bool = False) -> AsyncIterator[Server]:
    """Serve the answers in order, the last one for ever; hang: read the request and say nothing.

    An answer without the end that its length promises is followed by a closed connection.
    """
    server = Server()
    release = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode().strip().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                server.seen.append(Seen(first.split()[1], headers, json.loads(raw) if raw else None))
                if hang:
                    await release.wait()
                    break
                said = answers[min(len(server.seen), len(answers)) - 1]
                out = said(server.seen[-1]) if callable(said) else said
                writer.write(out)
                await writer.drain()
                promised = int(out.partition(b"content-length: ")[2].split(b"\r\n")[0] or -1)
                if promised != len(out.partition(b"\r\n\r\n")[2]):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client or the test is through with it
        finally:
            writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server
    finally:
        release.set()
        listening.close()
