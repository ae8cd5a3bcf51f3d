"""Records to JSON text and back: compact, exact, without secrets, never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any, TypeVar

from workbench.core.records import Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage
from workbench.core.redact import redact
from workbench.errors import ModelError

__all__ = ["decode", "encode", "error_from_plain", "error_to_plain", "record_from_plain"]

RECORDS = (Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage)

T = TypeVar("T", Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage)


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return MISSING if field.default_factory is MISSING else field.default_factory()


# Class -> ((field, default), …). A field at its default is left out: the text is a third as long.
_FIELDS: dict[type, tuple[tuple[str, Any], ...]] = {
    kind: tuple((field.name, _default(field)) for field in fields(kind)) for kind in RECORDS
}

_ATOMS = frozenset({int, float, bool, type(None)})
_UNCHANGED: Mapping[str, Any] = {}

# All of a record's fields at once: one step instead of one a field.
_VALUES = {kind: attrgetter(*(name for name, _ in pairs)) for kind, pairs in _FIELDS.items()}

# What they write was made here, without cycles.
_encoder = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"))
_escaping = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"))


def _fields_of(value: Any, texts: list[str], changed: Mapping[str, Any] = _UNCHANGED) -> dict[str, Any]:
    out: dict[str, Any] = {}
    kind = type(value)
    for (name, default), item in zip(_FIELDS[kind], _VALUES[kind](value), strict=True):
        if item is default or (default is not None and default is not MISSING and item == default):
            continue
        if changed and name in changed:
            item = changed[name]
        # What `_plain` would do, without the call: most fields are text or numbers.
        of = type(item)
        if of is str:
            texts.append(item)
            out[name] = item
        else:
            out[name] = item if of in _ATOMS else _plain(item, texts)
    return out


def _plain(value: Any, texts: list[str]) -> Any:
    """Reduce a value to what JSON knows; collect all text on the way."""
    kind = type(value)
    if kind is str:
        texts.append(value)
        return value
    if kind in _ATOMS:
        return value
    if kind in _FIELDS:
        return _fields_of(value, texts)
    if isinstance(value, (list, tuple)):
        return [_plain(item, texts) for item in value]
    if kind is dict or isinstance(value, Mapping):
        texts.extend(map(str, value))
        return {str(key): _plain(item, texts) for key, item in value.items()}
    item = getattr(value, "item", None)  # numpy scalars
    return _plain(item() if callable(item) else str(value), texts)


def encode(value: Any, changed: Mapping[str, Any] = _UNCHANGED) -> str:
    """Return a record, or any plain value, as compact JSON without secrets.

    Parameters
    ----------
    changed
        Fields of a record to be written with other values.

    Notes
    -----
    Exact for text, numbers, booleans, None, lists and mappings with text keys; tuples become lists, anything
    else its `str`. NaN and infinities are written as Python's JSON writes them. Lone surrogates, which
    SQLite's UTF-8 cannot hold, are escaped.
    """
    texts: list[str] = []
    plain = _fields_of(value, texts, changed) if changed else _plain(value, texts)
    # One pass over all text decides whether there is anything to remove. NUL keeps the pieces apart: it is
    # part of no key, and a word boundary stands on either side of it.
    joined = "\0".join(texts)
    if redact(joined) != joined:
        plain = redact(plain)
    text = _encoder.encode(plain)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _escaping.encode(plain)
    return text


def decode(kind: type[T], text: str) -> T:
    """Return the record of a class that `encode` wrote as text."""
    return record_from_plain(kind, json.loads(text))


def record_from_plain(kind: type[T], plain: dict[str, Any]) -> T:
    """Return the record of a class from its plain mapping; the mapping is used up."""
    for name in ("messages", "attempts", "tool_calls", "parts"):
        if name in plain:
            nested: Any = {"messages": Message, "attempts": Attempt, "parts": Score}.get(name)
            rows = plain[name]
            plain[name] = tuple(record_from_plain(nested, row) for row in rows) if nested else tuple(rows)
    if plain.get("usage") is not None:
        plain["usage"] = Usage(**plain["usage"])
    if "ref" in plain:
        plain["ref"] = ModelRef(**plain["ref"])
    return kind(**plain)


def error_to_plain(error: ModelError) -> dict[str, Any]:
    """Return what is kept of a failed call: why, and every attempt made."""
    return {
        "subject": error.subject,
        "problem": error.problem,
        "remedy": error.remedy,
        "kind": error.kind,
        "status": error.status,
        "retry_after_s": error.retry_after_s,
        "attempts": list(error.attempts),
        "causes": [error_to_plain(cause) for cause in error.causes],
    }


def error_from_plain(plain: dict[str, Any]) -> ModelError:
    """Return the error that `error_to_plain` described."""
    attempts = tuple(record_from_plain(Attempt, row) for row in plain.pop("attempts"))
    causes = tuple(error_from_plain(cause) for cause in plain.pop("causes"))
    words = (plain.pop("subject"), plain.pop("problem"), plain.pop("remedy"))
    return ModelError(*words, attempts=attempts, causes=causes, **plain)
