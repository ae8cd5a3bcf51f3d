"""A guard around a model: what a classifier finds is let through, redacted, blocked, or held for a human."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from workbench.client.desk import Desk
from workbench.client.guard_rule import Action, Failing, Rule, Ruling, cut
from workbench.core.identity import call_key
from workbench.core.protocols import Classifier, Listener, Model
from workbench.core.records import NO_TOKEN, Message, Reply, Request
from workbench.errors import InputError, StoreError
from workbench.store.held import Held, Side

__all__ = ["Guarded"]

_CHECKED_ROLES = ("user", "tool")


class Guarded:
    """Checks what a model is asked, or what it answers.

    On the input side put it outside of all caches, on the output side inside of them: then no cache ever sees
    what was found. Whatever a guard changed, held back or could not check says so (`Reply.guard`), and no
    cache keeps it. The answer given in place of a model's has the finish reason ``content_filter``, so that
    it counts as refused, never as answered. Several guards are several layers.

    Checked are the messages of user and tools, or the reply's text and the arguments of its tool calls. What
    is redacted reads ``[redacted]``; where a classifier cannot say where in a text it found something, that
    is the whole text. A held item waits at the desk until it is approved, edited (the last user message, or
    the reply's text; its tool calls are dropped), rejected, or the deadline is over; the latter two give the
    stated answer. Asked again after the process died, a call whose item was decided, or still waits, takes
    that item over: the model is not asked a second time for a reply that is there.

    Parameters
    ----------
    classifier
        Looks at each text.
    action
        What is done with a text in which it finds something.
    on
        The side.
    fail
        What is done where the classifier or the queue fails; there is no default: it must be stated.
    answer
        What is given in place of what is blocked, rejected or timed out; "" only where that cannot happen.
    desk
        Where held items wait; None unless the action is ``hold``.
    listener
        Hears of every check as a `Looked`; None: nobody.

    Raises
    ------
    InputError
        Where the answer or the desk is missing, or a word is unknown.
    """

    def __init__(
        self,
        classifier: Classifier,
        action: Action,
        *,
        on: Side,
        fail: Failing,
        answer: str = "",
        desk: Desk | None = None,
        listener: Listener | None = None,
    ) -> None:
        subject = f"guard {classifier.name!r}"
        for word, words in ((action, Action), (on, Side), (fail, Failing)):
            if word not in get_args(words):
                raise InputError(subject, f"{word!r} is unknown", f"Known: {', '.join(get_args(words))}.")
        if not answer.strip() and (action in ("block", "hold") or fail == "closed"):
            raise InputError(subject, "it has no answer to give in place of a model's", "Give answer=.")
        if (action == "hold") != (desk is not None):
            raise InputError(
                subject, f"the action is {action!r}", "A desk goes with 'hold' and nothing else."
            )
        self.rule = Rule(
            classifier=classifier,
            action=action,
            side=on,
            fail=fail,
            answer=answer,
            desk=desk,
            listener=listener,
        )

    def __call__(self, model: Model) -> Model:
        """Return the model, guarded."""
        return _Input(model, self.rule) if self.rule.side == "input" else _Output(model, self.rule)


class _Input:
    def __init__(self, model: Model, rule: Rule) -> None:
        self._model = model
        self._rule = rule

    async def ask(self, request: Request) -> Reply:
        """Return the reply to what is let through, or the stated answer, for which nothing is sent."""
        places = [at for at, message in enumerate(request.messages) if message.role in _CHECKED_ROLES]
        texts = [request.messages[at].content for at in places]
        ruling = await self._rule.look(texts, request.ref)
        if ruling.did == "hold":
            try:
                return await self._held(request, ruling, places[-1])
            except StoreError as error:
                ruling = self._rule.failed(error, request.ref)
        if ruling.did in ("pass", "allow"):
            return await self._model.ask(request)
        if ruling.did == "unchecked":
            return _noted(await self._model.ask(request), ruling.words)
        if ruling.did == "redact":
            found = zip(places, texts, ruling.verdicts, strict=True)
            clean = {at: cut(text, verdict) for at, text, verdict in found}
            return _noted(await self._model.ask(_with_texts(request, clean)), ruling.words)
        return self._answered(request, ruling.words)

    async def _held(self, request: Request, ruling: Ruling, last: int) -> Reply:
        desk = self._rule.desk
        assert desk is not None
        item = await desk.decided(self._rule.hold(request, ruling, request.messages[last].content))
        words = f"{item.state}: {item.category}"
        if item.state in ("rejected", "timed out"):
            reply = self._answered(request, words)
        else:
            asked = _with_texts(request, {last: item.text}) if item.state == "edited" else request
            reply = _noted(await self._model.ask(asked), words)
        # Only now: a process that dies before leaves the decision to whoever asks again.
        desk.queue.give(item.item)
        return reply

    def _answered(self, request: Request, words: str) -> Reply:
        return Reply(
            text=self._rule.answer,
            model_served=request.ref.model,
            finish_reason="content_filter",
            usage=NO_TOKEN,
            source="guard",
            guard=words,
        )


class _Output:
    def __init__(self, model: Model, rule: Rule) -> None:
        self._model = model
        self._rule = rule

    async def ask(self, request: Request) -> Reply:
        """Return the reply as far as it is let through, or the stated answer; every attempt is kept."""
        left = self._left_behind(request)
        if left is not None and left.reply is not None:
            return await self._outcome(left, left.reply)
        reply = await self._model.ask(request)
        texts = _texts_of(reply)
        ruling = await self._rule.look(texts, request.ref)
        if ruling.did == "hold":
            try:
                return await self._outcome(self._rule.hold(request, ruling, reply.answer, reply), reply)
            except StoreError as error:
                ruling = self._rule.failed(error, request.ref)
        if ruling.did in ("pass", "allow"):
            return reply
        if ruling.did == "unchecked":
            return _noted(reply, ruling.words)
        if ruling.did == "redact":
            clean = [cut(text, verdict) for text, verdict in zip(texts, ruling.verdicts, strict=True)]
            return _noted(_with_answer(reply, clean), ruling.words)
        return self._answered(reply, ruling.words)

    def _left_behind(self, request: Request) -> Held | None:
        """Return the item whose asker has gone: its reply is there already, and paid for."""
        if self._rule.desk is None:
            return None
        try:
            return self._rule.desk.queue.waiting(call_key(request), "output", self._rule.classifier.name)
        except StoreError:
            return None  # holding will tell

    async def _outcome(self, item: Held, paid: Reply) -> Reply:
        """Wait for what becomes of an item; the attempts are those of `paid`."""
        desk = self._rule.desk
        assert desk is not None
        item = desk.queue.give((await desk.decided(item)).item)
        words = f"{item.state}: {item.category}"
        if item.state in ("rejected", "timed out"):
            return self._answered(paid, words)
        # What a human saw, which is another draw's where two asked for the same at the same time.
        reply = replace(item.reply or paid, attempts=paid.attempts, usage=paid.usage, source=paid.source)
        if item.state == "edited":
            reply = replace(reply, text=item.text, tool_calls=(), refusal=None, finish_reason="stop")
        return _noted(reply, words)

    def _answered(self, reply: Reply, words: str) -> Reply:
        text, finish = self._rule.answer, "content_filter"
        return _noted(replace(reply, text=text, tool_calls=(), refusal=None, finish_reason=finish), words)


def _noted(reply: Reply, words: str) -> Reply:
    return replace(reply, guard=words if reply.guard is None else f"{reply.guard}; {words}")


def _with_texts(request: Request, texts: Mapping[int, str]) -> Request:
    """Return a request with other texts in some places."""
    messages: list[Message] = list(request.messages)
    for at, text in texts.items():
        messages[at] = replace(messages[at], content=text)
    return replace(request, messages=tuple(messages))


def _arguments(call: Mapping[str, Any]) -> str:
    function = call.get("function")
    found = function.get("arguments") if isinstance(function, Mapping) else None
    return found if isinstance(found, str) else ""


def _texts_of(reply: Reply) -> list[str]:
    """Return the reply's text and the arguments of its tool calls."""
    return [reply.text, *(_arguments(call) for call in reply.tool_calls)]


def _with_answer(reply: Reply, texts: Sequence[str]) -> Reply:
    """Return a reply with other texts, in the order of `_texts_of`."""
    calls = tuple(
        {**call, "function": {**call["function"], "arguments": text}} if _arguments(call) else call
        for call, text in zip(reply.tool_calls, texts[1:], strict=True)
    )
    return replace(reply, text=texts[0], tool_calls=calls)
