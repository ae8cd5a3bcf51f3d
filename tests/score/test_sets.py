"""Sets of labels."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.protocols import Scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.sets import f1, precision, recall

LABELS = st.lists(st.sampled_from(["billing", "access", "refund", "other"]), max_size=4)


def judge(scorer: Scorer, output: str, expected: Any) -> Score:
    """Return a scorer's score of one answer."""
    return asyncio.run(scorer.score(a_trial(output, expected)))


@pytest.mark.parametrize("make", [f1, precision, recall])
def test_conformance(make: Any) -> None:
    """Each keeps the law of scorers."""
    check_scorer(make, a_trial("billing, refund", ["billing"]))


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("billing, access", "Access; billing"),
        ('["billing", "access"]', ["access", "billing"]),
        ("- Billing\n- Access.", '["billing", "access"]'),
        ("1. billing\n2) access\n", ["billing", "access", "access"]),
        ("none", []),
        ("[]", "none"),
        ("7", [7]),
    ],
)
def test_ways_to_write_a_set(output: str, expected: Any) -> None:
    """Lists, separated texts and bullets name the same set; order, repeats and form do not matter."""
    assert judge(f1(), output, expected).value == 1


def test_values_and_reasons() -> None:
    """Two of three named are right, two of four expected are named; the reason names the rest."""
    output, expected = "a, b, x", ["a", "b", "c", "d"]
    assert judge(precision(), output, expected).value == pytest.approx(2 / 3)
    assert judge(recall(), output, expected).value == 0.5
    score = judge(f1(), output, expected)
    assert score.value == pytest.approx(4 / 7)
    assert score.reason == "missing: c, d; too many: x"


def test_what_is_not_defined_is_missing() -> None:
    """Precision of nothing and recall of nothing are missing, never 0; F1 is 0 where one is empty."""
    assert judge(precision(), "none", ["a"]).missing == "no label was named: precision is not defined"
    assert judge(recall(), "a", []).missing == "no label was expected: recall is not defined"
    assert judge(f1(), "none", ["a"]).value == judge(f1(), "a", []).value == 0
    assert "unparsable" in str(judge(f1(), '["a"', ["a"]).missing)
    assert judge(f1(), "a", "").missing == "the case has no expected value"


def test_a_part_of_the_answer() -> None:
    """A field of the JSON object, and what a pattern finds, are read like the whole."""
    assert judge(f1(field="tags"), '{"tags": ["a", "b"]}', "a, b").value == 1
    assert judge(f1(within=r"Labels: (.*)"), "Well. Labels: a|b", ["a|b"]).value == 1
    assert judge(f1(separator=r"\|"), "a|b", ["a", "b"]).value == 1
    assert "tags" in str(judge(f1(field="tags"), "{}", "a").missing)
    with pytest.raises(InputError):
        f1(separator="(")


@given(LABELS, LABELS)
def test_f1_is_symmetric_and_between_precision_and_recall(one: list[str], other: list[str]) -> None:
    """Turned round, F1 is the same, and precision is recall; F1 lies between the two."""
    there, back = (
        [judge(make(), str_of(a), b) for make in (f1, precision, recall)]
        for a, b in ((one, other), (other, one))
    )
    assert there[0].value == back[0].value
    assert there[1].value == back[2].value
    both = [score.value for score in there[1:]]
    if None not in both:
        assert min(both) - 1e-12 <= there[0].value <= max(both) + 1e-12


def str_of(labels: list[str]) -> str:
    """Return labels as an answer writes them."""
    return ", ".join(labels) or "none"
