"""What a page does behind one's back: where it sends requests, what it complains about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Error, Page, Request

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
INSIDE = {"data", "blob", "about", "chrome-extension"}


class Watch:
    """Listens to a page from its first request.

    Parameters
    ----------
    page
        A page that has not been opened yet.
    """

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.sockets: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._request)
        page.on("websocket", lambda socket: self.sockets.append(socket.url))
        page.on("console", self._console)
        page.on("pageerror", self._error)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} ({message.location.get('url', '')})")

    def _error(self, error: Error) -> None:
        self.complaints.append(f"uncaught: {error.message}")

    @property
    def strays(self) -> list[str]:
        """Requests that left this machine, or tried to."""
        return [
            url
            for url in (*self.requests, *self.sockets)
            if urlsplit(url).scheme not in INSIDE and urlsplit(url).hostname not in LOOPBACK
        ]
