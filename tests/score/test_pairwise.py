"""Two arms, pair by pair, by a judge in both orders."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.scorer import a_trial
from tests.score.fake_judge import REF
from workbench.analyze.compare import compare
from workbench.client.fakes import Echo, Failing, Scripted
from workbench.core.protocols import Model
from workbench.core.records import Request, Trial
from workbench.core.table import to_frame
from workbench.errors import DatasetError, InputError
from workbench.plan.prices import Price, PriceBook
from workbench.score.pairwise import Pairwise, pairwise
from workbench.score.preference import EQUAL, UNSTABLE, preference
from workbench.score.scales import ABSTAIN

NEW, OLD = "new@acme/small", "old@acme/small"
QUESTION = "Which answer helps more?"
BOOK = PriceBook(declared={REF.name: Price(in_per_mtok=0, out_per_mtok=1e6)}, date="2025-01-01")


def verdict(better: str) -> str:
    """Return a judge's reply on two answers."""
    return json.dumps({"reason": "By the words.", "better": better})


def by(choose: Callable[[str, str], str]) -> Echo:
    """Return a model that chooses from the first and the second answer."""

    def answer(request: Request) -> str:
        shown = json.loads(request.messages[-1].content)
        return verdict(choose(shown["first"], shown["second"]))

    return Echo(answer)


def longer(first: str, second: str) -> str:
    """Prefer the longer answer, wherever it stands."""
    return "tie" if len(first) == len(second) else "first" if len(first) > len(second) else "second"


def trials(new: list[str | None], old: list[str | None]) -> list[Trial]:
    """Return the answers of two arms to the same cases; None failed."""
    rows = []
    for arm, outputs in ((NEW, new), (OLD, old)):
        for case, output in enumerate(outputs):
            status = "error" if output is None else "ok"
            rows.append(
                a_trial(output, arm=arm, trial_id=f"{arm[:3]}{case}", case_id=f"c{case}", status=status)
            )
    return rows


def asked(model: Model, rows: list[Trial], **settings: Any) -> Pairwise:
    """Return what a judge of pairs makes of them."""
    return asyncio.run(pairwise(rows, NEW, OLD, preference(QUESTION, model, REF), book=BOOK, **settings))


WORDS = st.tuples(st.text("ab", min_size=1, max_size=3), st.text("cd", min_size=1, max_size=3))


@given(st.lists(WORDS, min_size=2, max_size=6))
def test_a_judge_that_looks_at_the_answers_is_consistent(pairs: list[tuple[str, str]]) -> None:
    """Every pair counts, with the challenger's view of it; position bias is exactly 0."""
    found = asked(by(longer), trials([a for a, _ in pairs], [b for _, b in pairs]))
    wanted = [(len(a) > len(b)) + 0.5 * (len(a) == len(b)) for a, b in pairs]
    assert list(found.frame["score"]) == wanted
    assert found.preference.mean == pytest.approx(sum(wanted) / len(wanted))
    assert found.consistency is not None
    bias = found.consistency.frame.set_index("measure")["estimate"]
    assert (bias["consistent verdicts"], bias["first less second"]) == (1.0, 0.0)


def test_a_judge_that_looks_at_places_says_nothing() -> None:
    """Whoever stands first wins: no pair counts, and the bias is 1."""
    found = asked(by(lambda first, second: "first"), trials(["a", "bb", "c"], ["x", "y", "zz"]))
    assert set(found.frame["missing"]) == {UNSTABLE}
    assert math.isnan(found.preference.mean)
    assert found.consistency is not None
    assert found.consistency.frame.set_index("measure")["estimate"]["first less second"] == 1.0
    assert "3 changed with the order" in found.summary


@pytest.mark.parametrize(
    ("orders", "value", "missing"),
    [
        (("first", "second"), 1.0, None),
        (("second", "first"), 0.0, None),
        (("tie", "tie"), 0.5, None),
        (("first", "tie"), None, UNSTABLE),
        (("first", ABSTAIN), None, "the judge abstained"),
        (("first", "neither"), None, "the judge's reply: schema violation"),
    ],
)
def test_only_what_both_orders_say_counts(
    orders: tuple[str, str], value: float | None, missing: str | None
) -> None:
    """Both orders alike: counted; else missing with why, never guessed from one of them."""
    found = asked(Scripted(map(verdict, orders)), trials(["a"], ["b"]))
    score = found.scores[0]
    assert (score.value, score.missing) == (value, missing)
    assert len(score.parts) == len(score.attempts) == 2


