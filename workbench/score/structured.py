"""What became of a call that should bring JSON: one outcome each, mutually exclusive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, get_args

from workbench.core.records import Reply, Request, Trial
from workbench.define.answer import schema_of
from workbench.errors import ModelError

__all__ = [
    "FAULTS",
    "OUTCOMES",
    "Outcome",
    "examine",
    "fault",
    "first_outcome",
    "outcome",
    "outcome_of",
    "parse",
    "schema_for",
    "violation",
]

Outcome = Literal[
    "valid",
    "refusal",  # the model refused, or a content filter did
    "truncated",  # cut off at the token limit, even where what came is JSON by accident
    "empty",  # a reply with nothing in it
    "not JSON",  # text that is not one JSON value
    "schema violation",  # JSON that does not fit
    "schema rejected",  # the endpoint did not take the schema or the tool: nothing was asked
    "transport error",  # no reply for any other reason
]
"""How a call ended; the first that applies, in the order in which `outcome` asks."""

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""All outcomes."""

FAULTS: Mapping[str, Outcome] = {
    "empty": "empty",
    "not_json": "not JSON",
    "schema_violation": "schema violation",
}
"""Why a reply is asked for again, as an attempt's ``error_kind``, and its outcome."""


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text
        The whole text must be one JSON value (RFC 8259): no code fence, no words around it, no NaN. Of a
        name that occurs twice in an object the last one counts.

    Raises
    ------
    ValueError
        Where it is not, or is nested deeper than Python's reader follows.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def violation(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Return where and how a value breaks a schema; None where it fits.

    Nothing is fetched: a ``$ref`` that leaves the schema raises instead.
    """
    from jsonschema.exceptions import best_match
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    kind = validator_for(dict(schema), default=Draft202012Validator)
    error = best_match(kind(dict(schema), registry=Registry()).iter_errors(value))
    if error is None:
        return None
    where = "/".join(map(str, error.absolute_path))
    return f"at {where}: {error.message}" if where else error.message


def examine(text: str, schema: Mapping[str, Any] | None) -> tuple[Outcome, str | None]:
    """Return the outcome of an answer's text, and what is wrong with it in words; None where nothing is."""
    if not text.strip():
        return "empty", "there is nothing in it"
    try:
        value = parse(text)
    except ValueError as error:
        return "not JSON", f"it is not JSON: {error}"
    broken = None if schema is None else violation(value, schema)
    return ("valid", None) if broken is None else ("schema violation", f"it breaks the schema: {broken}")


def outcome(
    text: str,
    finish_reason: str | None = "stop",
    refusal: str | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Outcome:
    """Return what became of a reply that should be JSON.

    Parameters
    ----------
    text
        The reply's text, or the arguments of the tool it called (`Reply.answer`).
    finish_reason, refusal
        As the protocol gives them; they decide before the text is looked at, because a refusal or a
        truncated reply may be JSON by accident.
    schema
        What the value must fit; None asks for any JSON.
    """
    if refusal is not None or finish_reason == "content_filter":
        return "refusal"
    if finish_reason == "length":
        return "truncated"
    return examine(text, schema)[0]


def schema_for(trial: Trial, schema: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
    """Return what a trial's answer must fit: the schema given, else the one it was asked with."""
    return schema_of(trial.params) if schema is None else schema


def outcome_of(call: Reply | ModelError | Trial, schema: Mapping[str, Any] | None = None) -> Outcome:
    """Return what became of a call.

    Parameters
    ----------
    call
        What it brought: a reply, an error, or the row of either.
    schema
        What the answer must fit. None: of a row, the schema it was asked with; of a reply, any JSON.
    """
    if isinstance(call, Reply):
        return outcome(call.answer, call.finish_reason, call.refusal, schema)
    kind = call.kind if isinstance(call, ModelError) else call.error_kind
    if isinstance(call, ModelError) or call.status == "error":
        return "schema rejected" if kind == "schema_rejected" else "transport error"
    early: dict[str, Outcome] = {"refused": "refusal", "truncated": "truncated", "empty": "empty"}
    return early.get(call.status) or examine(call.output or "", schema_for(call, schema))[0]


def first_outcome(trial: Trial, schema: Mapping[str, Any] | None = None) -> tuple[Outcome, str | None]:
    """Return what became of a trial's first reply, before any re-ask, and what was wrong with it in words.

    Parameters
    ----------
    schema
        As in `outcome_of`. It does not count for a reply that was asked for again: that one was held against
        the schema it was asked with.
    """
    for attempt in reversed(trial.attempts):
        if attempt.purpose == "reask":
            continue
        rejected = FAULTS.get(attempt.error_kind or "")
        if rejected is not None:  # the last call's own first reply
            return rejected, attempt.error
        break
    if trial.status == "ok":
        return examine(trial.output or "", schema_for(trial, schema))
    return outcome_of(trial, schema), None


def fault(request: Request, reply: Reply) -> tuple[str, str] | None:
    """Return why a reply should be asked for again; None where it should not.

    Parameters
    ----------
    request
        Tells the schema. A request whose answer is free has no fault.
    reply
        A refusal and a truncated reply have none: asking again would bring the same.

    Returns
    -------
    tuple
        One of `FAULTS`, and the fault in words that a model can act on.
    """
    schema = schema_of(request.params)
    if schema is None or reply.status in ("refused", "truncated"):
        return None
    ended, words = examine(reply.answer, schema)
    return next(((kind, str(words)) for kind, each in FAULTS.items() if each == ended), None)
