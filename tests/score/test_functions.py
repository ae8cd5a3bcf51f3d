"""Functions as scorers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conformance.scorer import a_trial, check_scorer
from workbench.core.records import Score
from workbench.errors import InputError
from workbench.score.functions import scorer


def judge(function: Any, **changes: Any) -> Score:
    """Return the score that a function gives one trial."""
    return asyncio.run(scorer(function, name="fn").score(a_trial(**changes)))


@scorer
def short(output: str) -> bool:
    """Return whether the answer has at most 20 signs."""
    return len(output) <= 20


def test_conformance() -> None:
    """A wrapped function keeps the law of scorers, also as a decorator."""
    check_scorer(lambda: short, a_trial())
    assert short.name == "short"


def test_values() -> None:
    """Bools and numbers become values; None and NaN are missing."""
    assert judge(lambda output: True).value == 1.0
    assert judge(lambda output: 0.25).value == 0.25
    assert judge(lambda output: None).missing == "the scorer abstained"
    assert "nan" in str(judge(lambda output: float("nan")).missing)


def test_takes_what_it_names() -> None:
    """A function is given the output, the expected value and the case by the names it uses."""

    def all_three(output: str, expected: str, case: Mapping[str, Any]) -> bool:
        return output == expected and case == {"text": "I was charged twice."}

    assert judge(all_three).value == 1.0
    assert judge(lambda case, output: case["text"].startswith("I")).value == 1.0


def test_expected_may_be_needed() -> None:
    """A function that takes `expected` without a default is not asked about a case that has none."""
    assert judge(lambda output, expected: True, expected=None).missing == "the case has no expected value"
    assert judge(lambda output, expected=None: expected is None, expected=None).value == 1.0


def test_wrong_functions_are_refused() -> None:
    """Unknown parameters, no output, and a nameless function are refused when wrapped."""
    for function in (lambda output, gold: True, lambda expected: True, lambda *output: True):
        with pytest.raises(InputError):
            scorer(function, name="fn")
    with pytest.raises(InputError, match="name="):
        scorer(lambda output: True)


def test_wrong_results_raise() -> None:
    """A text is not a value; whoever runs the scorer turns the error into a missing score."""
    with pytest.raises(InputError, match="returned 'yes'"):
        judge(lambda output: "yes")


def test_digest_follows_the_source() -> None:
    """Another body is another definition, with and without source."""
    names: dict[str, Any] = {}
    exec("def one(output): return 1\ndef two(output): return 2", names)
    assert scorer(names["one"]).digest != scorer(names["two"]).digest
    assert scorer(names["one"]).digest == scorer(names["one"]).digest
    assert short.source.startswith("@scorer")
