"""A small world for runs: a model that counts, a listener that keeps, plans from `tests.plan.world`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.plan.world import MICRO, MINI
from workbench.core.protocols import Model
from workbench.core.records import Attempt, Reply, Request, Usage
from workbench.errors import ErrorKind, ModelError
from workbench.plan.plan import Plan
from workbench.run.execute import execute
from workbench.run.progress import Progress
from workbench.score.apply import score_trial
from workbench.store.journal import Journal

USAGE = Usage(tokens_in_uncached=1000, tokens_out=500)  # 0.002 USD at the declared price of MINI


def failure(kind: ErrorKind, *, attempts: int = 1, status: int | None = 500) -> ModelError:
    """Return an error of that kind with so many attempts."""
    made = [
        Attempt(model="mini", started_at=1.0, latency_s=0.5, error_kind=kind, error="no", http_status=status)
        for _ in range(attempts)
    ]
    return ModelError("offline/mini", "it failed", "Try again.", kind=kind, status=status, attempts=made)


class Counting:
    """A model that answers ``a``, counts, and does `before` with each request first."""

    def __init__(self, before: Callable[[Request, int], Any] = lambda request, n: None) -> None:
        self.asked: list[Request] = []
        self.at_once = 0
        self.most_at_once = 0
        self._before = before

    async def ask(self, request: Request) -> Reply:
        """Answer."""
        self.asked.append(request)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            did = self._before(request, len(self.asked))
            if asyncio.iscoroutine(did):
                await did
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        attempt = Attempt(
            model=request.ref.model,
            model_served=f"{request.ref.model}-1",
            started_at=2.0,
            latency_s=0.25,
            wait_s=0.125,
            usage=USAGE,
        )
        return Reply(text="a", model_served=f"{request.ref.model}-1", usage=USAGE, attempts=(attempt,))


class Kept:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[Progress] = []

    def notify(self, event: Progress) -> None:
        """Keep it."""
        self.heard.append(event)


def run(plan: Plan, model: Model, journal: Journal, **options: Any) -> Progress:
    """Execute a plan to its end, every arm on the same model object."""
    models = {MINI.name: model, MICRO.name: model}
    return asyncio.run(execute(plan, models, journal=journal, score=score_trial, **options))


def journal(folder: Path) -> Journal:
    """Open the folder's journal."""
    return Journal(folder / "journal.sqlite")
