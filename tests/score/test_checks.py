"""The checks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.protocols import Scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.checks import contains, exact, json_schema, numeric, regex

LABEL = {
    "type": "object",
    "properties": {"label": {"enum": ["billing", "access"]}},
    "required": ["label"],
    "additionalProperties": False,
}


def judge(scorer: Scorer, output: str | None, expected: Any = None) -> Score:
    """Return a scorer's score of one answer."""
    return asyncio.run(scorer.score(a_trial(output, expected)))


@pytest.mark.parametrize(
    ("make", "output", "expected"),
    [
        (exact, "billing", "billing"),
        (lambda: exact(True), "billing", "billing"),
        (contains, "It is billing.", "billing"),
        (lambda: contains("refund"), "No refund", None),
        (lambda: regex(r"\d+"), "42", None),
        (numeric, "It is 42.", 42),
        (lambda: json_schema(LABEL), '{"label": "billing"}', None),
    ],
)
def test_conformance(make: Callable[[], Scorer], output: str, expected: Any) -> None:
    """Every check keeps the law of scorers."""
    check_scorer(make, a_trial(output, expected))


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("billing", "billing", 1),
        (' **"Billing."**\n', "billing", 1),
        ("ﬁnance", "finance", 1),
        ("technical  issue", "Technical issue", 1),
        ("billing or access", "billing", 0),
        ("3", 3.0, 1),
        ("true", True, 1),
        ("!", "?", 0),
    ],
)
def test_exact(output: str, expected: Any, value: float) -> None:
    """Case, white space, quotation marks around and punctuation at the end do not count; words do."""
    assert judge(exact(), output, expected).value == value


def test_exact_strict() -> None:
    """Strict compares the texts as they are."""
    assert judge(exact(strict=True), "Billing", "billing").value == 0
    assert judge(exact(strict=True), "billing", "billing").value == 1


@pytest.mark.parametrize("expected", [None, float("nan"), "", "  "])
def test_missing_expected_is_missing(expected: Any) -> None:
    """A case without an expected value cannot be right or wrong."""
    for check in (exact(), contains(), numeric()):
        assert judge(check, "billing", expected).missing == "the case has no expected value"


def test_field_of_json() -> None:
    """A field of a JSON answer is judged; an answer without it is missing, not wrong."""
    check = exact(field="label")
    assert judge(check, '{"label": "billing"}', "billing").value == 1
    assert judge(check, '{"label": "access"}', "billing").value == 0
    for unparsable in ("billing", '{"topic": "billing"}', "[1]", '{"label": null}', "{"):
        assert "unparsable" in str(judge(check, unparsable, "billing").missing)


def test_within_a_pattern() -> None:
    """The last match counts, by its first group; no match is missing."""
    check = exact(within=r"Answer:\s*(.+)")
    assert judge(check, "Answer: access? No.\nAnswer: billing", "billing").value is not None
    assert judge(exact(within=r"(?m)Answer: (\w+)$"), "Answer: no\nAnswer: billing", "billing").value == 1
    assert "unparsable" in str(judge(check, "billing", "billing").missing)


def test_contains() -> None:
    """A given text or the expected one stands in the answer."""
    assert judge(contains(), "This is a Billing matter", "billing").value == 1
    assert judge(contains("refund"), "billing", None).value == 0
    assert judge(contains(strict=True), "Billing", "billing").value == 0


def test_regex() -> None:
    """A pattern is searched for as it is."""
    assert judge(regex(r"(?i)\bREFUND\b"), "a refund", None).value == 1
    assert judge(regex(r"\Arefund\Z"), "a refund", None).value == 0


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("It costs $1,234.50.", 1234.5, 1),
        ("10 - 4 = 6", "6", 1),
        ("−7 %", -7, 1),
        ("about 1.5e3", 1500, 1),
        ("5", 6, 0),
        ("0.1 + 0.2 = 0.30000000000000004", 0.3, 1),
    ],
)
def test_numeric(output: str, expected: Any, value: float) -> None:
    """The last number in the answer is compared."""
    assert judge(numeric(), output, expected).value == value


def test_numeric_tolerances() -> None:
    """The more generous of the two tolerances counts, and its edge is inside."""
    assert judge(numeric(0.5), "10.5", 10).value == 1
    assert judge(numeric(0.5), "10.51", 10).value == 0
    assert judge(numeric(relative=0.1), "110", 100).value == 1


def test_numeric_without_numbers() -> None:
    """No number in the answer, or none expected, is missing."""
    assert "unparsable" in str(judge(numeric(), "none", 3).missing)
    assert judge(numeric(), "3", "three").missing == "the expected value is not a number"


@given(st.integers(-(10**12), 10**12))
def test_numeric_reads_what_python_writes(number: int) -> None:
    """A whole number is read back, with and without thousands signs."""
    for text in (str(number), f"{number:,}", f"The total is {number:,}."):
        assert judge(numeric(relative=0), text, number).value == 1


def test_json_schema() -> None:
    """JSON that fits is 1, JSON that does not and text are 0 with the reason."""
    check = json_schema(LABEL)
    assert judge(check, '{"label": "billing"}').value == 1
    wrong = judge(check, '{"label": "other"}')
    assert (wrong.value, "at label" in str(wrong.reason)) == (0, True)
    assert "not JSON" in str(judge(check, "billing").reason)


@pytest.mark.parametrize(
    "make",
    [
        lambda: regex("("),
        lambda: exact(within="["),
        lambda: exact(name="a b"),
        lambda: exact(name=""),
        lambda: contains("  "),
        lambda: numeric(-1),
        lambda: numeric(relative=float("nan")),
        lambda: json_schema({"type": "strng"}),
    ],
)
def test_malformed_configuration(make: Callable[[], Scorer]) -> None:
    """A malformed check is refused when it is made."""
    with pytest.raises(InputError):
        make()


def test_digest_follows_the_configuration() -> None:
    """Another setting is another definition; another name is not."""
    assert exact().digest == exact(name="right").digest
    assert exact().digest != exact(strict=True).digest
    assert exact().digest != contains().digest
    assert numeric(1).digest != numeric(2).digest


def test_repair_reads_a_field_in_its_wrapping() -> None:
    """Only where it is asked for; what cannot be repaired stays missing."""
    fenced = '```json\n{"label": "billing",}\n```'
    assert judge(exact(field="label"), fenced, "billing").missing
    assert judge(exact(field="label", repair=True), fenced, "billing").value == 1
    assert judge(contains(field="label", repair=True), f"Sure: {fenced}", "bill").value == 1
    assert judge(numeric(field="n", repair=True), 'It is {"n": 7}.', 7).value == 1
    assert judge(exact(field="label", repair=True), '{"label": "billing"', "billing").missing
