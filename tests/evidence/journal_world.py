"""One study on the loopback endpoint, and processes that run it: for the evidence on the journal."""

from __future__ import annotations

import asyncio
import json
import os
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, Self

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

Verb = Literal["run", "record"]
"""``record``: run, then write to the folder's MLflow store."""


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


def _go(folder: Path, url: str, verb: Verb, cases: int) -> None:
    """Run the study of so many cases; record it too where asked; write down what came of it."""
    with Journal(folder / "journal.sqlite") as journal:
        whole = study(cases)
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


def _forked(folder: Path, url: str, verb: Verb, cases: int) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _go(folder, url, verb, cases)
            code = 0
        except BaseException as error:
            (folder / f"{os.getpid()}.error").write_text(f"{type(error).__name__}: {error}")
        finally:
            os._exit(code)
    return child


def _serve(pipe: Connection, others: Connection) -> None:
    """Fork a process for each study that is asked for; asked for None, wait for all of them."""
    others.close()  # its end of the pipe: while it is open here, nobody hears that the other one has gone
    while True:
        try:
            asked = pipe.recv()
        except EOFError:
            return
        if asked is not None:
            pipe.send(_forked(*asked))
            continue
        ended = {}
        while True:
            try:
                child, status = os.wait()
            except ChildProcessError:
                break
            ended[child] = os.waitstatus_to_exitcode(status)
        pipe.send(ended)


class Forks:
    """Processes that run the study, all forks of one that is a fork itself.

    To be made while this process has no threads, and has imported what they need.
    """

    def __init__(self) -> None:
        context = get_context("fork")
        self._pipe, theirs = context.Pipe()
        context.Process(target=_serve, args=(theirs, self._pipe)).start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()

    def start(self, folder: Path, url: str, verb: Verb, cases: int) -> int:
        """Start a process that runs or records a study of so many cases, and return its id.

        What came of it is in ``<folder>/<its id>.json``, or why nothing did in ``.error``.
        """
        self._pipe.send((folder, url, verb, cases))
        return int(self._pipe.recv())

    def end(self) -> dict[int, int]:
        """Wait for all processes, and return how each ended: process id -> exit code."""
        self._pipe.send(None)
        return dict(self._pipe.recv())
