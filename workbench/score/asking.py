"""A judge is asked: one structured verdict a call, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from workbench.core.identity import canonical
from workbench.core.protocols import Model, Scorer
from workbench.core.records import Attempt, Message, ModelRef, Request
from workbench.core.redact import redact
from workbench.define.answer import SchemaMode, answer_params
from workbench.errors import ModelError
from workbench.score.structured import outcome_of, parse

__all__ = ["ABSTAINED", "FAILED", "UNPARSABLE", "Answered", "Judging", "ask", "inquiry", "verdict_schema"]

ABSTAINED = "the judge abstained"
"""Why a score is missing where the judge could not tell."""

FAILED = "the judge failed: "
"""How the reason of a missing score begins where no reply came."""

UNPARSABLE = "the judge's reply: "
"""How the reason of a missing score begins where the reply holds no verdict."""


@runtime_checkable
class Judging(Scorer, Protocol):
    """A scorer that asks models: a judge, a panel of them, a cascade."""

    @property
    def refs(self) -> tuple[ModelRef, ...]:
        """Whom it asks."""
        ...

    @property
    def members(self) -> tuple[Any, ...]:
        """The single judges it is made of, whose prompts are kept: itself, where it is one."""
        ...

    @property
    def warning(self) -> str | None:
        """Why its scores deserve suspicion; None where nothing is known against it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of asking a judge.

    Parameters
    ----------
    verdict
        An object that fits the schema; None where there is none.
    missing
        Why there is none; None where there is one.
    attempts
        The calls, as judge spending; none for a reply that was there before: it was paid by whoever asked
        for it first.
    """

    verdict: Mapping[str, Any] | None = None
    missing: str | None = None
    attempts: tuple[Attempt, ...] = ()


def verdict_schema(field: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a verdict: the reason, then the field that follows from it."""
    return {
        "type": "object",
        "properties": {"reason": {"type": "string"}, field: dict(schema)},
        "required": ["reason", field],
        "additionalProperties": False,
    }


def inquiry(
    instruction: str,
    material: Mapping[str, Any],
    ref: ModelRef,
    schema: Mapping[str, Any],
    mode: SchemaMode = "json_schema",
) -> Request:
    """Return what a judge is asked: the instruction, and the material as one JSON text."""
    return Request(
        messages=(
            Message(role="system", content=instruction),
            Message(role="user", content=canonical(material)),
        ),
        ref=ref,
        params={"temperature": 0} | answer_params(schema, mode),
        workload="batch",
    )


async def ask(model: Model, request: Request, schema: Mapping[str, Any]) -> Answered:
    """Return a judge's verdict; a failure, a refusal and a reply beside the schema are told apart."""
    try:
        reply = await model.ask(request)
    except ModelError as error:
        why = str(redact(f"{FAILED}{error.kind}: {error.problem}"))
        return Answered(missing=why, attempts=_charged(error.attempts, request.ref))
    attempts = _charged(reply.attempts, request.ref) if reply.source == "call" else ()
    became = outcome_of(reply, schema)
    if became != "valid":
        return Answered(missing=f"{UNPARSABLE}{became}", attempts=attempts)
    return Answered(verdict=parse(reply.answer), attempts=attempts)


def _charged(attempts: Iterable[Attempt], ref: ModelRef) -> tuple[Attempt, ...]:
    return tuple(replace(attempt, purpose="judge", ref=attempt.ref or ref) for attempt in attempts)
