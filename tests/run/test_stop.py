"""Tests of stopping."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.plan.world import plan
from tests.run.world import Counting, failure, journal, run
from workbench.core.protocols import Model
from workbench.core.records import Reply, Request
from workbench.errors import ModelError
from workbench.run.stop import Stop, Stoppable


def test_nothing_is_sent_after_a_stop() -> None:
    """The layer passes calls on until the stop, and then fails them as canceled without sending."""
    stop, model = Stop(), Counting()
    layered = Stoppable(stop)(model)
    request = next(plan().cells()).request
    asyncio.run(layered.ask(request))
    stop.set()
    with pytest.raises(ModelError) as caught:
        asyncio.run(layered.ask(request))
    assert (caught.value.kind, caught.value.retryable, len(model.asked)) == ("canceled", False, 1)


def test_a_call_about_to_be_retried_is_not(tmp_path: Path) -> None:
    """Under a retrying layer a stop ends the call: what it tried is a row, and is asked again on resume."""
    stop, book = Stop(), journal(tmp_path)

    class TwoTries:
        def __init__(self, model: Model) -> None:
            self._model = model

        async def ask(self, request: Request) -> Reply:
            try:
                return await self._model.ask(request)
            except ModelError as first:
                try:
                    return await self._model.ask(request)
                except ModelError as second:
                    second.attempts = first.attempts
                    raise second from None

    def fail_and_stop(request: Request, n: int) -> None:
        stop.set()
        raise failure("server")

    model = Counting(fail_and_stop)
    progress = run(plan(), TwoTries(Stoppable(stop)(model)), book, stop=stop, concurrency=1)
    assert (len(model.asked), progress.state, dict(progress.errors)) == (1, "stopped", {"canceled": 1})
    assert run(plan(), Counting(), book).failed == 0


def test_a_call_never_sent_leaves_no_row_and_no_doubt(tmp_path: Path) -> None:
    """A cell whose call was held back by the stop has no row, and is not in doubt later."""
    stop, book = Stop(), journal(tmp_path)

    class StopsFirst:
        async def ask(self, request: Request) -> Reply:
            stop.set()
            return await Stoppable(stop)(Counting()).ask(request)

    progress = run(plan(), StopsFirst(), book, stop=stop, concurrency=1)
    assert (progress.state, progress.done, book.trials(progress.execution_id)) == ("stopped", 0, [])
    run(plan(), Counting(), book)
    assert not any(trial.in_doubt for trial in book.trials(progress.execution_id))
