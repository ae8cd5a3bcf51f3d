"""What a case brings beside its text: earlier messages and tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.core.records import Message
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import TemplateError

SEARCH = {"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}
SAID = [{"role": "user", "content": "Hi {{text}}"}, {"role": "assistant", "content": "Hello!"}]
TERSE = Variant("v", "Be brief.\n\n{{text}}")


def test_earlier_messages_stand_before_the_last_user_message() -> None:
    """The order is system, examples, what was said before, the question; nothing in it is a template."""
    examples = Dataset.from_frame(pd.DataFrame({"text": ["e"], "label": ["l"]}), expected="label")
    messages = TERSE.replace(examples=examples).messages({"text": "now", "messages": SAID})
    assert [(m.role, m.content) for m in messages] == [
        ("system", "Be brief."),
        ("user", "e"),
        ("assistant", "l"),
        ("user", "Hi {{text}}"),
        ("assistant", "Hello!"),
        ("user", "now"),
    ]


def test_tool_calls_and_their_answers_are_kept() -> None:
    """A conversation with tools in it arrives as protocol messages."""
    call = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    said = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "nothing found"},
    ]
    assert TERSE.messages({"text": "x", "messages": said})[1:3] == (
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="nothing found", tool_call_id="c1"),
    )


def test_a_file_may_hold_them(tmp_path: Path) -> None:
    """In JSON Lines they are lists, in CSV their JSON text; an empty cell is nothing."""
    rows = [{"text": "a", "messages": SAID, "tools": [SEARCH]}, {"text": "b"}]
    lines = tmp_path / "cases.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    sheet = tmp_path / "cases.csv"
    texts = [
        {name: json.dumps(value) if name != "text" else value for name, value in row.items()} for row in rows
    ]
    pd.DataFrame(texts).to_csv(sheet, index=False)
    for data in (Dataset.from_jsonl(lines), Dataset.from_csv(sheet)):
        first, second = data.cases
        assert (len(TERSE.messages(first)), TERSE.tools(first)) == (4, (SEARCH,))
        assert (len(TERSE.messages(second)), TERSE.tools(second)) == (2, ())


@pytest.mark.parametrize("value", [12, "three messages", "", None, 1.5, {"a": 1}])
def test_a_column_that_is_no_list_is_a_column_like_any_other(value: Any) -> None:
    """Only a list is a conversation, or a set of tools."""
    case = {"text": "x", "messages": value, "tools": value}
    assert len(TERSE.messages(case)) == 2
    assert TERSE.tools(case) == ()


def test_a_template_may_use_the_names() -> None:
    """Used as a variable, the column is text in the prompt and nothing else."""
    variant = Variant("v", "{{messages}} {{tools}}\n\n{{text}}")
    case = {"text": "x", "messages": ["a", "b"], "tools": ["c"]}
    assert [m.content for m in variant.messages(case)] == ["a, b c", "x"]
    assert variant.tools(case) == ()


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("messages", ["hello"], "other than objects"),
        ("messages", "[{", "not JSON"),
        ("messages", [{"role": "bot", "content": "x"}], "'bot' is not a role"),
        ("messages", [{"role": "user"}], "has no text"),
        ("messages", [{"role": "user", "content": 3}], "has no text"),
        ("messages", [{"role": "tool", "content": "x"}], "names no call"),
        ("messages", [{"role": "assistant", "content": "x", "tool_calls": "y"}], "not a list of objects"),
        ("tools", ["search"], "other than objects"),
        ("tools", [{"function": {"name": "search"}}], "no type or no name"),
        ("tools", [{"type": "function"}], "no type or no name"),
    ],
)
def test_what_is_malformed_names_variant_case_and_column(column: str, value: Any, problem: str) -> None:
    """A list that is no conversation is found before anything is asked."""
    (case,) = Dataset.from_frame(pd.DataFrame({"id": ["c7"], "text": ["x"], column: [value]})).cases
    with pytest.raises(TemplateError, match=f"variant 'v', case 'c7', column '{column}'.*{problem}"):
        TERSE.messages(case) if column == "messages" else TERSE.tools(case)
