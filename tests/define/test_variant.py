from __future__ import annotations

import copy
import pickle

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.records import Message
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import InputError, TemplateError

TERSE = "Answer with one of {{labels}}.\n\n{{text}}"


def table(n: int = 8) -> Dataset:
    """Return n cases with the labels a and b in turn."""
    rows = [{"text": f"text {i}", "label": "ab"[i % 2]} for i in range(n)]
    return Dataset.from_frame(pd.DataFrame(rows), expected="label")


def pairs(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """Return messages as (role, content)."""
    return [(message.role, message.content) for message in messages]


def test_the_notebook_contract() -> None:
    """The quickstart's lines give a chat with the labels filled in, and the same with examples before it."""
    examples, cases = table(24).split(16, seed=1)
    terse = Variant("terse", TERSE, labels=cases.labels)
    shots = terse.replace(name="few-shot", examples=examples)
    case = cases.cases[0]
    assert pairs(terse.messages(case)) == [
        ("system", "Answer with one of a, b."),
        ("user", case.values["text"]),
    ]
    chat = pairs(shots.messages(case.values))
    assert len(chat) == 34
    assert chat[0] == ("system", "Answer with one of a, b.")
    assert chat[1:3] == [
        ("user", examples.cases[0].values["text"]),
        ("assistant", examples.cases[0].expected),
    ]
    assert chat[-1] == ("user", case.values["text"])
    assert shots.name == "few-shot"
    assert terse.examples is None


def test_variables_are_the_free_ones() -> None:
    """Bound names are not asked of the cases."""
    assert Variant("v", "{{b}} {{labels}} {{a}} {{b}}", labels="x").variables == ("b", "a")


def test_values_from_the_table_cannot_reach_constants() -> None:
    """A ticket that contains {{labels}} is asked as it is."""
    variant = Variant("v", TERSE, labels=["a"])
    assert variant.messages({"text": "{{labels}} {{text}}"})[-1].content == "{{labels}} {{text}}"


def test_a_single_message_asks_examples_in_the_same_words() -> None:
    """Where nothing is split, an example's turn is the whole user message filled in."""
    variant = Variant("v", "Sort by {{labels}}: {{text}}", examples=table(2), labels=["a", "b"])
    assert pairs(variant.messages({"text": "new"})) == [
        ("user", "Sort by a, b: text 0"),
        ("assistant", "a"),
        ("user", "Sort by a, b: text 1"),
        ("assistant", "b"),
        ("user", "Sort by a, b: new"),
    ]


def test_examples_stand_before_the_last_user_message() -> None:
    """An answer's beginning after the question stays last."""
    template = [("system", "s"), ("user", "{{text}}"), ("assistant", "The label is")]
    roles = [m.role for m in Variant("v", template, examples=table(2)).messages({"text": "x"})]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user", "assistant"]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Variant("v", "{{text}}", labels=["a"]), "'labels'.*does not use it"),
        (lambda: Variant("v", TERSE, labels=[]), "bound to nothing"),
        (lambda: Variant("v", TERSE, labels=object()), "no text of its own"),
        (lambda: Variant("v", "{{ user.name }}"), "is not a variable"),
        (lambda: Variant("v", "{{other}}", examples=table(2)), "example .*nothing gives it a value"),
        (lambda: Variant("v", "{{text}}", examples=unlabeled()), "no expected answer"),
    ],
)
def test_what_is_wrong_is_said_when_it_is_made(make: object, problem: str) -> None:
    """Every mistake in a variant is an error that names the variant."""
    with pytest.raises(TemplateError, match=problem) as caught:
        make()  # type: ignore[operator]
    assert "variant 'v'" in caught.value.subject


def unlabeled() -> Dataset:
    """Return cases without expected answers."""
    return Dataset.from_frame(pd.DataFrame({"text": ["x"]}))


def test_a_case_without_the_column_or_with_an_empty_cell_is_named() -> None:
    """The error names variant, case and variable, and what is there."""
    variant = Variant("v", "{{text}}")
    with pytest.raises(TemplateError, match=r"variant 'v', case, variable 'text'.*Available: txt"):
        variant.messages({"txt": "x"})
    empty = Dataset.from_frame(pd.DataFrame({"id": ["c1"], "text": [None]}))
    with pytest.raises(TemplateError, match=r"case 'c1', variable 'text'.*missing"):
        variant.messages(empty.cases[0])


