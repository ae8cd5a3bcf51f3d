from __future__ import annotations

import pytest

from workbench.core.records import Message
from workbench.define.chat import checked_name, to_messages
from workbench.errors import InputError, TemplateError


def roles(text: str, **constants: object) -> list[tuple[str, str]]:
    """Return the messages of a text as (role, content)."""
    return [(each.role, each.content) for each in to_messages("v", text, constants)]


def test_a_last_paragraph_of_one_case_variable_is_the_user_message() -> None:
    """What stands before it becomes the system message, inner blank lines kept."""
    text = "Be brief.\n\nUse {{labels}}.\n \n{{text}}\n"
    assert roles(text) == [("system", "Be brief.\n\nUse {{labels}}."), ("user", "{{text}}")]


@pytest.mark.parametrize(
    "text",
    [
        "{{text}}",
        "Sort this.\n{{text}}",
        "Sort this.\n\n{{text}} {{more}}",
        "Sort this.\n\nTicket: {{text}}",
        "Sort this: {{text}}\n\nAnswer:",
    ],
)
def test_any_other_text_is_one_user_message(text: str) -> None:
    """Without such a paragraph nothing is split."""
    assert roles(text) == [("user", text)]


def test_a_last_paragraph_of_a_constant_does_not_split() -> None:
    """A bound variable is the same for every case, so it is no question."""
    assert roles("Choose.\n\n{{labels}}", labels=["a"]) == [("user", "Choose.\n\n{{labels}}")]


def test_messages_are_taken_as_they_are() -> None:
    """Pairs and Message objects mix; nothing is split or stripped."""
    given = [("system", "S\n\n{{x}}"), Message(role="user", content=" u ")]
    assert [(m.role, m.content) for m in to_messages("v", given, {})] == [
        ("system", "S\n\n{{x}}"),
        ("user", " u "),
    ]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ([("boss", "hi")], "'boss' is not a role"),
        ([("system", "hi")], "no user message"),
        ("  \n", "no user message"),
        ([], "no user message"),
    ],
)
def test_a_chat_that_asks_nothing_is_refused(template: object, problem: str) -> None:
    """Unknown roles and empty questions are errors that name the variant."""
    with pytest.raises(TemplateError, match=problem) as caught:
        to_messages("v", template, {})  # type: ignore[arg-type]
    assert caught.value.subject == "variant 'v'"


@pytest.mark.parametrize("name", ["", " a", "a@b", "a\nb", "a\x00", "x" * 201, None])
def test_a_name_that_could_not_name_an_arm_is_refused(name: str) -> None:
    """Blank ends, @, control signs and overlong names are errors."""
    with pytest.raises(InputError):
        checked_name(name)
