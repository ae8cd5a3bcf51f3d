"""The OpenAI SDK as a Model: any OpenAI-compatible endpoint, one request on the wire for one `ask`."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from workbench.client.endpoint import OPENAI_URL, Endpoint
from workbench.client.failures import kind_of_status, remedy_of, response_of, retry_after_s, words_of
from workbench.client.flight import Flight
from workbench.client.transport import http_options
from workbench.client.wire import Assembly, WireError, body_of, reply_of
from workbench.core.records import NO_TOKEN, Attempt, ModelRef, Reply, Request
from workbench.core.redact import redact, remember
from workbench.errors import ErrorKind, InputError, ModelError

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

__all__ = ["OpenAI", "kind_of", "never_sent"]

KEY_VARIABLE = "OPENAI_API_KEY"


class OpenAI:
    """A model behind an OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, the embedded one, any other.

    The SDK's own retries are off, so one `ask` is one request and one `Attempt`. Redirects are off. A key is
    sent to the endpoint it was given for and to no other, and the one in ``OPENAI_API_KEY`` to OpenAI only.

    Parameters
    ----------
    model
        The name the endpoint knows.
    base_url
        The endpoint, up to ``/v1``; None: OpenAI's. https, or http on this machine.
    api_key
        The key; None: taken from the variable `api_key_env`.
    api_key_env
        Name of the environment variable with the key; None: ``OPENAI_API_KEY`` for OpenAI, none for others.
    name
        The name in tables and charts; None: ``openai/<model>``, elsewhere ``<host>/<model>``.
    origin
        Whose model it is, part of a call's identity; None: ``https://host`` of the endpoint.
    timeout_s
        Seconds until an unanswered request counts as failed, from sending to the last byte.
    price
        What it costs, as a price book takes it; None: what the price data say, else unknown.
    stream
        Whether the answer is streamed, so that the time to its first token is measured.
    concurrency
        Requests on the wire at once; None: as many as are asked.
    requests_per_min, tokens_per_min
        What the endpoint allows, above 0; None: what its ``x-ratelimit-*`` headers say.
    transport
        An httpx2 transport instead of the network.
    now
        Gives seconds since the epoch.

    Raises
    ------
    InputError
        Where the endpoint must not be asked (`Endpoint.parse`), or a limit is not above 0.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        api_key_env: str | None = None,
        name: str | None = None,
        origin: str | None = None,
        timeout_s: float = 60.0,
        price: Any = None,
        stream: bool = False,
        concurrency: int | None = None,
        requests_per_min: float | None = None,
        tokens_per_min: float | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if any(limit is not None and limit <= 0 for limit in (requests_per_min, tokens_per_min)):
            raise InputError(f"model {model!r}", "its limits a minute are not above 0", "Leave them out.")
        self.endpoint = Endpoint.parse(base_url or OPENAI_URL)
        self._own = self.endpoint.origin == Endpoint.parse(OPENAI_URL).origin
        self._variable = api_key_env or (KEY_VARIABLE if self._own else None)
        self._key = api_key or (os.environ.get(self._variable) if self._variable else None) or None
        if self._key is not None:
            remember(self._key)
        provider = "openai" if self._own else self.endpoint.host
        self.ref = ModelRef(
            name=name or f"{provider}/{model}", model=model, origin=origin or self.endpoint.origin
        )
        self.price = price
        self.timeout_s = timeout_s
        self.concurrency = concurrency
        self.allowed_per_min = (requests_per_min, tokens_per_min)
        self.stream = stream
        self.observers: list[Callable[[ModelRef, Mapping[str, str]], None]] = []
        """Each hears of every response's headers, and whose they are: `Limits.observe`."""
        self._transport = transport
        self._now = now
        # Connections belong to the event loop they were opened in; a notebook has more than one.
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncOpenAI] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"OpenAI({self.ref.model!r}, base_url={self.endpoint.base_url!r})"

    def check(self) -> None:
        """Look whether it can be asked at all; nothing is sent.

        Raises
        ------
        InputError
            Where OpenAI, or an endpoint with a named variable, is to be asked without a key.
        """
        if self._variable and self._key is None:
            raise InputError(
                f"model {self.ref.name!r}",
                f"needs a key, and the variable {self._variable} is not set",
                f"Set it where the workbench runs: export {self._variable}=…",
            )

    async def ask(self, request: Request) -> Reply:
        """Return the reply, or raise `ModelError`; either carries exactly one attempt, or none unsent."""
        try:
            self.check()
        except InputError as error:
            raise ModelError(error.subject, error.problem, error.remedy, kind="auth") from None
        client = self._client()
        loop = asyncio.get_running_loop()
        flight = Flight(request, loop.time(), self._now())
        try:
            async with asyncio.timeout(self.timeout_s):
                body = await self._send(client, body_of(request, stream=self.stream), flight)
            reply = reply_of(body, flight.request.ref.model)
        except Exception as error:
            raise self._error(error, flight, loop.time()) from None
        attempt = flight.attempt(loop.time(), served=reply.model_served)
        return replace(reply, attempts=(attempt,))

    def list_models(self) -> list[str]:
        """Return the names of the models that the endpoint serves, sorted.

        Raises
        ------
        InputError
            Where the key is missing.
        ModelError
            Where it cannot be reached, refuses, or answers something else.
        """
        import httpx2
        import openai

        self.check()
        try:
            with (
                httpx2.Client(**self._http_options()) as http,
                openai.OpenAI(http_client=http, **self._sdk_options()) as client,
            ):
                body = client.get("/models", cast_to=httpx2.Response).json()
                return sorted(str(row["id"]) for row in body["data"])
        except (KeyError, TypeError):
            raise self._error(WireError("no list of models")) from None
        except Exception as error:
            raise self._error(error) from None

    async def aclose(self) -> None:
        """Close the running event loop's connections."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> AsyncOpenAI:
        """Return the running event loop's client, made when first asked for."""
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            import httpx2
            import openai

            http = httpx2.AsyncClient(**self._http_options(), transport=self._transport)
            client = self._clients[loop] = openai.AsyncOpenAI(http_client=http, **self._sdk_options())
        return client

    def _http_options(self) -> dict[str, Any]:
        return http_options(
            self.endpoint, self._key, own=self._own, timeout_s=self.timeout_s, connections=self.concurrency
        )

    def _sdk_options(self) -> dict[str, Any]:
        return {
            "api_key": self._key or "no-key",  # the SDK insists on one; `http_options` takes it off again
            "base_url": self.endpoint.base_url,
            "max_retries": 0,
            "timeout": self.timeout_s,
        }

    async def _send(self, client: AsyncOpenAI, body: dict[str, Any], flight: Flight) -> Any:
        """Return the response's JSON; of a stream, the JSON that the same answer has unstreamed."""
        import httpx2

        # The SDK without its response objects, whose making takes longer than all the rest of a call.
        options: Any = {"cast_to": httpx2.Response, "stream": self.stream, "stream_cls": None}
        response = await client.post("/chat/completions", body=body, **options)
        flight.status = response.status_code
        self._tell(response.headers)
        if not self.stream:
            flight.body = response.json()
            return flight.body
        assembly = Assembly()
        try:
            async for line in response.aiter_lines():
                data = line[5:].strip() if line.startswith("data:") else ""
                if data == "[DONE]":
                    break
                if data and assembly.add(json.loads(data)) and flight.ttft_s is None:
                    flight.ttft_s = asyncio.get_running_loop().time() - flight.start
        finally:
            await response.aclose()
        flight.body = assembly.body()
        return flight.body

    def _tell(self, headers: Mapping[str, str]) -> None:
        for observer in self.observers:
            observer(self.ref, headers)

    def _error(self, error: Exception, flight: Flight | None = None, ended: float = 0.0) -> ModelError:
        """Return what a caller is told of a failure, with its attempt where something was sent."""
        kind, status, code, headers = kind_of(error), *response_of(error)
        if flight is not None and headers:
            self._tell(headers)
        status = status or (flight.status if flight else None)
        problem = redact(words_of(error, kind, status))
        attempts: tuple[Attempt, ...] = ()
        if flight is not None:
            made = flight.attempt(ended, kind=kind, error=problem, status=status)
            attempts = (replace(made, usage=NO_TOKEN) if never_sent(error) else made,)
        url, name = self.endpoint.base_url, self.ref.model
        remedy = remedy_of(
            kind, base_url=url, model=name, key_variable=self._variable, status=status, code=code
        )
        return ModelError(
            self.ref.name,
            problem,
            remedy,
            kind=kind,
            status=status,
            retry_after_s=retry_after_s(headers, self._now()),
            attempts=attempts,
        )


