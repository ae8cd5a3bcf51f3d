"""OpenAI's moderation endpoint as a classifier: the text leaves this machine. An extra: it needs a key."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from workbench.client.endpoint import OPENAI_URL, Endpoint
from workbench.client.failures import kind_of_status
from workbench.client.transport import http_options
from workbench.core.identity import digest
from workbench.core.records import Verdict
from workbench.core.redact import remember
from workbench.errors import ErrorKind, InputError, ModelError

if TYPE_CHECKING:
    import httpx2

__all__ = ["Moderation"]

KEY_VARIABLE = "OPENAI_API_KEY"


class Moderation:
    """Asks a moderation endpoint what a text is; its categories are the endpoint's own.

    One check is one request: nothing is retried, since whoever waits for it has stated what happens where it
    fails. Redirects are off, and the key goes to this endpoint only.

    Parameters
    ----------
    model
        As the endpoint knows it.
    threshold
        The least score of a finding, from 0 to 1; None: what the endpoint itself flags.
    base_url
        Up to ``/v1``. https, or http on this machine.
    api_key
        None: taken from ``OPENAI_API_KEY``, for OpenAI only.
    timeout_s
        Seconds until an unanswered check counts as failed.
    name
        The classifier's name.
    transport
        An httpx2 transport instead of the network.

    Raises
    ------
    InputError
        Where the endpoint must not be asked (`Endpoint.parse`).
    """

    def __init__(
        self,
        *,
        model: str = "omni-moderation-latest",
        threshold: float | None = None,
        base_url: str = OPENAI_URL,
        api_key: str | None = None,
        timeout_s: float = 10.0,
        name: str = "moderation",
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.name, self.model, self.threshold, self.timeout_s = name, model, threshold, timeout_s
        self.endpoint = Endpoint.parse(base_url)
        own = self.endpoint.origin == Endpoint.parse(OPENAI_URL).origin
        self._needs_key = own
        self._key = api_key or (os.environ.get(KEY_VARIABLE) if own else None) or None
        if self._key is not None:
            remember(self._key)
        self._transport = transport
        # Connections belong to the event loop they were opened in.
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = WeakKeyDictionary()

    @property
    def digest(self) -> str:
        """Identity of the definition: endpoint, model and threshold."""
        return digest(["moderation", self.endpoint.origin, self.model, self.threshold])

    async def check(self, text: str) -> Verdict:
        """Return what the endpoint says of a text, and how long it took.

        Raises
        ------
        InputError
            Where the key is missing.
        ModelError
            Where it cannot be reached, refuses, or answers something else.
        """
        if self._needs_key and self._key is None:
            raise InputError(self.name, f"the variable {KEY_VARIABLE} is not set", f"export {KEY_VARIABLE}=…")
        now = asyncio.get_running_loop().time
        began = now()
        body = await self._ask(text)
        try:
            result = body["results"][0]
            flagged = {name for name, yes in result["categories"].items() if yes}
            scores = {str(name): float(score) for name, score in result["category_scores"].items()}
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise self._error("the response is no verdict", "malformed") from None
        if self.threshold is not None:
            flagged = {name for name, score in scores.items() if score >= self.threshold}
        surest = max(flagged or scores, key=lambda name: scores.get(name, 0.0), default=None)
        return Verdict(
            category=surest if flagged else None,
            score=min(1.0, max(0.0, scores.get(surest or "", 0.0))),
            latency_s=now() - began,
        )

    async def aclose(self) -> None:
        """Close the running event loop's connections."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def _ask(self, text: str) -> Any:
        import httpx2

        whole = text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be sent
        body: Mapping[str, Any] = {"model": self.model, "input": whole}
        try:
            response = await self._client().post(f"{self.endpoint.base_url}/moderations", json=body)
            if response.status_code != 200:
                status = response.status_code
                raise self._error(f"HTTP {status}", kind_of_status(status), status)
            return response.json()
        except httpx2.TimeoutException:
            raise self._error(f"no answer within {self.timeout_s:g} s", "timeout") from None
        except httpx2.HTTPError as error:
            raise self._error(type(error).__name__, "connection") from None
        except ValueError:
            raise self._error("the response is no JSON", "malformed") from None

    def _client(self) -> httpx2.AsyncClient:
        import httpx2

        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            # Of a foreign origin: then the options carry the key themselves, and no header of the SDK's.
            options = http_options(
                self.endpoint, self._key, own=False, timeout_s=self.timeout_s, connections=None
            )
            client = self._clients[loop] = httpx2.AsyncClient(**options, transport=self._transport)
        return client

    def _error(self, problem: str, kind: ErrorKind, status: int | None = None) -> ModelError:
        subject, remedy = f"{self.name} at {self.endpoint.host}", "Look whether the endpoint can be reached."
        return ModelError(subject, problem, remedy, kind=kind, status=status)
