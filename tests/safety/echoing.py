"""An endpoint that gives back what it should not: key and prompt, in answers, errors and headers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["echoing"]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer with the last message and the key; one that says ``refuse`` gets it as an error."""
        size = int(self.headers.get("content-length", 0))
        asked = json.loads(self.rfile.read(size))["messages"][-1]["content"]
        said = f"billing {asked} {self.headers.get('authorization')}"
        if "refuse" in asked:
            self._send(400, {"error": {"message": said, "code": "bad", "param": said}})
            return
        usage = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        self._send(200, {"model": f"echo {said}", "choices": [choice], "usage": usage})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.send_header("x-echo", (self.headers.get("authorization") or "").removeprefix("Bearer "))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    """Serve it on loopback and give its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
