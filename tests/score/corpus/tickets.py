"""A small closed object: a ticket's label, a confidence, a reason."""

from __future__ import annotations

from tests.score.corpus import Written
from workbench.score.structured import Outcome

SCHEMA = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["billing", "shipping", "account", "other"]},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "reason": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "required": ["label", "confidence", "reason"],
    "additionalProperties": False,
}


def _all(expected: Outcome, *texts: str, mends: bool = False, finish: str = "stop") -> list[Written]:
    return [
        Written(schema=SCHEMA, expected=expected, text=text, mends=mends, finish=finish) for text in texts
    ]


VALID = _all(
    "valid",
    '{"label": "billing", "confidence": 0.93, "reason": "Mentions an invoice."}',
    '{"label":"shipping","confidence":1,"reason":"Parcel is late"}',
    '\n{\n  "label": "account",\n  "confidence": 0.5,\n  "reason": "Cannot log in."\n}\n',
    '{"reason": "Order of names is free.", "confidence": 0, "label": "other"}',
    '{"label": "billing", "confidence": 1.0, "reason": "He wrote \\"refund\\" twice."}',
    '{"label": "shipping", "confidence": 8.1e-1, "reason": "Colis perdu à Besançon 📦"}',
    '{"label": "\\u0062illing", "confidence": 0.7, "reason": "escaped letter in the label"}',
    '\t{"label": "other", "confidence": 0.25, "reason": "line one\\nline two"}  ',
    '{"label": "account", "confidence": 0.99, "reason": "客户无法登录"}',
    '{"label": "billing", "confidence": 0.4, "reason": "braces } in { text and a trailing comma,"}',
    '{"label": "billing", "confidence": 0.6, "reason": "```json is in the text```"}',
    '{"label": "shipping", "label": "billing", "confidence": 0.5, "reason": "twice: the last counts"}',
    '{"label": "other", "confidence": 0.10, "reason": "\\ud83d\\ude80 surrogate pair"}',
    '{"label": "other", "confidence": 0.00001, "reason": "-"}',
    '{"label": "other", "confidence": 0, "reason": "I cannot help with that, says the customer."}',
    '{"label":"account","confidence":0.5,"reason":"tab\\tand \\u0000 nul"}\r\n',
)

WRAPPED = _all(
    "not JSON",
    '```json\n{"label": "billing", "confidence": 0.9, "reason": "Invoice."}\n```',
    '```\n{"label": "billing", "confidence": 0.9, "reason": "Invoice."}\n```',
    '```JSON\r\n{"label": "billing", "confidence": 0.9, "reason": "Invoice."}\r\n```\r\n',
    'Here is the JSON you asked for:\n\n{"label": "shipping", "confidence": 0.8, "reason": "Late."}',
    'Sure! {"label": "shipping", "confidence": 0.8, "reason": "Late."} Let me know if you need more.',
    'Sure:\n```json\n{"label": "account", "confidence": 0.7, "reason": "Login."}\n```\nHope this helps!',
    '{"label": "account", "confidence": 0.7, "reason": "Login."}\n\nThe customer cannot log in.',
    '{"label": "account", "confidence": 0.7, "reason": "Login.",}',
    '{"label": "account", "confidence": 0.7, "reason": "a comma, then ,} inside",\n}\n',
    'json\n{"label": "other", "confidence": 0.3, "reason": "No hint."}',
    'Answer: {"label": "other", "confidence": 0.3, "reason": "No hint."}.',
    '<json>{"label": "other", "confidence": 0.3, "reason": "No hint."}</json>',
    '**Result**\n\n{"label": "other", "confidence": 0.3, "reason": "No hint."}\n\n---',
    '"result": {"label": "other", "confidence": 0.3, "reason": "No hint."}',
    "<think>The word invoice {probably} means billing.</think>\n"
    '{"label": "billing", "confidence": 0.9, "reason": "Invoice."}',
    '```json\n{"label": "billing", "confidence": 0.9, "reason": "Invoice."}',
    '{"label": "billing", "confidence": 0.9, "reason": "Invoice."}\n```',
    '\ufeff{"label": "billing", "confidence": 0.9, "reason": "byte order mark"}',
    '{"label": "billing", "confidence": 0.9, "reason": "one bracket too many"}}',
    '{"label": "billing", "confidence": 0.9, "reason": "semicolon"};',
    '`{"label": "billing", "confidence": 0.9, "reason": "in backticks"}`',
    'return {"label": "billing", "confidence": 0.9, "reason": "as code"}',
    '```json\n{\n  "label": "billing",\n  "confidence": 0.9,\n  "reason": "all three",\n}\n```\nDone.',
    '好的，结果如下：{"label": "shipping", "confidence": 0.8, "reason": "包裹延误"}',
    mends=True,
)

