"""Spending: every attempt counted once, under what it was for."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_table import trial
from workbench.analyze.spending import PURPOSES, spending
from workbench.core.records import Attempt, ModelRef, Score, Trial, Usage
from workbench.core.table import attempts_frame
from workbench.errors import DatasetError

USAGE = Usage(tokens_in_uncached=60, tokens_in_cached=30, tokens_in_cache_write=10, tokens_out=5)
PAID = Attempt(model="b", started_at=1.0, latency_s=0.1, usage=USAGE, cost_usd=0.5)
FREE = replace(PAID, error_kind="rate_limit", http_status=429, usage=None, cost_usd=0.0)
LOST = replace(PAID, error_kind="timeout", usage=None, cost_usd=None)
OTHER = ModelRef(name="c/d", model="d", origin="https://c.example")


def test_each_purpose_stands_apart() -> None:
    """Retry, re-ask, fallback, hedge, judge and embedding are rows of their own beside the arm's."""
    made = (
        replace(PAID, error_kind="malformed"),
        PAID,
        replace(PAID, purpose="reask"),
        replace(PAID, purpose="fallback", ref=OTHER),
        replace(PAID, purpose="hedge"),
        replace(PAID, purpose="embedding"),
    )
    score = Score(trial_id="t1", scorer="rubric", value=1.0, attempts=(replace(PAID, purpose="judge"),))
    ledger = attempts_frame([trial(1, attempts=made)], [score])
    result = spending(ledger)
    assert list(result.by_purpose["purpose"]) == list(PURPOSES)
    assert list(result.by_purpose["usd"]) == [0.5] * 7
    assert result.usd == 3.5
    assert list(ledger["scorer"].dropna()) == ["rubric"]
    assert list(ledger["asked"]) == ["a/b", "a/b", "a/b", "c/d", "a/b", "a/b", "a/b"]


def test_tokens_by_class() -> None:
    """Each class of tokens has its own sum; an attempt without usage is counted, not taken for zero."""
    row = spending(attempts_frame([trial(1, attempts=(LOST, PAID)), trial(2, attempts=(PAID,))])).by_arm.iloc[
        0
    ]
    tokens = [row[f"tokens_{name}"] for name in ("in_uncached", "in_cached", "in_cache_write", "out")]
    assert tokens == [120, 60, 20, 10]
    assert (row["attempts"], row["usage_unknown"], row["unpriced"]) == (3, 1, 1)


def test_unknown_cost_is_said_and_never_zero() -> None:
    """What has no price is NaN and counted; what is refused by a status is free."""
    result = spending(attempts_frame([trial(1, attempts=(replace(PAID, cost_usd=None),))]))
    assert math.isnan(result.usd)
    assert "unknown for 1 attempts, and 1 attempts at unknown cost" in result.summary
    assert spending(attempts_frame([trial(1, attempts=(FREE, PAID))])).usd == 0.5


def test_a_reused_answer_is_not_paid_again() -> None:
    """Of a trial that the journal answered only the judge's new calls count."""
    judged = Score(trial_id="t1", scorer="r", value=1.0, attempts=(replace(PAID, purpose="judge"),))
    result = spending(attempts_frame([trial(1, attempts=(PAID,), source="journal")], [judged]))
    assert list(result.frame["purpose"]) == ["judge"]


def test_nothing_spent_and_not_a_ledger() -> None:
    """An empty ledger is no error; a table that is none is refused by the column it lacks."""
    assert "Nothing was spent" in spending(attempts_frame([])).summary
    with pytest.raises(DatasetError, match="'attempt' is missing"):
        spending(attempts_frame([]).drop(columns="attempt"))


attempts = st.sampled_from(
    [PAID, FREE, LOST, replace(PAID, purpose="reask"), replace(PAID, purpose="fallback")]
)


@given(st.lists(st.tuples(st.sampled_from(["v@a/b", "w@a/b"]), st.lists(attempts, max_size=4)), max_size=6))
def test_no_cent_is_lost(rows: list[tuple[str, list[Attempt]]]) -> None:
    """By arm, by purpose and in all: the same attempts, tokens and dollars as in the attempts themselves."""
    trials: list[Trial] = [
        trial(index, arm=arm, attempts=tuple(made)) for index, (arm, made) in enumerate(rows)
    ]
    every = [made for _, part in rows for made in part]
    result = spending(attempts_frame(trials))
    for table in (result.frame, result.by_arm, result.by_purpose):
        assert table["attempts"].sum() == len(every)
        assert table["usd"].sum() == sum(made.cost_usd or 0 for made in every)
        assert table["unpriced"].sum() == sum(made.cost_usd is None for made in every)
        assert table["tokens_in_cached"].sum() == sum(
            made.usage.tokens_in_cached for made in every if made.usage
        )
