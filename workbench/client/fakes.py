"""Models for tests and notebooks: no network, no key, usage and attempts as from a real one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from workbench.core.protocols import Model
from workbench.core.records import Attempt, Reply, Request, Usage
from workbench.errors import ErrorKind, ModelError

__all__ = ["Echo", "Failing", "Scripted", "fake_error", "fake_reply"]


def fake_reply(
    text: str,
    *,
    model: str = "fake",
    tokens_in: int = 10,
    tokens_out: int | None = None,
    usage_known: bool = True,
    finish_reason: str = "stop",
    refusal: str | None = None,
    latency_s: float = 0.0,
    started_at: float | None = None,
) -> Reply:
    """Return a reply with one attempt and its usage.

    Parameters
    ----------
    tokens_out
        None: the number of words.
    usage_known
        False: the endpoint reported no usage.
    started_at
        Seconds since the epoch; None: now.
    """
    out = len(text.split()) if tokens_out is None else tokens_out
    usage = Usage(tokens_in_uncached=tokens_in, tokens_out=out) if usage_known else None
    attempt = Attempt(
        model=model,
        model_served=model,
        started_at=time.time() if started_at is None else started_at,
        latency_s=latency_s,
        http_status=200,
        usage=usage,
    )
    return Reply(
        text=text,
        model_served=model,
        finish_reason=finish_reason,
        refusal=refusal,
        usage=usage,
        attempts=(attempt,),
    )


def fake_error(
    kind: ErrorKind,
    *,
    model: str = "fake",
    status: int | None = None,
    retry_after_s: float | None = None,
    started_at: float | None = None,
    problem: str | None = None,
) -> ModelError:
    """Return a failure of a kind, with one attempt of unknown usage.

    Parameters
    ----------
    problem
        What went wrong, in words; None: that it is a fake.
    """
    problem = problem or f"a fake {kind}"
    attempt = Attempt(
        model=model,
        started_at=time.time() if started_at is None else started_at,
        latency_s=0.0,
        error_kind=kind,
        error=problem,
        http_status=status,
    )
    return ModelError(
        model,
        problem,
        "This model fails on purpose.",
        kind=kind,
        status=status,
        retry_after_s=retry_after_s,
        attempts=(attempt,),
    )


def _words(request: Request) -> int:
    return sum(len(message.content.split()) for message in request.messages)


class Scripted:
    """Answers with what was written down for it, in order; an error in the script is raised.

    Parameters
    ----------
    script
        Texts, replies and errors. Asked once more than it is long, it fails with kind ``internal``.
    latency_s
        Seconds each answer takes, of the event loop's time.
    """

    def __init__(self, script: Iterable[str | Reply | ModelError], *, latency_s: float = 0.0) -> None:
        self._script = iter(list(script))
        self._latency_s = latency_s
        self.requests: list[Request] = []
        """What it was asked, in order."""

    async def ask(self, request: Request) -> Reply:
        """Return the next line of the script."""
        self.requests.append(request)
        line = next(self._script, None)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if line is None:
            line = fake_error("internal", model=request.ref.model, problem="the script is at its end")
        if isinstance(line, ModelError):
            raise line
        if isinstance(line, Reply):
            return line
        return fake_reply(line, model=request.ref.model, tokens_in=_words(request), latency_s=self._latency_s)


class Echo:
    """Answers with the last message, or with what a function makes of the request.

    Parameters
    ----------
    answer
        From request to text; None: the last message's content.
    latency_s
        Seconds each answer takes, of the event loop's time.
    """

    def __init__(self, answer: Callable[[Request], str] | None = None, *, latency_s: float = 0.0) -> None:
        self._answer = answer or (lambda request: request.messages[-1].content)
        self._latency_s = latency_s
        self.requests: list[Request] = []
        """What it was asked, in order."""

    async def ask(self, request: Request) -> Reply:
        """Return the answer."""
        self.requests.append(request)
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        return fake_reply(
            self._answer(request),
            model=request.ref.model,
            tokens_in=_words(request),
            latency_s=self._latency_s,
        )


class Failing:
    """Fails with the kinds given, in order, then asks another model; without one the last kind lasts.

    Parameters
    ----------
    kinds
        One or more kinds of failure.
    then
        Answers once the kinds are used up; None: it fails for ever.
    retry_after_s
        What it asks callers to wait, in seconds; None: it does not say.
    """

    def __init__(
        self, *kinds: ErrorKind, then: Model | None = None, retry_after_s: float | None = None
    ) -> None:
        if not kinds:
            raise ValueError("name at least one kind of failure")
        self._kinds = kinds
        self._then = then
        self._retry_after_s = retry_after_s
        self.calls = 0
        """How often it was asked."""

    async def ask(self, request: Request) -> Reply:
        """Raise the next failure, or return the other model's reply."""
        self.calls += 1
        if self.calls > len(self._kinds) and self._then is not None:
            return await self._then.ask(request)
        kind = self._kinds[min(self.calls, len(self._kinds)) - 1]
        raise fake_error(kind, model=request.ref.model, retry_after_s=self._retry_after_s)
