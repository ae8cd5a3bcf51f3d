"""Opening a store: together, once, and with clear errors, quickly."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.errors import RecordError
from workbench.record.runs import Recorder

OPEN = (
    "import sys; from workbench.record.runs import Recorder; r = Recorder(sys.argv[1], sys.argv[2]); r.open()"
)


def _processes(count: int, home: Path, cwd: Path) -> list[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", OPEN, f"sqlite:///{home}/mlflow.db", str(home)]
    return [
        subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(count)
    ]


def test_processes_that_open_a_fresh_store_at_once_all_survive(tmp_path: Path) -> None:
    """MLflow's own migrations crash then; nothing is printed, and the working directory stays empty."""
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    started = _processes(4, tmp_path / "home", cwd)
    outputs = [process.communicate(timeout=120)[0].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 4, outputs
    assert outputs == [""] * 4
    assert not list(cwd.iterdir())


def test_importing_the_room_imports_no_mlflow() -> None:
    """Opening MLflow takes seconds: only who records pays for it."""
    code = "import sys, workbench.record.runs, workbench.record.outbox; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_unreachable_server_is_an_error_within_seconds(tmp_path: Path) -> None:
    """No listener: MLflow itself would retry for minutes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.perf_counter()
    with pytest.raises(RecordError, match=r"no MLflow server answers there.*Start it"):
        Recorder(f"http://127.0.0.1:{port}", tmp_path).open()
    assert time.perf_counter() - began < 5


def test_a_store_of_a_newer_schema_is_named_as_such(tmp_path: Path) -> None:
    """The remedy is to upgrade MLflow or to go elsewhere; the file is left as it is."""
    made = Recorder(
        None if "MLFLOW_TRACKING_URI" not in os.environ else f"sqlite:///{tmp_path}/mlflow.db", tmp_path
    )
    made.open()
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'f00dfeedf00d'")
    with pytest.raises(RecordError, match=r"newer than this MLflow knows.*Upgrade mlflow"):
        Recorder(made.uri, tmp_path).open()
    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")
    with pytest.raises(RecordError, match=r"older than this MLflow.*mlflow db upgrade"):
        Recorder(made.uri, tmp_path).open()


def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """At once, and the file is not touched."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look like one" * 50)
    with pytest.raises(RecordError, match="cannot be used as an MLflow store"):
        Recorder(f"sqlite:///{path}", tmp_path).open()
    assert path.read_text().startswith("not a database")


def test_a_uri_that_is_none_is_an_error_without_its_password(tmp_path: Path) -> None:
    """Unknown scheme, memory only; secrets are masked."""
    with pytest.raises(RecordError, match="not the URI"):
        Recorder("ftp://someone:" + "secretpass" + "@host/x", tmp_path).open()
    with pytest.raises(RecordError, match="in-memory"):
        Recorder("sqlite://", tmp_path).open()


def test_load_of_what_is_not_there_is_an_error(recorder: Recorder) -> None:
    """Neither a run nor an execution."""
    with pytest.raises(RecordError, match="not in this MLflow store"):
        recorder.load("0123456789abcdef")
    with pytest.raises(RecordError, match="none was named"):
        recorder.load([])
