"""One study on the loopback endpoint, and processes that run it: for the evidence on the journal.

``python -m tests.evidence.journal_world FOLDER URL`` loads everything once and then, for each line on its
standard input, forks a process that runs the study, and writes its process id. The line is ``run N`` or
``record N`` (run, then write to the folder's MLflow store) with N cases; what came of it is in
``FOLDER/<pid>.json``.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.plan.world import MINI, Same, dataset, plan
from workbench.client.openai import OpenAI
from workbench.client.resilience import Resilience
from workbench.client.retry import Retry
from workbench.core.protocols import Model
from workbench.plan.plan import Plan
from workbench.run.execute import execute
from workbench.run.stop import Halt, Stop, Stoppable
from workbench.score.apply import score_trial
from workbench.store.journal import Journal

__all__ = ["CONCURRENCY", "Forks", "layered", "study", "within"]

CONCURRENCY = 16


def study(cases: int, **changes: Any) -> Plan:
    """Return the study: 2 variants × so many cases × 2 repeats."""
    return plan(cases=dataset(cases), scorers=[Same()], params={"max_tokens": 16}, **changes)


def within(model: Model, stop: Stop) -> Model:
    """Return a model within the layers that a bench puts around it; its retries wait for less long."""
    resilience = Resilience(concurrency=CONCURRENCY, retry=Retry(base_s=0.01, cap_s=0.05))
    return resilience(model, permit=Stoppable(stop), halt=Halt(stop))


def layered(url: str, stop: Stop) -> Model:
    """Return the loopback's model within its layers."""
    return within(OpenAI(MINI.model, base_url=url, name=MINI.name, origin=MINI.origin, timeout_s=10), stop)


def _go(folder: Path, url: str, what: str) -> None:
    """Run the study of so many cases; record it too where asked; write down what came of it."""
    verb, cases = what.split()
    with Journal(folder / "journal.sqlite") as journal:
        whole = study(int(cases))
        progress = asyncio.run(
            execute(
                whole,
                {MINI.name: layered(url, Stop())},
                journal=journal,
                score=score_trial,
                concurrency=CONCURRENCY,
            )
        )
        if verb == "record":
            from workbench.record.outbox import deliver
            from workbench.record.runs import Recorder

            recorder = Recorder(f"sqlite:///{folder}/mlflow.db", folder)
            trials, scores = (
                journal.trials(whole.execution_id),
                journal.scores(whole.execution_id),
            )
            recorder.record(whole, trials, scores)
            deliver(journal, whole.execution_id, recorder)
    said = {"state": progress.state, "done": progress.done, "in_doubt": progress.in_doubt}
    (folder / f"{os.getpid()}.json").write_text(json.dumps(said))


def _fork_server(folder: Path, url: str) -> None:
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401 - loaded once, for all forks
    import openai  # noqa: F401 - likewise

    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _go(folder, url, line.strip())
                code = 0
            except BaseException as error:
                (folder / f"{os.getpid()}.error").write_text(f"{type(error).__name__}: {error}")
            finally:
                os._exit(code)
        print(child, flush=True)
    while True:  # reap: who is left, and how it ended
        try:
            child, status = os.wait()
        except ChildProcessError:
            return
        (folder / f"{child}.exit").write_text(str(os.waitstatus_to_exitcode(status)))


class Forks:
    """A server of processes that run the study on one folder."""

    def __init__(self, folder: Path, url: str) -> None:
        command = [sys.executable, "-m", "tests.evidence.journal_world", str(folder), url]
        self.folder = folder
        self._server = subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parents[2],
            env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def _read(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline().strip()

    def start(self, what: str, cases: int) -> int:
        """Fork a process that runs or records a study of so many cases, and return its id."""
        assert self._server.stdin is not None
        self._server.stdin.write(f"{what} {cases}\n")
        self._server.stdin.flush()
        return int(self._read())

    def end(self) -> dict[int, int]:
        """Wait for all processes, and return how each ended: process id -> exit code."""
        self._server.communicate(timeout=600)
        return {int(path.stem): int(path.read_text()) for path in self.folder.glob("*.exit")}


if __name__ == "__main__":
    _fork_server(Path(sys.argv[1]), sys.argv[2])