def never_sent(error: BaseException) -> bool:
    """Return whether an exception says that there was no connection to send anything on."""
    import httpx2

    cause = error.__cause__ or error
    return isinstance(cause, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))


def kind_of(error: BaseException) -> ErrorKind:
    """Return the kind of failure that an exception of the SDK, its transport or its JSON stands for."""
    import httpx2
    import openai

    if isinstance(error, openai.APIStatusError):
        return kind_of_status(error.status_code, error.code, error.param)
    if isinstance(error, WireError):
        return error.kind
    kinds: tuple[tuple[tuple[type[BaseException], ...], ErrorKind], ...] = (
        ((TimeoutError, openai.APITimeoutError, httpx2.TimeoutException), "timeout"),
        ((openai.APIResponseValidationError, httpx2.DecodingError), "malformed"),
        ((openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError), "malformed"),
        ((openai.InvalidWebhookSignatureError, json.JSONDecodeError, UnicodeDecodeError), "malformed"),
        ((RecursionError,), "malformed"),  # brackets nested without end
        ((openai.APIConnectionError, httpx2.HTTPError), "connection"),
        ((openai.WebSocketConnectionClosedError, openai.WebSocketQueueFullError), "connection"),
        ((UnicodeEncodeError,), "bad_request"),  # half a surrogate pair in a prompt
        ((openai.APIError,), "server"),
    )
    return next((kind for classes, kind in kinds if isinstance(error, classes)), "internal")
