"""The embedded endpoint in a process of its own, so that client and server do not share one interpreter."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from workbench.errors import ModelError
from workbench.offline import wire
from workbench.offline.chat import Chat, Responder
from workbench.offline.classifier import MiniLMClassifier, TfidfClassifier
from workbench.offline.faults import Faults
from workbench.offline.replay import Recording
from workbench.offline.server import OfflineServer
from workbench.semantic.embed import MiniLM
from workbench.store.embeddings import EmbeddingStore

__all__ = ["OfflineProcess", "serve_child", "serve_forever"]


class OfflineProcess:
    """Starts the endpoint as a child that ends with this process; use it as a context manager.

    Parameters
    ----------
    replay
        A JSON Lines file of recordings to serve instead of the classifiers; None: the classifiers.
    vectors
        Where the vectors of texts are kept between processes (`EmbeddingStore`); None: in memory only.
    """

    def __init__(self, *, replay: Path | None = None, vectors: Path | None = None) -> None:
        self._replay = replay
        self._vectors = vectors
        self._child: subprocess.Popen[str] | None = None
        self._url: str | None = None

    def start(self) -> Self:
        """Start the child without waiting for it; a started one stays as it is."""
        if self._child is None:
            command = [sys.executable, "-m", "workbench.offline"]
            if self._replay is not None:
                command += ["--replay", str(self._replay)]
            if self._vectors is not None:
                command += ["--vectors", str(self._vectors)]
            # One thread: the other core belongs to the client.
            environ = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
            )
            atexit.register(self.stop)
        return self

    @property
    def base_url(self) -> str:
        """The address to give a client; waits until the child listens, its models loaded.

        Raises
        ------
        ModelError
            Where the child ended instead of listening.
        """
        if self._url is None:
            child = self.start()._child
            assert child is not None
            assert child.stdout is not None
            line = child.stdout.readline().strip()
            if not line.startswith("http://127.0.0.1:"):
                self.stop()
                raise ModelError(
                    "embedded endpoint",
                    "it ended before it listened",
                    "Run `python -m workbench.offline` to see why.",
                    kind="connection",
                )
            self._url = line
        return self._url

    def models(self) -> list[str]:
        """Return the names of the models it serves."""
        with urllib.request.urlopen(f"{self.base_url}/models", timeout=30) as answer:  # noqa: S310 (loopback)
            return [str(model["id"]) for model in json.load(answer)["data"]]

    def stop(self) -> None:
        """End the child; one that is not running stays as it is."""
        child, self._child, self._url = self._child, None, None
        if child is not None:
            atexit.unregister(self.stop)
            child.terminate()
            child.wait(timeout=10)
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _server(
    port: int, replay: Path | None, faults: Faults | None = None, vectors: Path | None = None
) -> OfflineServer:
    if replay is not None:
        return OfflineServer(port=port, models=[Recording.from_jsonl(replay)], faults=faults)
    embedder = MiniLM(store=None if vectors is None else EmbeddingStore(vectors))
    models = [MiniLMClassifier(embedder), TfidfClassifier()]
    _warm(embedder, models)
    return OfflineServer(port=port, models=models, embedder=embedder, faults=faults)


def _warm(embedder: MiniLM, models: Sequence[Responder]) -> None:
    """Load what loads lazily: the seconds it takes are no latency of whoever asks first."""
    embedder.load()
    for model in models:
        for name in model.models:
            chat = Chat(
                model=name, messages=(("system", "Answer with one of: yes, no, perhaps."), ("user", "Ready?"))
            )
            wire.completion(chat, model.answer(chat), reply_id="none", created=0)


def serve_child(port: int, replay: Path | None, vectors: Path | None = None) -> None:
    """Serve until standard input closes, which it does when the parent is gone; say the address first.

    Parameters
    ----------
    port
        0 takes a free one.
    replay, vectors
        As in `OfflineProcess`.
    """
    with _server(port, replay, vectors=vectors) as server:
        sys.stdout.write(server.base_url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def serve_forever(port: int, replay: Path | None, faults: Faults | None = None) -> None:
    """Serve until interrupted; say what is served, and how to ask it.

    Parameters
    ----------
    faults
        What goes wrong on purpose; None: nothing. What was billed is said at the end.
    """
    with _server(port, replay, faults) as server:
        sys.stdout.write(
            f"{server.base_url}  (OpenAI-compatible, loopback only; small classifiers or recordings, "
            "not language models; Ctrl-C ends it)\n"
        )
        if faults is not None:
            sys.stdout.write(f"{faults!r}; billed so far: {server.base_url.removesuffix('/v1')}/ledger\n")
        sys.stdout.flush()
        try:
            server.wait()
        except KeyboardInterrupt:
            billed = "" if faults is None else f"; {json.dumps(faults.ledger.totals())}"
            sys.stdout.write(f"stopped{billed}\n")