BROKEN = _all(
    "not JSON",
    "billing",
    "The label is billing.",
    "label: billing\nconfidence: 0.9\nreason: Invoice.",
    "{'label': 'billing', 'confidence': 0.9, 'reason': 'Python'}",
    '{label: "billing", confidence: 0.9, reason: "no quotes around names"}',
    '{"label": "billing" "confidence": 0.9, "reason": "comma missing"}',
    '{"label": "billing", "confidence": 0.9, "reason": "it says "refund" unescaped"}',
    '{"label": "billing", "confidence": .9, "reason": "no zero before the point"}',
    '{"label": "billing", "confidence": 09, "reason": "leading zero"}',
    '{"label": "billing", "confidence": +0.9, "reason": "plus sign"}',
    '{"label": "billing", "confidence": NaN, "reason": "not a number"}',
    '{"label": "billing", "confidence": Infinity, "reason": "too sure"}',
    '{"label": "billing", "confidence": -Infinity, "reason": "not sure"}',
    '{"label": "billing", "confidence": 0,9, "reason": "decimal comma"}',
    '{"label": "billing", "confidence": 90%, "reason": "percent"}',
    '{"label": "billing", "confidence": None, "reason": "Python\'s None"}',
    '{"label": "billing", "confidence": 0.9, "reason": "raw\nline break"}',
    '{"label": "billing", "confidence": 0.9, "reason": "bad \\escape"}',
    '{"label": "billing", "confidence": 0.9, "reason": "bad \\u12 escape"}',
    '{"label": "billing", "confidence": 0.9, // sure\n "reason": "comment"}',
    '{"label": "billing", "confidence": 0.9, "reason": "Invoice.",,}',
    '{"label": = "billing"}',
    "{“label”: “billing”, “confidence”: 0.9, “reason”: “curly quotes”}",
    '{"label": "billing", "confidence": 0.9, "reason": "stopped by itself',
    '{"label": "billing", "confidence": 0.9, "reason": "stopped by itself"',
    '{"label": "billing", "confidence": 0.9, ',
    '{"label": "billing", "confidence":',
    '{"label": "bill',
    '{"label',
    "{",
    'Sure! {"label": "billing", "confidence": 0.9',
    '{"label": "billing", "confidence": 1, "reason": "a"} {"label": "other", "confidence": 0, "reason": "b"}',
    '{"label": "billing", "confidence": 1, "reason": "c"}\n{"label": "other", "confidence": 0, "reason": ""}',
    'For example {"label": "other", "confidence": 0, "reason": "x"}; here '
    '{"label": "billing", "confidence": 1, "reason": "y"}',
    "<label>billing</label><confidence>0.9</confidence>",
    "| label | confidence |\n|---|---|\n| billing | 0.9 |",
    '{{"label": "billing", "confidence": 0.9, "reason": "template braces"}}',
    '{"label": "billing", "confidence": 0.9, "reason": "wrong bracket"]',
    '["label": "billing"]',
    "I'm sorry, but I can't help with that.",
    "undefined",
    "True",
    '{"label": "billing", "confidence": 0.9, "reason": "Invoice."',
    '{"label": "billing", "confidence": 0.9, "reason": "cut in the second", "extra": {"label": "other"}',
    "```json\n```",
    "...",
)

