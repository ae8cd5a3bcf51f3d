"""The shape of an answer: a JSON schema, how it is asked for, and how it is read back from parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from workbench.core.records import ANSWER
from workbench.errors import InputError

__all__ = [
    "MAX_REASKS",
    "SchemaMode",
    "answer_params",
    "check_answer",
    "check_schema",
    "is_closed",
    "own_params",
    "schema_of",
]

SchemaMode = Literal["json_schema", "json_object", "tool"]
"""How a schema is asked for.

``json_schema``: the endpoint gets it and holds the model to it, strictly where `is_closed`. ``json_object``:
the endpoint only makes JSON (OpenAI's asks that the prompt says so); the answer is held against the schema
here. ``tool``: the model must call a function whose parameters are the schema.
"""

SCHEMA_MODES: tuple[SchemaMode, ...] = get_args(SchemaMode)
"""The modes; the first is meant where none is named."""

MAX_REASKS = 5
"""The most times that one reply is asked for again."""

_OURS = ("answer_schema", "reask")
_ASKS = ("response_format", "tool_choice")


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


def check_answer(
    subject: str, schema: Mapping[str, Any] | None, mode: SchemaMode, reask: int, params: Mapping[str, Any]
) -> None:
    """Hold that a schema can be asked for in a mode, beside these parameters.

    Raises
    ------
    InputError
        Where something does not fit, naming the subject.
    """

    def wrong(problem: str, remedy: str) -> InputError:
        return InputError(subject, problem, remedy)

    if mode not in SCHEMA_MODES:
        raise wrong(f"schema_mode is {mode!r}", f"Use one of {', '.join(SCHEMA_MODES)}.")
    if isinstance(reask, bool) or not isinstance(reask, int) or not 0 <= reask <= MAX_REASKS:
        raise wrong(f"reask is {reask!r}", f"Use a whole number from 0 to {MAX_REASKS}.")
    for name in _OURS:
        if name in params:
            raise wrong(f"its parameter {name!r} is no parameter", "Give schema= and reask= to the variant.")
    if schema is None:
        if reask:
            raise wrong("reask needs a schema to hold an answer against", "Give schema=, or leave it out.")
        return
    check_schema(schema)
    if mode == "tool" and schema.get("type") != "object":
        raise wrong("a tool's schema is not of type object", "Wrap it in an object with one property.")
    for name in _ASKS:
        if name in params:
            raise wrong(f"its schema and its parameter {name!r} say the same twice", "Keep one of them.")


def is_closed(schema: Any) -> bool:
    """Return whether a schema can be enforced strictly.

    What OpenAI's strict mode asks of each object in it: no other properties, and all of its own required.
    """
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if "object" in _as_list(schema.get("type")) or isinstance(properties, Mapping):
        own = set(properties) if isinstance(properties, Mapping) else set()
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != own:
            return False
    parts: list[Any] = [schema.get("items")]
    for key in ("properties", "$defs", "definitions"):
        parts += schema[key].values() if isinstance(schema.get(key), Mapping) else ()
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        parts += schema.get(key, ())
    return all(map(is_closed, parts))


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def answer_params(
    schema: Mapping[str, Any] | None, mode: SchemaMode = "json_schema", reask: int = 0
) -> dict[str, Any]:
    """Return the protocol parameters that ask for an answer of a schema; empty where there is none.

    Two of them stay on this side of the wire: ``answer_schema`` is what a JSON mode's answer is held against,
    ``reask`` how often a reply that breaks the schema is asked for again.
    """
    if schema is None:
        return {}
    plain = dict(schema)
    params: dict[str, Any]
    if mode == "json_schema":
        shape = {"name": ANSWER, "schema": plain, "strict": is_closed(schema)}
        params = {"response_format": {"type": "json_schema", "json_schema": shape}}
    elif mode == "json_object":
        params = {"response_format": {"type": "json_object"}, "answer_schema": plain}
    else:
        function = {"name": ANSWER, "parameters": plain, "strict": is_closed(schema)}
        params = {
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": ANSWER}},
        }
    return params | ({"reask": reask} if reask else {})


def own_params(params: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that a person set, without those that only ask for an answer's schema.

    Parameters
    ----------
    params
        Of a request.
    asked
        What `answer_params` wrote among them; the tools that it wrote stand before a person's own.
    """
    own = {name: value for name, value in params.items() if name not in asked}
    tools = _as_list(params.get("tools", ()))[len(asked.get("tools", ())) :]
    return own | ({"tools": list(tools)} if tools else {})


def schema_of(params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema that an answer was asked for with; None where its shape is free.

    Reads what `answer_params` writes, and the protocol's ``response_format`` as anyone writes it. JSON mode
    without a schema asks for an object.
    """
    kept = params.get("answer_schema")
    if isinstance(kept, Mapping):
        return kept
    form = params.get("response_format")
    if isinstance(form, Mapping):
        inner = form.get("json_schema")
        if form.get("type") == "json_schema" and isinstance(inner, Mapping):
            found = inner.get("schema")
            return found if isinstance(found, Mapping) else {}
        return {"type": "object"} if form.get("type") == "json_object" else None
    for tool in _as_list(params.get("tools")):
        function = tool.get("function") if isinstance(tool, Mapping) else None
        if isinstance(function, Mapping) and function.get("name") == ANSWER:
            found = function.get("parameters")
            return found if isinstance(found, Mapping) else {}
    return None
