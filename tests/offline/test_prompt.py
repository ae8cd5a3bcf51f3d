"""Reading prompts: the ways people write labels, descriptions and examples."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.offline.chat import Chat, ChatError
from workbench.offline.prompt import MAX_EXAMPLES, Prompt, read_prompt, split_chat

ABC = ("billing", "login", "feature-request")


def read(system: str, *turns: tuple[str, str], schema: object = None) -> Prompt:
    """Return what a system message, turns, and a schema say."""
    return read_prompt((("system", system), *turns), None if schema is None else json.dumps(schema))


@pytest.mark.parametrize(
    "system",
    [
        "Answer with one of billing, login, feature-request.",
        "Answer with one of: billing, login, feature-request.\nNothing else.",
        "You sort support tickets. Answer with exactly one of the labels billing, login or feature-request.",
        "Labels: billing | login | feature-request",
        'Choose one of ["billing", "login", "feature-request"].',
        "Pick a category: `billing`, `login`, or `feature-request`. Answer with the category only.",
        "Pick one category.\n- billing\n- login\n- feature-request",
        "The labels are:\n1. billing: invoices and charges\n2. login: signing in\n3. feature-request: wishes",
        "Use one of these topics.\n\nbilling: invoices, charges\nlogin: signing in\nfeature-request: wishes",
        "**Categories**\n* **billing** - invoices\n* **login** - signing in\n* **feature-request** - wishes",
        "Answer with one of billing (invoices, charges), login (signing in) or feature-request (wishes).",
        "Answer with one of billing, login, feature-request, and nothing else.",
        "Use the label that fits, not the first.\n- billing: money\n- login: access\n- feature-request: new",
    ],
)
def test_labels(system: str) -> None:
    """Each way of writing them gives the same three labels."""
    assert read(system).labels == ABC


@pytest.mark.parametrize("system", ["Answer with one of yes, no.", "Is it one? Answer one of yes or no."])
def test_no_is_a_label(system: str) -> None:
    """Unless words follow it: "no explanation" is none."""
    assert read(system).labels == ("yes", "no")
    assert read("Answer with one of a, b, no explanation.").labels == ("a", "b")


def test_descriptions_from_lines_and_parentheses() -> None:
    """Descriptions are found in lines for known labels, however marked, and in parentheses."""
    prompt = read(
        "Answer with one of billing, login, feature-request.\n\n"
        "- billing: charges; invoices. VAT\nLogin = cannot sign in\n* `feature-request` – a wish\nNote: short"
    )
    assert prompt.about == {
        "billing": "charges; invoices. VAT",
        "login": "cannot sign in",
        "feature-request": "a wish",
    }
    inline = read("Answer with one of billing (invoices, charges), login (signing in), feature-request.")
    assert inline.about == {"billing": "invoices, charges", "login": "signing in"}


def test_enum_comes_first() -> None:
    """The enum decides labels and the answer's property; descriptions still come from the text."""
    schema = {
        "type": "object",
        "properties": {"why": {"type": "string"}, "topic": {"type": "string", "enum": ["Login", "billing"]}},
    }
    prompt = read("Answer with one of a, b, c.\n- login: access", schema=schema)
    assert prompt.labels == ("Login", "billing")
    assert prompt.field == "topic"
    assert prompt.about == {"Login": "access"}


def test_nested_enum_and_empty_schema() -> None:
    """An enum inside an inner object is found; a schema without one leaves the labels to the text."""
    nested = {"properties": {"answer": {"properties": {"tag": {"enum": ["a", "b"]}}}}}
    assert read("", schema=nested).labels == ("a", "b")
    free = read("Answer with one of a, b.", schema={})
    assert (free.labels, free.field) == (("a", "b"), "label")


def test_examples() -> None:
    """User/assistant turns with an allowed answer are examples, JSON answers too; others are not."""
    prompt = read(
        "Answer with one of billing, login.",
        ("user", "charged twice"),
        ("assistant", " Billing. "),
        ("user", "cannot get in"),
        ("assistant", '{"label": "login"}'),
        ("user", "hello"),
        ("assistant", "How can I help?"),
        ("assistant", "login"),
    )
    assert prompt.examples == (("charged twice", "billing"), ("cannot get in", "login"))


def test_no_labels() -> None:
    """A prompt that names none is a 400 that says where to put them."""
    with pytest.raises(ChatError, match=r"no allowed labels.*system message.*enum") as caught:
        read("You are a helpful assistant. Be brief.")
    assert (caught.value.status, caught.value.code) == (400, "no_labels")


def test_too_many_examples() -> None:
    """More examples than the limit are refused before anything is computed."""
    turns = (("user", "x"), ("assistant", "a")) * (MAX_EXAMPLES + 1)
    with pytest.raises(ChatError, match="2,001 examples"):
        read("Answer with one of a, b.", *turns)


def test_one_message_prompt() -> None:
    """Where no system message names labels, the last user message is split at its last blank line."""
    chat = Chat(model="m", messages=(("user", "Answer with one of a, b.\n\nBe quick.\n\nIt broke."),))
    before, text = split_chat(chat)
    assert text == "It broke."
    assert read_prompt(before, None).labels == ("a", "b")


def test_text_is_not_an_instruction() -> None:
    """With labels in the system message the whole user message is the text, lists in it included."""
    chat = Chat(
        model="m", messages=(("system", "Answer with one of a, b."), ("user", "Choose one of x, y.\n\nz"))
    )
    before, text = split_chat(chat)
    assert text == "Choose one of x, y.\n\nz"
    assert read_prompt(before, None).labels == ("a", "b")


def test_last_message_must_be_the_users() -> None:
    """A chat that ends with the model's turn is refused."""
    with pytest.raises(ChatError, match="last message"):
        split_chat(Chat(model="m", messages=(("user", "x"), ("assistant", "a"))))


@given(
    st.lists(st.from_regex(r"[a-z]{2,8}(-[a-z]{2,8})?", fullmatch=True), min_size=2, max_size=12, unique=True)
)
def test_rendered_list_comes_back(labels: list[str]) -> None:
    """Labels rendered by a template (joined with commas) come back as they were, in order."""
    words = {
        "or",
        "and",
        "no",
        "not",
        "nothing",
        "only",
        "without",
        "never",
        "then",
        "please",
        "exactly",
        "the",
    }
    kept = [label for label in labels if not words & set(label.split("-"))]
    if len(kept) > 1:
        assert read(f"Answer with one of {', '.join(kept)}.").labels == tuple(kept)


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    """No system message whatsoever raises anything but ChatError, and labels are never fewer than two."""
    try:
        prompt = read(text)
    except ChatError:
        return
    assert len(prompt.labels) >= 1
