"""The embedded endpoint: an OpenAI-compatible HTTP server on loopback, in a thread of this process.

``POST /v1/chat/completions`` (streamed or not), ``GET /v1/models``, ``POST /v1/embeddings``. It listens on
127.0.0.1 only. Behind it stand small classifiers and recordings, not language models; ``/v1/models`` says so.
"""

from __future__ import annotations

import hmac
import itertools
import json
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from workbench.errors import InputError, WorkbenchError
from workbench.offline import wire
from workbench.offline.chat import Chat, ChatError, Responder, parse_chat, parse_texts
from workbench.offline.classifier import MiniLMClassifier, TfidfClassifier
from workbench.offline.listening import listen
from workbench.semantic.embed import MiniLM

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request as HttpRequest
    from starlette.responses import Response
    from uvicorn import Server

    from workbench.core.protocols import Embedder
    from workbench.offline.faults import Faults

__all__ = ["EMBEDDING_MODEL", "MAX_BODY", "OfflineServer"]

EMBEDDING_MODEL = "all-MiniLM-L6-v2"
"""The model name that ``/v1/embeddings`` answers to."""

MAX_BODY = 8 * 2**20
"""Most bytes of a request's body."""

_Endpoint = Callable[["HttpRequest"], Awaitable["Response"]]