def test_the_judge_is_blind_and_sees_both_orders() -> None:
    """The same two answers in both places, without arm, prompt or model."""
    model = by(longer)
    asked(model, trials(["short"], ["longer"]))
    shown = [json.loads(request.messages[-1].content) for request in model.requests]
    assert {(each["first"], each["second"]) for each in shown} == {("short", "longer"), ("longer", "short")}
    assert "acme/small" not in str([request.messages for request in model.requests])


def test_equal_answers_are_not_asked_about() -> None:
    """They are a tie by themselves, cost nothing, and do not make the judge look consistent."""
    model = by(longer)
    found = asked(model, trials(["same", "long"], ["same", "x"]))
    assert list(found.frame["score"]) == [0.5, 1.0]
    assert found.frame["reason"][0] == EQUAL
    assert len(model.requests) == 2
    assert found.consistency is not None
    assert found.consistency.frame["n"].iloc[0] == 1


def test_money_is_the_judges_and_priced() -> None:
    """Two calls a pair, as judge spending at the judge's price."""
    found = asked(Scripted([verdict("first"), verdict("second")]), trials(["a"], ["b"]))
    attempts = [attempt for score in found.scores for attempt in score.attempts]
    assert {attempt.purpose for attempt in attempts} == {"judge"}
    words = len(verdict("first").split()) + len(verdict("second").split())
    assert found.usd == pytest.approx(words)


def test_scores_make_the_arms_comparable() -> None:
    """In the trial table the challenger's difference to the incumbent is its lead over 0.5."""
    rows = trials(["aaaa", "bbbb", "cc", "d"], ["x", "y", "zz", "vv"])
    found = asked(by(longer), rows)
    table = to_frame(rows, found.scores)
    result = compare(table, "preference", OLD)
    assert result.differences["difference"].iloc[0] == pytest.approx(found.preference.mean - 0.5)
    assert found.preference.mean == pytest.approx((1 + 1 + 0.5 + 0) / 4)


def test_unanswered_trials_have_no_pair() -> None:
    """They are counted, not lost silently."""
    found = asked(by(longer), trials(["a", None, "ccc"], ["b", "bb", None]))
    assert len(found.frame) == 1
    assert found.unpaired == 2
    assert "2 answers have no counterpart" in found.summary


def test_known_verdicts_are_not_asked_again() -> None:
    """A second look pays only for what failed; another incumbent is another score."""
    rows = trials(["a", "bb"], ["x", "y"])
    first = asked(Scripted([verdict("tie"), verdict("tie")]), rows, concurrency=1)
    assert [score.missing is None for score in first.scores[:2]] == [True, False]
    again = Scripted([verdict("first"), verdict("second")])
    second = asked(again, rows, known=first.scores)
    assert list(second.frame["score"]) == [0.5, 1.0]
    assert len(again.requests) == 2
    judge = preference(QUESTION, by(longer), REF)
    other = [replace(trial, arm="third") if trial.arm == OLD else trial for trial in rows]
    third = asyncio.run(pairwise(other, NEW, "third", judge, known=second.scores))
    assert third.scores[0].digest != second.scores[0].digest
    assert math.isnan(third.usd)


def test_a_judge_that_cannot_be_reached_is_missing() -> None:
    """Every pair is missing with its reason, and the attempts are kept."""
    found = asked(Failing("server"), trials(["a"], ["b"]))
    assert "the judge failed: server" in str(found.scores[0].missing)
    assert "1 without a usable verdict" in found.summary


def test_kin_are_warned_of() -> None:
    """A judge of a candidate's family says so in the result."""
    judge = preference(QUESTION, by(longer), REF, candidates=["acme/judge-2"])
    found = asyncio.run(pairwise(trials(["a"], ["b"]), NEW, OLD, judge))
    assert "acme/judge-2" in found.summary


def test_nothing_to_compare() -> None:
    """An arm against itself, an unknown arm and a blank question are refused."""
    judge = preference(QUESTION, by(longer), REF)
    for one, other in ((NEW, NEW), (NEW, "nobody")):
        with pytest.raises(DatasetError):
            asyncio.run(pairwise(trials(["a"], ["b"]), one, other, judge))
    with pytest.raises(InputError):
        preference(" ", by(longer), REF)
