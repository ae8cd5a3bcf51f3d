"""The guards refuse what an embedding cannot tell apart, and let a paraphrase through."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.semantic.guard import CHECKS, AllOf, CrossEncoder, Guard, LexicalGuard, PairScorer, admission
from workbench.semantic.guard_checks import numbers_differ

GUARD = LexicalGuard()

REFUSED = [
    ("number", "Which plan has 5 GB of storage?", "Which plan has 50 GB of storage?"),
    ("number", "Is order 123456789012345 paid?", "Is order 123456789012346 paid?"),
    ("number", "Tell me about section twenty one", "Tell me about section 22"),
    ("unit", "How far is 5 km on foot?", "How far is 5 miles on foot?"),
    ("unit", "Is the desk open at 9 a.m.?", "Is the desk open at 9 pm?"),
    ("date", "Are you open on Monday?", "Are you open on Sunday?"),
    ("date", "What changes next month?", "What changed last month?"),
    ("name", "How do I get from here to Porto?", "How do I get from here to Lisbon?"),
    ("name", "What is the capital of Austria?", "What is the capital of Australia?"),
    ("name", "Where is EECS 281 taught?", "Where is MATH 281 taught?"),
    ("name", "Is vitamin C good for me?", "Is vitamin D good for me?"),
    ("pronoun", "What if he does not answer?", "What if she does not answer?"),
    ("time", "Did Ann use to be a nurse?", "Is Ann a nurse?"),
    ("both", "Is Ann a nurse or a cook?", "Is Ann simultaneously a nurse and a cook?"),
    ("opposite", "May I eat before the scan?", "May I eat after the scan?"),
    ("opposite", "How do I enable the alarm?", "How do I disable the alarm?"),
    ("opposite", "How do I install the driver?", "How do I uninstall the driver?"),
    ("opposite", "Is this mushroom harmful?", "Is this mushroom harmless?"),
    ("negation", "Is it safe to swim here?", "Is it not safe to swim here?"),
    ("negation", "Which rooms have a window?", "Which rooms don't have a window?"),
    ("negation", "May I sit but not lie?", "May I lie but not sit?"),
    ("negation", "Which phone needs more power?", "Which phone needs less power?"),
    ("order", "How do I convert inches to feet?", "How do I convert feet to inches?"),
    ("order", "Is python faster than java?", "Is java faster than python?"),
    ("order", "Did Ann call Bob first?", "Did Bob call Ann first?"),
    ("order", "Did Ann call Bob?", "Was Ann called by Bob?"),
    ("order", "can dogs chase cats", "can cats chase dogs"),
]

SERVED = [
    ("How do I reset my password?", "How can I change my password?"),
    ("Can I pay 2 bills at once?", "At once, can two bills be paid?"),
    ("Is the desk open at 9:00 a.m.?", "At 9 AM, is the desk open?"),
    ("Costs 1,500 euros too much?", "Is 1500 euro too much?"),
    ("How can I become a rude person?", "How can I become a person who is not polite?"),
    ("Is it irregular?", "Is it not regular?"),
    ("Which is the least difficult course?", "Which is the easiest course?"),
    ("Isn't there a lift?", "Is there a lift?"),
    ("I don't know how to log in", "How do I log in?"),
    ("Is Ann a nurse or a cook?", "Is Ann a cook or a nurse?"),
    ("Did Ann call Bob?", "Was Bob called by Ann?"),
    ("Is python faster than java?", "Is java slower than python?"),
    ("How do I fly from Porto to Rome?", "Flying to Rome from Porto: how?"),
    ("What do people eat in Mexico?", "What does a Mexican eat?"),
    ("Who joined the WHO last?", "Who joined the World Health Organization last?"),
    ("Where do U.S. citizens vote?", "Where do US citizens vote?"),
    ("How Do I Reset My Password", "how do i change the password"),
    ("HOW DO I RESET IT", "How can I reset it?"),
    ("Is my parcel no. 5?", "Is no. 5 my parcel?"),
]


@pytest.mark.parametrize(("why", "request_text", "cached_text"), REFUSED)
def test_refused_with_the_reason(why: str, request_text: str, cached_text: str) -> None:
    """Each trap, in both directions."""
    for one, two in ((request_text, cached_text), (cached_text, request_text)):
        reason = GUARD.reason(one, two)
        assert reason is not None
        assert reason.startswith(why)


@pytest.mark.parametrize(("request_text", "cached_text"), SERVED)
def test_a_paraphrase_may_serve(request_text: str, cached_text: str) -> None:
    """In both directions."""
    assert GUARD.reason(request_text, cached_text) is None
    assert GUARD.reason(cached_text, request_text) is None


SENTENCE = "is not A Ann Bob the 5 km miles before after he she to from than never Monday , or and by was"
WORDS = st.sampled_from(SENTENCE.split())
TEXTS = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_the_direction_does_not_matter(one: str, two: str) -> None:
    """Who asked first decides nothing; the same text may always serve."""
    assert (GUARD.reason(one, two) is None) == (GUARD.reason(two, one) is None)
    assert GUARD.reason(one, one) is None


HOSTILE = [
    "1" * 3_999,
    "1," * 1_999,
    "a'" * 1_999,
    "a." * 1_999,
    "$" * 3_999,
    "million " * 499,
    " ".join(f"not w{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}" for i in range(600)),
    " ".join(f"to W{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}" for i in range(600)),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_costs_little(text: str) -> None:
    """No pattern, and no check, takes quadratic time."""
    started = time.process_time()
    GUARD.reason(text, text[::-1])
    assert time.process_time() - started < 0.5


def test_a_long_text_is_refused() -> None:
    """Unless it is the very same."""
    text = "word " * 1_000
    assert GUARD.reason(text, text + "more") == "longer than 4,000 characters"
    assert GUARD.reason(text, text) is None


def test_checks_can_be_chosen() -> None:
    """A guard of numbers only."""
    guard = LexicalGuard(checks=(numbers_differ,))
    assert guard.reason("in Rome", "in Porto") is None
    assert guard.reason("in 5", "in 6") is not None
    assert numbers_differ in CHECKS


class Overlap:
    """Scores by the share of common words, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Return the share."""
        self.asked += len(pairs)
        return [len(set(a.split()) & set(b.split())) / len(set(a.split()) | set(b.split())) for a, b in pairs]


def test_a_cross_encoder_is_asked_last_and_once_a_pair() -> None:
    """The lexical guard spares it; a score that is no number serves nobody."""
    scorer = Overlap()
    both = AllOf((GUARD, CrossEncoder(scorer=scorer, threshold=0.5)))
    texts = ["pay the bill", "pay the bill now", "some other words", "pay 2 bills"]
    admits = admission(both, texts)
    assert [admits(0, i) for i in (1, 2, 3, 1, 2, 3)] == [True, False, False] * 2
    assert scorer.asked == 2
    assert both.reason(texts[0], texts[2]) == "cross-encoder: 0 below 0.5"


def test_a_score_that_is_no_number_serves_nobody() -> None:
    """NaN is no reason to serve."""

    class Lost:
        def score(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
            return [float("nan")] * len(pairs)

    assert CrossEncoder(scorer=Lost(), threshold=0.0).reason("a", "b") is not None


def test_they_are_guards() -> None:
    """By the Protocols."""
    assert isinstance(GUARD, Guard)
    assert isinstance(AllOf((GUARD,)), Guard)
    assert isinstance(Overlap(), PairScorer)