class OfflineServer:
    """Serves small local models as an OpenAI-compatible endpoint; use it as a context manager.

    Parameters
    ----------
    port
        0 takes a free one.
    models
        Who answers; None: `MiniLMClassifier` and `TfidfClassifier`. Add recordings by listing them all.
    embedder
        Makes the vectors of ``minilm`` and of ``/v1/embeddings``; None: the packaged all-MiniLM-L6-v2.
    api_key
        Where given, requests without it are answered with 401; None: no key is asked for.
    faults
        Breaks answers on purpose, keeps limits and bills, also at ``GET /ledger``; None: none of it.
    now
        Seconds since the epoch.

    Raises
    ------
    InputError
        Where two models have one name.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        models: Iterable[Responder] | None = None,
        embedder: Embedder | None = None,
        api_key: str | None = None,
        faults: Faults | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._embedder: Embedder = embedder if embedder is not None else MiniLM()
        self._models = _by_name(
            models if models is not None else (MiniLMClassifier(self._embedder), TfidfClassifier())
        )
        self._key = api_key
        self.faults = faults
        """What goes wrong on purpose, with its ledger; None: nothing."""
        self._now = now
        self._asked_port = port
        self._ids = itertools.count(1)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.port: int | None = None
        """The port it listens on; None while it does not."""

    @property
    def base_url(self) -> str:
        """The address to give a client, ``http://127.0.0.1:<port>/v1``.

        Raises
        ------
        InputError
            Where the server is not started.
        """
        if self.port is None:
            raise InputError(
                "offline server", "it is not started", "Call start(), or use it in a with statement."
            )
        return f"http://127.0.0.1:{self.port}/v1"

    def warm(self, texts: Sequence[str]) -> None:
        """Embed many texts at once, so that asking about each costs no encoding of its own."""
        self._embedder.embed(list(dict.fromkeys(texts)))

    def start(self) -> Self:
        """Start listening, and return when requests are answered; a started server stays as it is.

        Raises
        ------
        InputError
            Where the port is taken.
        """
        if self._thread is not None:
            return self
        from uvicorn import Config, Server

        listener = listen(self._asked_port)
        config = Config(
            self._app() if self.faults is None else self.faults.around(self._app()),
            log_config=None,
            log_level="critical",
            access_log=False,
            lifespan="off",
            http="h11",  # the same with and without uvicorn's extras
            loop="asyncio",
            ws="none",
            # Longer than clients keep idle connections, or they meet a closing one.
            timeout_keep_alive=75,
            server_header=False,
        )
        self._server = Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="offline-server", daemon=True
        )
        self._thread.start()
        self.port = int(listener.getsockname()[1])
        while not self._server.started and self._thread.is_alive():
            self._thread.join(0.005)
        return self

    def stop(self) -> None:
        """Stop listening and end the thread; a server that is not started stays as it is."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=5)
            self._server.force_exit = True  # a client that keeps a stream open does not keep the server
            self._thread.join(timeout=5)
        self._server = self._thread = self.port = None

    def wait(self) -> None:
        """Return when the server has stopped: for a process that does nothing else."""
        while self._thread is not None and self._thread.is_alive():
            self._thread.join(0.5)  # in slices, so that an interrupt is heard

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _app(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route

        return Starlette(
            routes=[
                Route("/v1/chat/completions", self._guarded(self._chat), methods=["POST"]),
                Route("/v1/embeddings", self._guarded(self._embed), methods=["POST"]),
                Route("/v1/models", self._guarded(self._list), methods=["GET"]),
            ],
            exception_handlers={404: _no_path, 405: _no_path},
        )

    def _guarded(self, endpoint: _Endpoint) -> _Endpoint:
        """Check the key, and turn every error into the protocol's JSON."""

        @wraps(endpoint)
        async def guarded(request: HttpRequest) -> Response:
            sent = request.headers.get("authorization", "").removeprefix("Bearer ")
            if self._key is not None and not hmac.compare_digest(sent.encode(), self._key.encode()):
                message = (
                    "Wrong or missing API key. This server was started with one: send it as a bearer token."
                )
                return _json(401, wire.error(message, kind="authentication_error", code="invalid_api_key"))
            try:
                return await endpoint(request)
            except ChatError as error:
                return _json(error.status, wire.error(str(error), code=error.code))
            except WorkbenchError as error:
                # Not a 5xx: asking again does not install a package.
                return _json(400, wire.error(str(error), code="model_unavailable"))
            except Exception as error:  # the server outlives a mistake in a model
                message = f"The server made a mistake ({type(error).__name__}). Please report it."
                return _json(500, wire.error(message, kind="server_error"))

        return guarded

    async def _chat(self, request: HttpRequest) -> Response:
        chat = parse_chat(await _body(request))
        text = self._responder(chat).answer(chat)
        made = {"reply_id": f"chatcmpl-offline-{next(self._ids)}", "created": int(self._now())}
        if not chat.stream:
            return _json(200, wire.completion(chat, text, **made))  # type: ignore[arg-type]
        from starlette.responses import StreamingResponse

        events = wire.chunks(chat, text, **made)  # type: ignore[arg-type]
        return StreamingResponse(_each(events), media_type="text/event-stream")

    def _responder(self, chat: Chat) -> Responder:
        if chat.model not in self._models:
            raise ChatError(
                f"model {chat.model!r}",
                "this server has no such model",
                f"It has {', '.join(sorted(self._models)) or 'none'}.",
                status=404,
                code="model_not_found",
            )
        return self._models[chat.model]

    async def _embed(self, request: HttpRequest) -> Response:
        model, texts, as_base64 = parse_texts(await _body(request))
        if model not in (EMBEDDING_MODEL, "minilm"):
            raise ChatError(
                f"embedding model {model!r}",
                "this server has no such model",
                f"Use {EMBEDDING_MODEL}.",
                status=404,
                code="model_not_found",
            )
        return _json(200, wire.embeddings(model, texts, self._embedder.embed(texts), as_base64=as_base64))

    async def _list(self, request: HttpRequest) -> Response:
        described = [(name, responder.models[name]) for name, responder in self._models.items()]
        about = "Sentence embeddings for /v1/embeddings, 384 dimensions; answers no chats."
        return _json(200, wire.models([*described, (EMBEDDING_MODEL, about)]))


def _by_name(responders: Iterable[Responder]) -> dict[str, Responder]:
    named: dict[str, Responder] = {}
    for responder in responders:
        for name in responder.models:
            if name in named:
                raise InputError(
                    f"offline model {name!r}", "two models have this name", "Give one another name."
                )
            named[name] = responder
    return named


def _json(status: int, body: bytes) -> Response:
    from starlette.responses import Response

    return Response(body, status_code=status, media_type="application/json")


async def _body(request: HttpRequest) -> Any:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > MAX_BODY:
            raise ChatError("request body", f"it is above {MAX_BODY:,} bytes", "Send less.", status=413)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ChatError("request body", "it is not JSON", "Send JSON as UTF-8.") from error


async def _each(events: Iterable[bytes]) -> Any:
    for event in events:
        yield event


async def _no_path(request: HttpRequest, error: Exception) -> Response:
    paths = "POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models"
    message = f"{request.method} {request.url.path} is not served here. Served are {paths}."
    return _json(getattr(error, "status_code", 404), wire.error(message, code="not_found"))
