"""Answers by tools, and calls that brought no reply."""

from __future__ import annotations

from typing import Any, get_args

from tests.score.corpus import Written
from tests.score.corpus.documents import GRADE, INVOICE
from tests.score.corpus.tickets import SCHEMA, VALID
from workbench.errors import ErrorKind
from workbench.score.structured import Outcome


def _call(arguments: Any, name: str = "answer") -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}


def _called(expected: Outcome, *calls: dict[str, Any], schema: Any = SCHEMA, **more: Any) -> Written:
    return Written(schema=schema, expected=expected, calls=calls, **more)


_GOOD = VALID[0].text
_NO_REPLY = [
    kind
    for kind in get_args(ErrorKind)
    if kind not in ("schema_rejected", "empty", "not_json", "schema_violation")
]

REPLIES = [
    _called("valid", _call(_GOOD)),
    _called("valid", _call(_GOOD), finish="tool_calls"),
    _called("valid", _call(_GOOD), text="I will call the tool now."),
    _called("valid", _call({"label": "billing", "confidence": 0.9, "reason": "arguments as an object"})),
    _called("valid", _call('{"score": 5, "passed": true}'), schema=GRADE),
    _called("schema violation", _call('{"label": "refund", "confidence": 0.9, "reason": "x"}')),
    _called("schema violation", _call("{}")),
    _called("schema violation", _call('{"label": "billing", "confidence": "0.9", "reason": "x"}')),
    _called("schema violation", _call({"label": "billing"})),
    _called("schema violation", _call(_GOOD), _call(_GOOD)),
    _called("schema violation", _call('{"query": "invoice"}', name="search")),
    _called("schema violation", _call("null")),
    _called("not JSON", _call(_GOOD[:-1])),
    _called("not JSON", _call("{'label': 'billing'}")),
    _called("not JSON", _call(_GOOD + "}"), mends=True),
    _called("not JSON", _call(f"```json\n{_GOOD}\n```"), mends=True),
    _called("empty", _call("")),
    _called("empty", _call(None)),
    _called("truncated", _call(_GOOD[:20]), finish="length"),
    _called("truncated", _call(_GOOD), finish="length"),
    _called("refusal", _call(_GOOD), refusal="I can't do that."),
    _called("refusal", _call(_GOOD), finish="content_filter"),
    Written(
        schema=SCHEMA, expected="valid", text=_GOOD, finish="tool_calls"
    ),  # answered in text all the same
    Written(schema=SCHEMA, expected="not JSON", text="I have no tool for that."),
    Written(schema=SCHEMA, expected="schema rejected", error="schema_rejected"),
    Written(schema=INVOICE, expected="schema rejected", error="schema_rejected"),
    *(Written(schema=SCHEMA, expected="transport error", error=kind) for kind in _NO_REPLY),
]