VIOLATION = _all(
    "schema violation",
    '{"label": "Billing", "confidence": 0.9, "reason": "capital letter"}',
    '{"label": "billing ", "confidence": 0.9, "reason": "blank at the end"}',
    '{"label": "refund", "confidence": 0.9, "reason": "not among the labels"}',
    '{"label": "", "confidence": 0.9, "reason": "empty label"}',
    '{"label": null, "confidence": 0.9, "reason": "no label"}',
    '{"label": ["billing"], "confidence": 0.9, "reason": "label in a list"}',
    '{"label": {"name": "billing"}, "confidence": 0.9, "reason": "label in an object"}',
    '{"label": "billing|shipping", "confidence": 0.9, "reason": "two at once"}',
    '{"label": "billing", "confidence": "0.9", "reason": "number as text"}',
    '{"label": "billing", "confidence": "high", "reason": "word"}',
    '{"label": "billing", "confidence": 93, "reason": "percent"}',
    '{"label": "billing", "confidence": 1.0001, "reason": "above one"}',
    '{"label": "billing", "confidence": -0.1, "reason": "below zero"}',
    '{"label": "billing", "confidence": true, "reason": "a boolean is no number"}',
    '{"label": "billing", "confidence": null, "reason": "unknown"}',
    '{"label": "billing", "confidence": 1e999, "reason": "infinite when read"}',
    '{"label": "billing", "confidence": 0.9}',
    '{"label": "billing", "reason": "no confidence"}',
    '{"confidence": 0.9, "reason": "no label"}',
    '{"label": "billing", "confidence": 0.9, "reason": ""}',
    '{"label": "billing", "confidence": 0.9, "reason": null}',
    '{"label": "billing", "confidence": 0.9, "reason": ["Invoice."]}',
    '{"label": "billing", "confidence": 0.9, "reason": "x", "urgent": true}',
    '{"label": "billing", "confidence": 0.9, "reason": "x", "": null}',
    '{"Label": "billing", "confidence": 0.9, "reason": "name in capitals"}',
    '{"label ": "billing", "confidence": 0.9, "reason": "blank in the name"}',
    '{"result": {"label": "billing", "confidence": 0.9, "reason": "one level too deep"}}',
    '[{"label": "billing", "confidence": 0.9, "reason": "in a list"}]',
    '"{\\"label\\": \\"billing\\", \\"confidence\\": 0.9, \\"reason\\": \\"JSON within JSON\\"}"',
    '"billing"',
    "0.9",
    "null",
    "true",
    "[]",
    "{}",
    '{"label": "billing", "label": "refund", "confidence": 0.5, "reason": "twice: the last counts"}',
    '{"error": "I cannot classify this ticket."}',
    '{"type": "object", "properties": {"label": "billing"}}',
    '{"label": "billing", "confidence": 0.9, "reason": "' + "so long that no one reads it, " * 8 + '"}',
    '{"label": "b\\u0456lling", "confidence": 0.9, "reason": "a Cyrillic letter"}',
)

WRAPPED_VIOLATION = _all(
    "not JSON",
    '```json\n{"label": "refund", "confidence": 0.9, "reason": "Invoice."}\n```',
    'Sure: {"label": "billing", "confidence": "0.9", "reason": "Invoice."}',
    'See [1]: {"label": "billing", "confidence": 0.9, "reason": "two values: which one is meant?"}',
    "The labels are [billing, shipping]; I choose the first.",
)

EMPTY = _all("empty", "", " ", "\n\n\n", "\t \r\n", "\u3000", finish="stop")

TRUNCATED = _all(
    "truncated",
    "",
    "{",
    '{"',
    '{"label',
    '{"label"',
    '{"label":',
    '{"label": "bil',
    '{"label": "billing"',
    '{"label": "billing",',
    '{"label": "billing", "confidence": 0.',
    '{"label": "billing", "confidence": 0.9, "reason": "The customer writes that',
    '{"label": "billing", "confidence": 0.9, "reason": "The customer writes \\',
    '{"label": "billing", "confidence": 0.9, "reason": "Invoice."',
    '{"label": "billing", "confidence": 0.9, "reason": "whole by accident"}',
    '```json\n{"label": "billing", "confidence": 0.9, "reason": "whole in its fence"}',
    '```json\n{"label": "billing"',
    "Let me think step by step. First, the customer",
    "\n\n\n\n\n\n\n\n",
    finish="length",
)

REFUSED = [
    Written(schema=SCHEMA, expected="refusal", refusal="I'm sorry, I can't assist with that request."),
    Written(schema=SCHEMA, expected="refusal", refusal="No.", text='{"label": "other"}'),
    Written(schema=SCHEMA, expected="refusal", refusal="", text=VALID[0].text),
    Written(schema=SCHEMA, expected="refusal", refusal="Je ne peux pas répondre.", finish="length"),
    Written(schema=SCHEMA, expected="refusal", finish="content_filter"),
    Written(schema=SCHEMA, expected="refusal", finish="content_filter", text='{"label": "bil'),
    Written(schema=SCHEMA, expected="refusal", finish="content_filter", text=VALID[0].text),
]

REPLIES = [
    *VALID,
    *WRAPPED,
    *BROKEN,
    *VIOLATION,
    *WRAPPED_VIOLATION,
    *EMPTY,
    *TRUNCATED,
    *REFUSED,
]
