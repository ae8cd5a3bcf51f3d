"""Tests of rows: what comes of a cell."""

from __future__ import annotations

import pytest

from tests.plan.world import BOOK, plan
from tests.run.world import USAGE, failure
from workbench.core.records import NO_TOKEN, Attempt, Reply
from workbench.errors import ModelError
from workbench.run.trials import answered, failed

PLAN = plan()
CELL = next(PLAN.cells())
CALL = {"id": "c1", "type": "function", "function": {"name": "answer", "arguments": '{"label": "a"}'}}


def attempt(**changes: object) -> Attempt:
    """Return an attempt of the mini model."""
    parts = {"model": "mini", "started_at": 1.0, "latency_s": 0.5, "usage": USAGE}
    return Attempt(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reply", "status", "output"),
    [
        (Reply(text="a", model_served="m"), "ok", "a"),
        (Reply(text="a", model_served="m", finish_reason="length"), "truncated", "a"),
        (Reply(text="", model_served="m", refusal="I cannot"), "refused", "I cannot"),
        (Reply(text=" ", model_served="m"), "empty", " "),
        (Reply(text="", model_served="m"), "empty", None),
        (Reply(text="", model_served="m", tool_calls=(CALL,)), "ok", '{"label": "a"}'),
        (
            Reply(text="", model_served="m", tool_calls=(CALL,), finish_reason="length"),
            "truncated",
            '{"label": "a"}',
        ),
    ],
)
def test_a_row_says_how_it_ended(reply: Reply, status: str, output: str | None) -> None:
    """Only a usable answer is ok; text that arrived is kept whatever the status."""
    trial = answered(PLAN, CELL, reply, source="call")
    assert (trial.status, trial.output) == (status, output)


def test_all_attempts_are_paid() -> None:
    """Cost and tokens are of all attempts, the times of the one that answered."""
    tries = (attempt(started_at=1.0, error_kind="malformed"), attempt(started_at=9.0, latency_s=0.2))
    trial = answered(PLAN, CELL, Reply(text="a", model_served="m", attempts=tries), source="call")
    assert trial.cost_usd == pytest.approx(0.004)
    assert trial.usage == USAGE + USAGE
    assert (trial.started_at, trial.latency_s) == (1.0, 0.2)


def test_one_unknown_part_makes_the_cost_unknown() -> None:
    """A timed-out attempt before the answer: tokens known in part, the cost not; never 0."""
    tries = (attempt(usage=None, error_kind="timeout"), attempt())
    trial = answered(PLAN, CELL, Reply(text="a", model_served="m", attempts=tries), source="call")
    assert trial.cost_usd is None
    assert trial.usage == USAGE


def test_a_model_without_attempts_is_priced_by_its_reply() -> None:
    """A model that reports only usage is priced by it; one that reports nothing has no known cost."""
    told = Reply(text="a", model_served="m", usage=USAGE)
    assert answered(PLAN, CELL, told, source="call").cost_usd == pytest.approx(0.002)
    silent = Reply(text="a", model_served="m")
    assert answered(PLAN, CELL, silent, source="call").cost_usd is None


def test_a_hit_of_the_semantic_cache_costs_nothing() -> None:
    """No token, 0 USD whatever the price, no latency; its similarity and the call that was paid are told."""
    hit = Reply(
        text="a", model_served="m", usage=NO_TOKEN, source="semantic", similarity=0.93, source_call="c1"
    )
    trial = answered(PLAN, CELL, hit, source=hit.source)
    assert (trial.cost_usd, trial.usage, trial.latency_s, trial.source) == (0.0, NO_TOKEN, None, "semantic")
    assert (trial.similarity, trial.source_call, trial.status) == (0.93, "c1", "ok")


def test_a_failure_has_no_answer_and_its_reason() -> None:
    """A failed row has kind and words; refused attempts cost 0, a call never sent 0 too."""
    trial = failed(PLAN, CELL, failure("rate_limit", attempts=2, status=429))
    assert (trial.status, trial.output, trial.error_kind, trial.cost_usd) == (
        "error",
        None,
        "rate_limit",
        0.0,
    )
    assert "Try again" in (trial.error or "")
    assert all(one.price_book == BOOK.id for one in trial.attempts)
    held = failed(PLAN, CELL, ModelError("m", "waited too long", "Wait.", kind="deadline"))
    assert (held.cost_usd, held.started_at, held.latency_s) == (0.0, None, None)
