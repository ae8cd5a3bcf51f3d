"""Tests of a prompt's blocks: what is one, what can be left out, and what is left then."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.core.records import Message
from workbench.define.blocks import blocks, without
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import InputError, TemplateError

PROMPT = """# Task
You sort tickets.
Be brief.

Rules:
- one label, of {{labels}}
  and no other
- nothing else

  not even a word
1. never guess

```json
{"label": "a"}

{"label": "b"}
```
<notes>
Tickets are short.
</notes>

{{text}}"""


def variant(template: object = PROMPT, **changes: object) -> Variant:
    """Return a variant with labels bound."""
    return Variant("terse", template, **{"labels": ["a", "b"], **changes})  # type: ignore[arg-type]


def examples() -> Dataset:
    """Return two solved cases."""
    rows = [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}]
    return Dataset.from_frame(pd.DataFrame(rows), expected="label")


def test_a_prompt_is_cut_by_the_stated_rule() -> None:
    """Headings, paragraphs, items with what is below them, code, tags; the case's variable is kept."""
    found = [(block.kind, block.text.partition("\n")[0], bool(block.kept)) for block in blocks(variant())]
    assert found == [
        ("heading", "# Task", False),
        ("paragraph", "You sort tickets.", False),
        ("paragraph", "Rules:", False),
        ("item", "- one label, of {{labels}}", False),
        ("item", "- nothing else", False),
        ("item", "1. never guess", False),
        ("code", "```json", False),
        ("tag", "<notes>", True),
        ("paragraph", "Tickets are short.", False),
        ("tag", "</notes>", True),
        ("paragraph", "{{text}}", True),
    ]
    assert [block.number for block in blocks(variant())] == list(range(1, 12))
    assert blocks(variant())[4].text == "- nothing else\n\n  not even a word"


def test_a_list_may_stay_whole() -> None:
    """Without items a list is part of its paragraph."""
    found = [block.text for block in blocks(variant("Rules:\n- a {{labels}}\n- b\n\n{{text}}"), items=False)]
    assert found == ["Rules:\n- a {{labels}}\n- b", "{{text}}"]


@given(st.text(alphabet="ab- #*<>`1.\n", max_size=80))
def test_every_character_is_in_exactly_one_block(text: str) -> None:
    """The pieces, put together, are the message."""
    whole = Variant("v", [("system", text), ("user", "{{text}}")])
    spans = [span for block in blocks(whole) for span in block.spans if span[0] == 0]
    assert "".join(text[start:end] for _, start, end in spans) == (text if text.strip() else "")
    assert all(start < end for _, start, end in spans)


def test_what_is_left_is_the_rest_as_it_was() -> None:
    """One item gone: the others, the roles and the case's message stay."""
    left = without(variant(), 6)
    assert left.name == "terse-without-6"
    before, after = variant().chat, left.chat
    assert [message.role for message in after] == ["system", "user"]
    assert after[0].content == before[0].content.replace("1. never guess\n\n", "")
    assert without(variant(), 9, 1, 9).name == "terse-without-1-9"
    assert without(variant(), 1, name="short").name == "short"


def test_a_constant_that_nothing_uses_any_more_goes_with_its_block() -> None:
    """Only there did the labels stand."""
    assert without(variant(), 4).constants == {}
    assert without(variant(), 5).constants == {"labels": ["a", "b"]}


def test_examples_are_one_block() -> None:
    """All of them together, last; without them the variant has none."""
    few = variant(examples=examples())
    last = blocks(few)[-1]
    assert (last.kind, last.text, last.kept) == ("examples", "2 examples", "")
    assert without(few, last.number).examples is None
    assert without(few, 1).examples is few.examples


def test_a_question_and_its_answer_go_together() -> None:
    """Written out as messages they are one block; the case's own question is none that can go."""
    chat = [("system", "Sort."), ("user", "one"), ("assistant", "a"), ("user", "Now: {{text}}")]
    shots = Variant("shots", chat)
    assert [(block.kind, bool(block.kept)) for block in blocks(shots)] == [
        ("paragraph", False),
        ("turn", False),
        ("paragraph", True),
    ]
    assert [message.role for message in without(shots, 2).chat] == ["system", "user"]
    assert [message.role for message in without(shots, 1).chat] == ["user", "assistant", "user"]


def test_a_tools_call_and_the_only_question_stay() -> None:
    """What the protocol needs whole is kept, and so is the last thing that asks."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    chat = [
        Message(role="user", content="Sort {{text}}"),
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="done", tool_call_id="1"),
    ]
    assert all(block.kept for block in blocks(Variant("tools", chat)))
    alone = Variant("alone", [("system", "Sort."), ("user", "Go on.")])
    assert [bool(block.kept) for block in blocks(alone)] == [False, True]


def test_what_cannot_be_left_out_is_refused() -> None:
    """A number that is none, the case's block, and everything that asks at once."""
    with pytest.raises(InputError, match="1 to 11"):
        without(variant(), 12)
    with pytest.raises(TemplateError, match="holds text of the case"):
        without(variant(), 11)
    both = Variant("both", [("user", "One."), ("user", "Two.")])
    assert not any(block.kept for block in blocks(both))
    with pytest.raises(TemplateError, match="no user message"):
        without(both, 1, 2)
