"""Nested and open shapes: an invoice, tags, one of two kinds of event, a grade, any object, any JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.score.corpus import Written
from workbench.score.structured import Outcome

INVOICE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^INV-[0-9]{4}$"},
        "currency": {"enum": ["EUR", "USD", "JPY"]},
        "total": {"type": "number", "exclusiveMinimum": 0},
        "note": {"type": ["string", "null"]},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "properties": {
                    "sku": {"type": "string"},
                    "quantity": {"type": "integer", "minimum": 1},
                    "price": {"type": "number"},
                },
                "required": ["sku", "quantity", "price"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["number", "currency", "total", "note", "lines"],
    "additionalProperties": False,
}

TAGS: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "string", "minLength": 2, "maxLength": 12},
    "minItems": 1,
    "maxItems": 4,
    "uniqueItems": True,
}

EVENT: Mapping[str, Any] = {
    "oneOf": [{"$ref": "#/definitions/meeting"}, {"$ref": "#/definitions/task"}],
    "definitions": {
        "meeting": {
            "type": "object",
            "properties": {
                "kind": {"const": "meeting"},
                "people": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["kind", "people"],
            "additionalProperties": False,
        },
        "task": {
            "type": "object",
            "properties": {"kind": {"const": "task"}, "due": {"type": "string"}, "done": {"type": "boolean"}},
            "required": ["kind", "due"],
            "additionalProperties": False,
        },
    },
}

GRADE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "score": {"type": "integer", "minimum": 1, "maximum": 5},
        "passed": {"type": "boolean"},
        "step": {"type": "number", "multipleOf": 0.5},
    },
    "required": ["score", "passed"],
}

OBJECT: Mapping[str, Any] = {"type": "object"}


def _all(
    schema: Mapping[str, Any] | None,
    expected: Outcome,
    *texts: str,
    mends: bool = False,
    finish: str = "stop",
) -> list[Written]:
    return [
        Written(schema=schema, expected=expected, text=text, mends=mends, finish=finish) for text in texts
    ]


_LINE = '{"sku": "A-1", "quantity": 2, "price": 9.5}'

REPLIES = [
    *_all(
        INVOICE,
        "valid",
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-2025", "currency": "JPY", "total": 1e4, "note": "", "lines": [{_LINE}, {_LINE}]}}',
        '{"number": "INV-0003", "currency": "USD", "total": 0.01, "note": "Größe: ½ \\u20ac",\n'
        ' "lines": [\n  {"sku": "", "quantity": 1.0, "price": -5}\n ]}',
        f'{{"lines": [{_LINE}], "note": "https:\\/\\/acme.example", "total": 19.00, "currency": "EUR",'
        ' "number": "INV-0009"}',
    ),
    *_all(
        INVOICE,
        "schema violation",
        f'{{"number": "0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-00012", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": 1, "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "€", "total": 19, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": "19", "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": "19,00 €", "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 0, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": false, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "lines": [{_LINE}]}}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": []}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": null}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": {_LINE}}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [[{_LINE}]]}}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        ' "lines": [{"sku": "A-1", "quantity": "2", "price": 9.5}]}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        ' "lines": [{"sku": "A-1", "quantity": 2.5, "price": 9.5}]}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        ' "lines": [{"sku": "A-1", "quantity": 0, "price": 9.5}]}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        ' "lines": [{"sku": "A-1", "price": 9.5}]}',
        '{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        f' "lines": [{_LINE}, {{"sku": "A-2", "quantity": 1, "price": 1, "color": "red"}}]}}',
        f'{{"invoice": {{"number": "INV-0001", "currency": "EUR", "total": 19, "lines": [{_LINE}]}}}}',
    ),
    *_all(
        INVOICE,
        "not JSON",
        f'```json\n{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        f' "lines": [{_LINE},]}}\n```',
        f'The invoice:\n{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null,'
        f' "lines": [{_LINE}]\n,}}',
        mends=True,
    ),
    *_all(
        INVOICE,
        "not JSON",
        f'{{"number": "INV-0001", "currency": "EUR", "total": 1,900.00, "note": null, "lines": [{_LINE}]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}, {_LINE}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}, ...]}}',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 2 * 9.5, "note": null, "lines": [{_LINE}]}}',
        f"Lines: {_LINE}, total: 19",
    ),
    *_all(
        INVOICE,
        "truncated",
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}, ',
        f'{{"number": "INV-0001", "currency": "EUR", "total": 19, "note": null, "lines": [{_LINE}]}}',
        '{"number": "INV-0001", "currency": "EUR", "total": 1',
        finish="length",
    ),
    *_all(
        TAGS,
        "valid",
        '["late", "parcel"]',
        '["été"]',
        '[\n"aa",\n"bb",\n"cc",\n"dd"\n]',
        '["\\u00e9\\u00e8"]',
    ),
    *_all(
        TAGS,
        "schema violation",
        "[]",
        '["a"]',
        '["late", "late"]',
        '["aa", "bb", "cc", "dd", "ee"]',
        '["late", 7]',
        '["late", null]',
        '[["late", "parcel"]]',
        '{"tags": ["late"]}',
        '"late, parcel"',
        '["a tag that is far too long"]',
    ),
    *_all(
        TAGS,
        "not JSON",
        '```\n["late", "parcel"]\n```',
        'Tags: ["late", "parcel"]',
        '["late", "parcel",]',
        mends=True,
    ),
    *_all(
        TAGS,
        "not JSON",
        "late, parcel",
        "- late\n- parcel",
        "[late, parcel]",
        "['late', 'parcel']",
        '["late", "parcel"',
        '["late" "parcel"]',
        '"late", "parcel"',
        "[,]",
        '["late"] and ["parcel"]',
    ),
    *_all(TAGS, "truncated", '["late", "par', '["late"]', "[", finish="length"),
    *_all(
        EVENT,
        "valid",
        '{"kind": "meeting", "people": []}',
        '{"kind": "meeting", "people": ["Ada", "Łukasz"]}',
        '{"kind": "task", "due": "2025-03-01"}',
        '{"kind": "task", "due": "tomorrow", "done": false}',
    ),
    *_all(
        EVENT,
        "schema violation",
        '{"kind": "task", "people": ["Ada"]}',
        '{"kind": "meeting", "people": ["Ada"], "due": "2025-03-01"}',
        '{"kind": "party", "people": []}',
        '{"kind": "task", "due": "2025-03-01", "done": "no"}',
        '{"kind": "task", "due": "2025-03-01", "done": 0}',
        '{"people": []}',
        '[{"kind": "task", "due": "2025-03-01"}]',
    ),
    *_all(EVENT, "not JSON", 'It is a task: {"kind": "task", "due": "2025-03-01"}', mends=True),
    *_all(EVENT, "not JSON", "task(due=2025-03-01)", '{"kind": task, "due": "2025-03-01"}'),
    *_all(
        GRADE,
        "valid",
        '{"score": 5, "passed": true}',
        '{"score": 3.0, "passed": false}',
        '{"score": 1, "passed": false, "step": 2.5}',
        '{"score": 4, "passed": true, "comment": "more is allowed", "deep": {"a": [1, {"b": []}]}}',
    ),
    *_all(
        GRADE,
        "schema violation",
        '{"score": 6, "passed": true}',
        '{"score": 0, "passed": false}',
        '{"score": 4.5, "passed": true}',
        '{"score": "5", "passed": true}',
        '{"score": 5, "passed": "true"}',
        '{"score": 5, "passed": 1}',
        '{"score": true, "passed": true}',
        '{"score": 5, "passed": null}',
        '{"score": "5/5", "passed": true}',
        '{"score": [5], "passed": true}',
        '{"score": 5, "passed": true, "step": 0.7}',
        '{"score": 12345678901234567890123, "passed": true}',
        "5",
    ),
    *_all(
        GRADE,
        "not JSON",
        'Score: 5\n\n{"score": 5, "passed": true}',
        '{"score": 5, "passed": true,}',
        mends=True,
    ),
    *_all(
        GRADE, "not JSON", "5/5", '{"score": five, "passed": true}', '{"score": 5, "passed": True}', "Pass."
    ),
    *_all(OBJECT, "valid", "{}", '{"anything": [1, "two", null]}', '{"": ""}'),
    *_all(OBJECT, "schema violation", "[]", '"{}"', "1", "null"),
    *_all(OBJECT, "not JSON", "``` {} ```", "{}.", mends=True),
    *_all(OBJECT, "not JSON", "{]", "}{", "{" * 100_000, '{"a": ' * 50_000),
    *_all(None, "valid", "3", '"text"', "null", "[1, 2]", "-0", "1E+2", '"\\ud800"', "false", "[[[[[[]]]]]]"),
    *_all(
        None, "not JSON", "text", "01", "1.", "'a'", "0x10", "1_000", "nul", '"open', "\x00", "Yes", "[1 2]"
    ),
]
