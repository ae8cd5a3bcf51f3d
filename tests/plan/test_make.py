"""Tests of making a plan: what is wrong is found before a cent is spent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plan.world import MINI, Same, dataset, plan, variants
from workbench.client.fakes import Echo
from workbench.errors import PlanError, TemplateError
from workbench.plan.gate import Gate
from workbench.plan.prices import PriceBook
from workbench.score.judge import rubric

TERSE, WORDY = variants()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"variants": []}, "no variant"),
        ({"models": []}, "no model"),
        ({"variants": [TERSE, TERSE]}, "two variants are called 'terse'"),
        ({"models": [MINI, MINI]}, "two models"),
        ({"scorers": [Same(), Same()]}, "two scorers"),
        ({"incumbent": "ters"}, "Did you mean 'terse'"),
        ({"incumbent": "terse@openai/none"}, "is not among its arms"),
        ({"variants": [TERSE.replace(template="A or b?\n\n{{txt}}")]}, "Did you mean 'text'"),
        ({"variants": [TERSE.replace(template="{{text}}: is it {{label}}?")]}, "a prompt never sees"),
        ({"repeats": 0}, "repeats is 0"),
        ({"repeats": 1.5}, "repeats is 1.5"),
        ({"budget_usd": 0}, "budget_usd is 0"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"gate": Gate(score="polite")}, "nothing gives the score 'polite'"),
        ({"gate": Gate(slice_by="topik")}, "no column 'topik'"),
        ({"params": {"seed": 7}}, "the same draw"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], says: str) -> None:
    """Each mistake is named with its remedy."""
    with pytest.raises(PlanError, match=says):
        plan(**changes)


def test_an_empty_cell_is_found_before_the_run() -> None:
    """A case without the text that a prompt needs stops the plan and is named."""
    with pytest.raises(TemplateError, match="text"):
        plan(cases=dataset(3, text=["one", None, "three"]))


@pytest.mark.parametrize("incumbent", [TERSE, "terse", "terse@offline/mini"])
def test_the_incumbent_may_be_a_variant_a_name_or_an_arm(incumbent: Any) -> None:
    """A variant or its name means it on the first model."""
    assert plan(incumbent=incumbent).incumbent == "terse@offline/mini"
    assert plan(incumbent=plan().arms[0]).incumbent == "terse@offline/mini"


def test_the_gate_defaults_to_the_first_score() -> None:
    """Without a gate the first scorer's score decides."""
    assert plan(scorers=[Same(name="close"), Same()]).gate.score == "close"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"book": PriceBook(), "budget_usd": 1}, "no price is known for terse@offline/mini"),
        ({"budget_usd": 1e-9}, "may end the run early"),
        ({}, "fewer than the 30"),
        (
            {"variants": [TERSE, WORDY.replace(examples=dataset().head(2))]},
            "2 examples of wordy are also cases",
        ),
        ({"variants": [TERSE, TERSE.replace(name="twin")]}, "the same prompt"),
        ({"variants": [TERSE.replace(template="Say a.")]}, "every case gets the same prompt"),
    ],
)
def test_what_a_reader_should_know_is_noted(changes: dict[str, Any], says: str) -> None:
    """What is allowed but doubtful is a note in the summary."""
    assert says in plan(**{"incumbent": TERSE.name, **changes}).summary


def test_an_answer_schema_becomes_a_response_format() -> None:
    """A variant's schema travels as `response_format`, strict where the schema is closed."""
    schema = {"type": "object", "additionalProperties": False}
    arm = plan(variants=[TERSE.replace(schema=schema)]).arms[0]
    assert arm.params["response_format"]["json_schema"] == {
        "name": "answer",
        "schema": schema,
        "strict": True,
    }


OPEN = {"type": "object", "properties": {"label": {"type": "string"}}}


def test_every_schema_mode_reaches_the_request() -> None:
    """JSON mode and tools travel as the protocol's parameters; an open schema and re-asks are noted."""
    modes = [
        TERSE.replace(name=mode, schema=OPEN, schema_mode=mode, reask=1) for mode in ("json_object", "tool")
    ]
    made = plan(variants=modes, incumbent="tool")
    by_name = {arm.variant.name: arm.params for arm in made.arms}
    assert by_name["json_object"]["response_format"] == {"type": "json_object"}
    assert by_name["tool"]["tool_choice"]["function"]["name"] == "answer"
    assert all(params["reask"] == 1 for params in by_name.values())
    assert "the schema of tool leaves an object open" in made.summary
    assert "the schema of json_object, tool is asked for again" in made.summary


def test_a_case_brings_its_conversation_and_its_tools() -> None:
    """Earlier messages are in the prompt, a case's tools after the variant's; both change the key."""
    search = {"type": "function", "function": {"name": "search"}}
    said = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]
    ids = [f"c{index}" for index in range(6)]
    bare = plan(
        variants=[TERSE.replace(params={"tools": [search]})], incumbent="terse", cases=dataset(6, id=ids)
    )
    cases = dataset(6, id=ids, messages=[said] * 5 + [None], tools=[[{**search, "n": 1}]] + [None] * 5)
    made = plan(variants=[TERSE.replace(params={"tools": [search]})], incumbent="terse", cases=cases)
    by_text = {cell.case.values["text"]: cell for cell in made.cells()}
    first, second, last = (by_text[f"ticket number {index}"] for index in (0, 1, 5))
    assert [len(cell.request.messages) for cell in (first, second, last)] == [4, 4, 2]
    assert [len(cell.request.params["tools"]) for cell in (first, second, last)] == [2, 1, 1]
    before = {cell.case.values["text"]: cell.key for cell in bare.cells() if cell.repeat == last.repeat}
    assert before["ticket number 5"] == last.key
    assert first.key not in before.values()


def test_judges_are_noted_with_what_speaks_against_them() -> None:
    """A plan says which scorers ask models beside the estimate, and that one is of a candidate's family."""
    judge = rubric("Is it polite?", Echo(), MINI, candidates=[MINI.name], name="polite")
    notes = " ".join(plan(scorers=[Same(), judge]).notes)
    assert "polite asks a model too" in notes
    assert f"The judge {MINI.name} is of the family of {MINI.name}" in notes
    assert "asks a model" not in " ".join(plan().notes)
