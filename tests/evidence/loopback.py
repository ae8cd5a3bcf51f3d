"""A chat endpoint on a real socket that answers at once, counts what it is asked, and can fail on purpose."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from workbench.core.records import Request

__all__ = ["Loopback", "asked_as"]


def asked_as(request: Request) -> str:
    """Return the name under which the endpoint notes a request."""
    return _name([message.to_dict() for message in request.messages], request.params.get("seed"))


def _name(messages: Any, seed: Any) -> str:
    return hashlib.sha256(json.dumps([messages, seed], sort_keys=True).encode()).hexdigest()


@dataclass
class Loopback:
    """An endpoint in a thread of its own; what it answers depends on the request alone.

    Parameters
    ----------
    delay_s
        Seconds until it answers.
    fail
        Says of the n-th request (from 1): ``error``, a 500; ``drop``, billed and the connection is closed
        without an answer; empty, an answer.
    """

    delay_s: float = 0.0
    fail: Callable[[int], str] = lambda n: ""
    base_url: str = ""
    seen: list[tuple[float, str]] = field(default_factory=list)  # when (monotonic), what
    billed_tokens: int = 0
    answered: list[str] = field(default_factory=list)
    at: Callable[[int], None] = lambda n: None  # told of each request, before it is answered

    def __enter__(self) -> Self:
        """Listen."""
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()

        async def listen() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
            ready.set()

        self._loop.create_task(listen())
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower():
                length = int(head.split("content-length:")[1].split("\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                arrived = time.monotonic()
                if not await self._answer(body, arrived, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone (killed, as like as not), or this server has
        finally:
            writer.close()

    async def _answer(self, body: Any, arrived: float, writer: asyncio.StreamWriter) -> bool:
        what = _name(body["messages"], body.get("seed"))
        self.seen.append((arrived, what))
        number = len(self.seen)
        self.at(number)
        fault = self.fail(number)
        usage = {"prompt_tokens": 20 + int(what[0], 16), "completion_tokens": 1 + int(what[2], 16)}
        if fault != "error":
            self.billed_tokens += sum(usage.values())
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if fault == "drop":
            return False
        answer: dict[str, Any] = {"error": {"message": "on purpose"}}
        if not fault:
            self.answered.append(what)
            message = {"role": "assistant", "content": "ab"[int(what[3], 16) % 2]}
            answer = {
                "id": f"chatcmpl-{what[:8]}",
                "object": "chat.completion",
                "created": 1,
                "model": "mini-2026-01",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {**usage, "total_tokens": sum(usage.values())},
            }
        raw = json.dumps(answer).encode()
        status = "500 Oops" if fault else "200 OK"
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\n\r\n"
        writer.write(head.encode() + raw)
        await writer.drain()
        return True
