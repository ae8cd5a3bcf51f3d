"""The same through a real MLflow server on loopback."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.record.examples import answer, compared, make
from workbench.core.table import to_frame
from workbench.record.entities import trace_id
from workbench.record.runs import Recorder

STARTS_WITHIN_S = 90


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URI of a running server."""
    home = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{home}/mlflow.db"]
    command += ["--artifacts-destination", str(home / "artifacts")]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with open(home / "log", "w") as log:
        process = subprocess.Popen(
            command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(uri, process)
        yield uri
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)


def _wait(uri: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{uri}/health", timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            # The refused connection returns at once; this waits without a sleep of our own.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.3)
    pytest.skip("the MLflow server did not start here")


def test_a_server_holds_the_same_as_a_file(server: str, tmp_path: Path) -> None:
    """Runs, artifacts, traces with their links and scores, prompts and aliases, through HTTP only."""
    recorder = Recorder(server, tmp_path)
    plan = make("served")
    trials, scores = answer(plan)
    ids = recorder.record(plan, trials, scores, compared(plan), "<p>report</p>")
    assert recorder.record(plan, trials, scores, compared(plan)) == ids
    assert_frame_equal(recorder.load(plan.execution_id), to_frame(trials, scores))
    client = recorder.open().client
    assert client.get_run(ids.children["long@offline/minilm"]).data.metrics["quality_mean"] == 0.6
    arm = "long@offline/minilm"
    wanted = {trace_id(trial.trial_id) for trial in trials if trial.arm == arm}
    version = ids.prompts[arm]
    for query in (
        f"attributes.run_id = '{ids.children[arm]}'",
        f'prompt = "{version.name}/{version.version}"',
    ):
        found = client.search_traces(locations=[ids.experiment_id], filter_string=query)
        assert {trace.info.trace_id for trace in found} == wanted
    trace = client.get_trace(trace_id(trials[0].trial_id))
    assert trace.info.token_usage["total_tokens"] == 22
    assert trace.info.cost["total_cost"] == 1e-5
    assert len(trace.info.assessments) == 2
    assert len(trace.data.spans) == 1
    recorder.set_alias(version.name, "production", version.version)
    assert recorder.get_alias(version.name, "production") == version.version
