"""Re-asks: a reply that breaks its schema is asked for again, with the fault named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from workbench.client.attempts import again
from workbench.core.protocols import Model
from workbench.core.records import Attempt, Message, Reply, Request
from workbench.errors import ModelError

__all__ = ["LONGEST_FAULT", "Fault", "Reask"]

Fault = Callable[[Request, Reply], tuple[str, str] | None]
"""Why a reply should be asked for again: a kind of failure and words; None where it should not."""

LONGEST_FAULT = 600
"""Characters of a fault that a model is told."""

_ASK = (
    "That answer cannot be used: {fault}.\nAnswer again, with nothing but JSON that fits what was asked for."
)


class Reask:
    """Asks again, within the conversation, for a reply that has a fault.

    How often is the request's own parameter ``reask`` (`workbench.define.variant.Variant` sets it); without
    it nothing is asked again. The parameter is part of a call's identity and is never sent. Put outside of
    `Retry`: each time is a call of its own, with its own retries.

    Each time is paid: the reply carries all attempts. That of a rejected reply has the fault as its
    ``error_kind`` and keeps its usage; those made in asking again have the purpose ``reask``. A refusal or a
    truncated reply on the way is the last word, and so is a failure: then the error carries the attempts.

    Parameters
    ----------
    fault
        Finds it: `workbench.score.structured.fault`.
    """

    def __init__(self, fault: Fault) -> None:
        self.fault = fault

    def __call__(self, model: Model) -> Model:
        """Return the model, asked again where its request allows it."""
        return _Reasking(model, self.fault)


class _Reasking:
    def __init__(self, model: Model, fault: Fault) -> None:
        self._model = model
        self._fault = fault

    async def ask(self, request: Request) -> Reply:
        """Return the first reply without a fault, or the last that was allowed."""
        left = allowed = request.params.get("reask", 0)
        asked = request
        made: tuple[Attempt, ...] = ()
        while True:
            try:
                reply = await self._model.ask(asked)
            except ModelError as error:
                if left == allowed:
                    raise
                raise again(error, attempts=(*made, *_again(error.attempts))) from error.__cause__
            attempts = reply.attempts if left == allowed else _again(reply.attempts)
            fault = self._fault(request, reply) if left > 0 else None
            if fault is None:
                return replace(reply, attempts=(*made, *attempts))
            kind, words = fault
            made = (*made, *_rejected(attempts, kind, words))
            asked = replace(asked, messages=(*asked.messages, *_correction(reply, words)))
            left -= 1


def _again(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    return tuple(replace(attempt, purpose="reask") for attempt in attempts)


def _rejected(attempts: Sequence[Attempt], kind: str, words: str) -> tuple[Attempt, ...]:
    """Return the attempts, the answering one marked with the fault."""
    if not attempts:
        return ()
    return (*attempts[:-1], replace(attempts[-1], error_kind=kind, error=words[:LONGEST_FAULT]))


def _correction(reply: Reply, words: str) -> tuple[Message, ...]:
    """Return the turns that are added: the answer, and what is wrong with it."""
    text = _ASK.format(fault=words[:LONGEST_FAULT].rstrip("."))
    if not reply.tool_calls:
        said = (Message(role="assistant", content=reply.text),) if reply.text.strip() else ()
        return (*said, Message(role="user", content=text))
    calls = [
        Message(role="tool", content=text, tool_call_id=str(call.get("id") or ""))
        for call in reply.tool_calls
    ]
    return (Message(role="assistant", content=reply.text, tool_calls=reply.tool_calls), *calls)
