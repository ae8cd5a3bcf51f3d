"""Opening an MLflow store: settings before the import, one initialisation, clear errors, quickly."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.core.redact import cause, redact
from workbench.errors import RecordError

__all__ = ["SETTINGS", "Store", "guarded", "open_store", "quiet"]

SETTINGS: dict[str, str] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_MODEL_CATALOG_URI": "",  # prices come from the plan's own book, never from a download
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # MLflow's own 7 take minutes; the outbox tries again anyway
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Environment of MLflow, set before it is imported wherever the user has not set it."""

CONNECT_S = 5.0
PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An opened MLflow store.

    Parameters
    ----------
    uri
        Its tracking URI.
    client
        MLflow's public client for tracking and registry.
    tracking
        MLflow's tracking store, whose methods take many spans at once.
    remote
        True for a server, which keeps artifacts itself; False where this process writes the database.
    """

    uri: str
    client: Any
    tracking: Any
    remote: bool


def quiet() -> None:
    """Set what `SETTINGS` says, where the user has not; before MLflow is first imported."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def open_store(uri: str, artifacts: Path) -> Store:
    """Return the store of a tracking URI, initialised if it is a fresh SQLite file.

    Parameters
    ----------
    uri
        ``sqlite:///path``, ``http(s)://host:port``, or another database URI that MLflow knows.
    artifacts
        Folder for the artifacts of a SQLite store's default experiment.

    Raises
    ------
    RecordError
        Where the store is unreachable, is not one, or was written by another version of MLflow.
    """
    quiet()
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        _initialise(uri, artifacts)
    elif scheme in PORTS:
        _reach(uri, scheme)
    else:
        raise RecordError(
            redact(uri), "is not the URI of an MLflow store", "Use sqlite:///<file> or http://<host>:<port>."
        )
    with guarded(uri):
        from mlflow import MlflowClient
        from mlflow.tracing.client import TracingClient

        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
        remote = scheme in ("http", "https")
        tracking = TracingClient(uri).store if remote else _bulk_store(uri, artifacts)
        return Store(uri=uri, client=client, tracking=tracking, remote=remote)


def _bulk_store(uri: str, artifacts: Path) -> Any:
    """Return MLflow's database store, told to remember experiments while it writes traces.

    It reads the experiment anew, in a transaction of its own, for every trace: a third of the time of each.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    class BulkStore(SqlAlchemyStore):  # type: ignore[misc]
        def __init__(self, uri: str, artifacts: str) -> None:
            self._experiments: dict[str, Any] = {}
            super().__init__(uri, artifacts)

        def get_experiment(self, experiment_id: str) -> Any:
            if experiment_id not in self._experiments:
                self._experiments[experiment_id] = super().get_experiment(experiment_id)
            return self._experiments[experiment_id]

    return BulkStore(uri, str(artifacts))


def _reach(uri: str, scheme: str) -> None:
    """Fail within seconds where no server listens: MLflow itself would try for minutes."""
    parts = urlsplit(uri)
    try:
        address = (parts.hostname or "", parts.port or PORTS[scheme])
        socket.create_connection(address, timeout=CONNECT_S).close()
    except (OSError, ValueError) as error:
        raise RecordError(
            redact(uri),
            f"no MLflow server answers there ({error})",
            "Start it, or correct MLFLOW_TRACKING_URI; unset, the local store is used. "
            "Nothing is lost: what the journal holds is delivered later by `workbench sync`.",
        ) from cause(error)


def _initialise(uri: str, artifacts: Path) -> None:
    """Make the tables of a fresh SQLite file under a lock; MLflow's own migrations crash when run at once."""
    path = Path(uri.partition(":///")[2])
    if str(path) in ("", ".", ":memory:"):
        raise RecordError(uri, "an in-memory store is lost at once", "Name a file: sqlite:///<file>.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _probe(path)
            with guarded(uri), _quiet("mlflow.store.db.utils"):
                from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as RegistryStore
                from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

                SqlAlchemyStore(uri, str(artifacts))
                RegistryStore(uri)
    except (OSError, sqlite3.Error) as error:
        raise RecordError(
            str(path),
            f"cannot be used as an MLflow store ({error})",
            "Choose another file in MLFLOW_TRACKING_URI, or move this one away; the journal fills a new one.",
        ) from cause(error)


def _probe(path: Path) -> None:
    """Open the file once, which fails at once where MLflow would try for minutes; a fresh one gets WAL.

    In WAL mode somebody who reads in MLflow's UI does not block the delivery, nor the other way round.
    """
    fresh = not path.exists() or path.stat().st_size == 0
    connection = sqlite3.connect(path, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode=WAL" if fresh else "PRAGMA schema_version").fetchone()
    finally:
        connection.close()


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def guarded(subject: str) -> Iterator[None]:
    """Turn MLflow's and its transport's exceptions into `RecordError`, without secrets."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        problem, remedy = _explain(str(error))
        raise RecordError(redact(subject), redact(problem), remedy) from cause(error)


def _explain(message: str) -> tuple[str, str]:
    """Return problem and remedy. MLflow has no type for a schema of another version: its words are read."""
    found = re.search(r"database schema \(found version (\w+), but expected (\w+)\)", message)
    unknown = re.search(r"Can't locate revision identified by '(\w+)'", message)
    if found and _knows(found[1]):
        return (
            f"its schema {found[1]} is older than this MLflow's {found[2]}",
            "Back the database up, then run `mlflow db upgrade <uri>`.",
        )
    if found or unknown:
        version = (found or unknown)[1]  # type: ignore[index]
        return (
            f"its schema {version} is newer than this MLflow knows",
            "Upgrade mlflow to the version that wrote it (`pip install -U mlflow`), or point "
            "MLFLOW_TRACKING_URI elsewhere; the journal fills a new store.",
        )
    first = message.strip().partition("\n")[0][:500]
    return (
        first or "MLflow failed without a word",
        "Nothing is lost: the journal holds everything; run `workbench sync` when the store works again.",
    )


def _knows(revision: str) -> bool:
    import mlflow.store.db_migrations

    folder = Path(next(iter(mlflow.store.db_migrations.__path__))) / "versions"
    return any(folder.glob(f"{revision}_*.py"))
