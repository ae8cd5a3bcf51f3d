"""A judge's model that gives written replies and remembers what it was asked."""

from __future__ import annotations

from workbench.core.records import Attempt, ModelRef, Reply, Request, Usage
from workbench.errors import ModelError

REF = ModelRef(name="acme/judge-1", model="judge-1", origin="https://models.example")

ATTEMPT = Attempt(
    model="judge-1", started_at=0.0, latency_s=0.1, usage=Usage(tokens_in_uncached=90, tokens_out=12)
)


def said(text: str, **changes: object) -> Reply:
    """Return a reply of one attempt with this text."""
    return Reply(text=text, model_served="judge-1", attempts=(ATTEMPT,), **changes)


class Written:
    """Gives one reply, or raises one error, for every request."""

    def __init__(self, outcome: Reply | ModelError) -> None:
        self.outcome = outcome
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        """Return the reply or raise the error."""
        self.asked.append(request)
        if isinstance(self.outcome, ModelError):
            raise self.outcome
        return self.outcome
