"""The semantic cache around a model: near requests share an answer."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from workbench.core.identity import call_key
from workbench.core.protocols import Clock, Embedder, Model
from workbench.core.records import Reply, Request
from workbench.core.redact import redact
from workbench.errors import ModelError, StoreError
from workbench.semantic.decisions import Decisions, decisions
from workbench.semantic.live import Live
from workbench.semantic.parts import Parts, PartsOf, variable_part
from workbench.semantic.policy import CachePolicy
from workbench.semantic.rules import DEFAULT_RULES, Rule, bypass
from workbench.store.answers import Answers

__all__ = ["SemanticCache", "same_model"]

P = ParamSpec("P")
T = TypeVar("T")

REDACTED = "[redacted]"
NO_TEXT, SECRET = "no text to compare", "secret"

_RELEASE = r"-(?:\d{4}-?\d{2}-?\d{2}|\d{4}|latest)"


def same_model(asked: str, served: str) -> bool:
    """Return whether the served model is the one asked for: by name, or a dated release of that name."""
    return served == asked or re.fullmatch(re.escape(asked) + _RELEASE, served) is not None


class SemanticCache:
    """Answers a request with the reply to a near one, where there is one.

    A reply from it has the source ``semantic``: no attempt, no token, its similarity, and the key of the call
    that was paid. The nearest entry at or above the policy's threshold serves, of equals the earliest, the
    very same text before all; only within one partition.

    Equal texts asked at the same time share one call: the others wait for it, once, and then look; where it
    brought nothing to keep, each asks for itself. Merely near ones do not wait. Two processes may both ask:
    the first answer enters. Nothing enters but a whole answer of the model that was asked for, by a request
    and with a text in which nothing is, or was, to be redacted.

    Where the store fails, the model is asked as if there were no cache, and a warning is logged.

    What is decided is decided in the order of the store, for all processes on it; `decisions` tells it, and
    `verify` makes it again.

    Parameters
    ----------
    answers
        The store.
    embedder
        Is run in a thread, for texts whose vector is not in the store.
    policy
        With a threshold.
    clock
        Tells the time.
    rules
        Who is never cached: such requests go to the model, and are counted apart.
    parts
        Which part of a request is compared, and what must be equal.
    same
        Takes the names of the model asked for and of the one that served: whether they are one. Give your own
        where the name that is asked is an alias or a deployment.

    Raises
    ------
    InputError
        Where the policy has no threshold.
    """

    def __init__(
        self,
        answers: Answers,
        embedder: Embedder,
        policy: CachePolicy,
        *,
        clock: Clock,
        rules: Sequence[Rule] = DEFAULT_RULES,
        parts: PartsOf = variable_part,
        same: Callable[[str, str], bool] = same_model,
    ) -> None:
        self.live = Live(answers, embedder, policy, clock)
        """Who decides."""
        self.rules, self.parts, self.same = tuple(rules), parts, same

    def __call__(self, model: Model) -> Model:
        """Return the model, asked only what no near answer serves."""
        return _Cached(model, self)

    def decisions(self) -> Decisions:
        """Return what was decided so far, by all who share the store."""
        return decisions(self.live.answers)


class _Cached:
    def __init__(self, model: Model, cache: SemanticCache) -> None:
        self._model, self._cache, self._live = model, cache, cache.live
        self._asking: dict[Parts, asyncio.Future[None]] = {}

    async def ask(self, request: Request) -> Reply:
        """Return the reply to a near request, or that of the model."""
        parts = self._cache.parts(request)
        reason = self._bypass(request, parts)
        if parts is None or reason is not None:
            await _in_thread(self._live.bypass, reason or NO_TEXT)
            return await self._model.ask(request)
        while parts in self._asking:
            # Not awaited itself: one caller's cancellation is not the others'. Where the asking caller is
            # canceled, so is the future, and the next one takes over.
            under_way = self._asking[parts]
            await asyncio.wait([under_way])
            if not under_way.cancelled():
                return await self._serve(request, parts)
        future = self._asking[parts] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._serve(request, parts)
            future.set_result(None)
            return reply
        except Exception:
            future.set_result(None)
            raise
        finally:
            del self._asking[parts]
            future.cancel()  # no effect where it has its result

    async def _serve(self, request: Request, parts: Parts) -> Reply:
        found = await _in_thread(self._live.ask, parts)
        if found is not None:
            return found
        call = call_key(request)
        try:
            reply = await self._model.ask(request)
        except ModelError as error:
            await _in_thread(self._live.land, parts, call, None, f"error: {error.kind}")
            raise
        reason = self._kept_out(request, reply)
        await _in_thread(self._live.land, parts, call, reply if reason is None else None, reason)
        return reply

    def _bypass(self, request: Request, parts: Parts | None) -> str | None:
        if parts is None:
            return NO_TEXT
        if any(_redacted(message.content) for message in request.messages):
            return SECRET
        return bypass([parts.text], self._cache.rules)[0]

    def _kept_out(self, request: Request, reply: Reply) -> str | None:
        """Return why a reply must not enter; None: it may."""
        if reply.status != "ok":
            return reply.status
        if reply.source == "semantic":
            return "from a cache"
        if reply.guard is not None:
            return "guarded"
        fell_back = bool(reply.attempts) and reply.attempts[-1].ref is not None
        if fell_back or not self._cache.same(request.ref.model, reply.model_served):
            return "another model"
        return "redacted" if _redacted(reply.answer) or _redacted(reply.text) else None


async def _in_thread(step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Run a step of the cache in a thread; None where its store fails: people are answered without it."""
    try:
        return await asyncio.to_thread(step, *args, **kwargs)
    except StoreError as error:
        logging.getLogger(__name__).warning("asked without the semantic cache: %s", error)
        return None


def _redacted(text: str) -> bool:
    return REDACTED in text or redact(text) != text
