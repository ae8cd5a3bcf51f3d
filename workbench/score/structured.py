"""What became of a reply that should be JSON: one outcome each, mutually exclusive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NoReturn, get_args

from workbench.errors import InputError

__all__ = ["OUTCOMES", "Outcome", "check_schema", "outcome", "parse", "violation"]

Outcome = Literal["valid", "refusal", "truncated", "empty", "not JSON", "schema violation"]
"""How a structured reply ended; the first that applies, in the order in which `outcome` asks."""

OUTCOMES: tuple[str, ...] = get_args(Outcome)
"""All outcomes, as text."""


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def parse(text: str) -> Any:
    """Return the value of a JSON text.

    Parameters
    ----------
    text
        The whole text must be one JSON value (RFC 8259): no code fence, no words around it, no NaN.

    Raises
    ------
    ValueError
        Where it is not, or is nested deeper than Python's reader follows.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def check_schema(schema: Mapping[str, Any]) -> None:
    """Hold that a mapping is a JSON Schema (draft 2020-12, or the draft its ``$schema`` names).

    Raises
    ------
    InputError
        Where it is not, naming the place in the schema.
    """
    from jsonschema import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for

    try:
        validator_for(dict(schema), default=Draft202012Validator).check_schema(dict(schema))
    except SchemaError as error:
        where = "/".join(map(str, error.absolute_path)) or "its root"
        raise InputError(
            "JSON schema", f"at {where}: {error.message}", "Correct the schema (draft 2020-12)."
        ) from None


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
        The reply's text.
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
    if not text.strip():
        return "empty"
    try:
        value = parse(text)
    except ValueError:
        return "not JSON"
    if schema is not None and violation(value, schema) is not None:
        return "schema violation"
    return "valid"