def test_replace_changes_only_what_is_named() -> None:
    """Parts and constants can be exchanged; None unbinds."""
    first = Variant("v", TERSE, labels=["a"], params={"temperature": 0})
    second = first.replace(labels=["b"], params={"max_tokens": 3})
    assert (second.name, second.params, second.constants) == ("v", {"max_tokens": 3}, {"labels": ["b"]})
    assert first.constants == {"labels": ["a"]}
    free = first.replace(labels=None, template="Hi {{labels}}")
    assert free.variables == ("labels",)
    with pytest.raises(TemplateError, match="does not use it"):
        first.replace(template="{{text}}")


def test_grid_names_every_combination() -> None:
    """Variables bind, `examples` shows its size, anything else is a parameter."""
    base = Variant("v", "{{tone}}\n\n{{text}}", params={"max_tokens": 5})
    grid = base.grid(tone=["kind", "dry"], temperature=[0, 0.7], examples=[None, table(4)])
    assert [each.name for each in grid][:2] == [
        "v[tone=kind, temperature=0, examples=none]",
        "v[tone=kind, temperature=0, examples=4]",
    ]
    assert len(grid) == len({each.hash for each in grid}) == 8
    assert grid[-1].params == {"max_tokens": 5, "temperature": 0.7}
    assert grid[-1].constants == {"tone": "dry"}


def test_grid_values_of_any_length_give_names() -> None:
    """A long value is shortened and told apart by its digest; @ does not reach a name."""
    names = [each.name for each in Variant("v", "{{x}}").grid(x=["a" * 500 + end for end in "12"])]
    assert len(set(names)) == 2
    assert max(map(len, names)) < 60
    assert "@" not in Variant("v", "{{x}}").grid(x=["a@b"])[0].name


def test_the_hash_is_of_the_content() -> None:
    """The name does not count; text, constants, examples, parameters and schema do."""
    base = Variant("v", TERSE, labels=["a", "b"])
    assert base.replace(name="w").hash == base.hash == Variant("v", TERSE, labels=("a", "b")).hash
    others = [
        base.replace(template=TERSE + " "),  # stripped: the same
        base.replace(template="Now " + TERSE),
        base.replace(labels=["b", "a"]),
        base.replace(examples=table(2)),
        base.replace(params={"temperature": 1}),
        base.replace(schema={"type": "object"}),
    ]
    assert others[0].hash == base.hash
    assert len({each.hash for each in [base, *others[1:]]}) == 6


def test_equal_means_equal_name_and_content() -> None:
    """Variants compare by value and can be keys."""
    assert Variant("v", "{{x}}") == Variant("v", "{{x}}") != Variant("w", "{{x}}")
    assert len({Variant("v", "{{x}}"), Variant("v", "{{x}}")}) == 1
    assert Variant("v", "{{x}}") != "v"


def test_a_variant_does_not_change() -> None:
    """Neither assignment nor a change to what it was made from reaches it; copies are equal."""
    labels = ["a"]
    variant = Variant("v", TERSE, labels=labels, params={"stop": ["."]})
    labels.append("b")
    assert variant.messages({"text": "x"})[0].content == "Answer with one of a."
    with pytest.raises(AttributeError):
        variant.name = "w"  # type: ignore[misc]
    assert copy.deepcopy(variant) == variant == pickle.loads(pickle.dumps(variant))


def test_the_stored_chat_keeps_constants_unfilled() -> None:
    """The chat for a registry shows the examples and leaves the variables."""
    variant = Variant("v", TERSE, labels=["a", "b"], examples=table(2))
    assert pairs(variant.chat)[0] == ("system", "Answer with one of {{labels}}.")
    assert pairs(variant.chat)[-1] == ("user", "{{text}}")
    assert len(variant.chat) == 6


def test_a_variant_shows_itself_escaped() -> None:
    """HTML, text and table all show the chat; markup in a prompt is text."""
    variant = Variant("v", "<script>x</script> {{text}}", params={"temperature": 0})
    assert "<script>" not in variant._repr_html_()
    assert "v: asks of each case text; temperature=0; hash " in str(variant)
    assert list(variant.frame.columns) == ["role", "content"]
    assert variant.text == "[user]\n<script>x</script> {{text}}"
    assert repr(variant).startswith("<Variant v:")


def test_a_name_with_an_at_sign_is_refused() -> None:
    """variant@model is how an arm is named."""
    with pytest.raises(InputError, match="'@'"):
        Variant("a@b", "{{text}}")


@settings(deadline=None)
@given(st.text(), st.text())
def test_every_case_text_arrives_unchanged(text: str, label: str) -> None:
    """Whatever a table holds is what the user message holds."""
    variant = Variant("v", "{{label}}\n\n{{text}}")
    assert pairs(variant.messages({"text": text, "label": label, "more": 1})) == [
        ("system", label),
        ("user", text),
    ]
