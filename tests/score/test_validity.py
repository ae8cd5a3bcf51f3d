"""Validity: at first, after re-asks, after repair; and the table of outcomes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.model import request, virtual
from tests.conformance.scorer import a_trial, check_scorer
from tests.score.corpus.tickets import BROKEN, SCHEMA, VALID, VIOLATION, WRAPPED
from workbench.client.fakes import Scripted, fake_error, fake_reply
from workbench.client.reask import Reask
from workbench.core.records import Attempt, Trial
from workbench.define.answer import answer_params
from workbench.errors import InputError
from workbench.score.apply import score_trial
from workbench.score.structured import OUTCOMES, fault, first_outcome, outcome_of
from workbench.score.validity import outcomes, validity

GOOD, BAD, FENCED, WRONG = VALID[0].text, BROKEN[0].text, WRAPPED[0].text, VIOLATION[0].text
ASKED = answer_params(SCHEMA)


def tried(output: str | None, *attempts: tuple[str, str | None], status: Any = "ok", **changes: Any) -> Trial:
    """Return a trial asked with the schema; attempts as (purpose, kind of error), each for 0.5 USD."""
    made = tuple(
        Attempt(
            model="m",
            started_at=1.0,
            latency_s=1.0,
            purpose=purpose,
            error_kind=kind,
            error=kind,
            cost_usd=0.5,
        )  # type: ignore[arg-type]
        for purpose, kind in attempts
    )
    return a_trial(output, None, status=status, params=ASKED, attempts=made, **changes)


def values(trial: Trial, **options: Any) -> dict[str, float | None]:
    """Return the scores of a trial by name."""
    scores = asyncio.run(score_trial(trial, validity(**options)))
    return {score.scorer: score.value for score in scores}


@pytest.mark.parametrize("index", range(3))
def test_conformance(index: int) -> None:
    """Each is a scorer that keeps the law of missing."""
    check_scorer(lambda: validity(repair=True)[index], tried(GOOD))


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        (tried(GOOD, ("arm", None)), (1, 1, 1)),
        (tried(WRONG, ("arm", None)), (0, 0, 0)),
        (tried(FENCED, ("arm", None)), (0, 0, 1)),
        (tried(GOOD, ("arm", "not_json"), ("reask", None)), (0, 1, 1)),
        (tried(FENCED, ("arm", "schema_violation"), ("reask", None)), (0, 0, 1)),
        (tried(GOOD, ("arm", "empty"), ("reask", None)), (None, 1, 1)),
        (tried(GOOD, ("arm", "server"), ("arm", None)), (1, 1, 1)),
        (tried(GOOD, ("arm", "not_json"), ("reask", "server"), ("arm", None)), (1, 1, 1)),  # asked anew later
        (tried(GOOD, ("arm", "not_json"), ("reask", "server"), ("reask", None)), (0, 1, 1)),
        (tried(" ", ("arm", None)), (None, None, None)),
        (tried(GOOD, status="truncated"), (None, None, None)),
        (tried(FENCED, status="refused"), (None, None, None)),
        (tried(None, status="error", error_kind="schema_rejected"), (None, None, None)),
    ],
)
def test_at_first_after_reasks_after_repair(trial: Trial, expected: tuple[Any, ...]) -> None:
    """The three are apart; what is no reply is missing, never 0; a truncated reply is not repaired."""
    assert tuple(values(trial, repair=True).values()) == expected


def test_the_schema_is_the_one_that_was_asked_with() -> None:
    """None takes the row's own, another wins; without any, any JSON will do; a 0 says why."""
    assert values(tried(WRONG)) == {"json_valid_first": 0, "json_valid": 0}
    assert values(tried(WRONG), schema={"type": "object"}, name="shape") == {"shape_first": 1, "shape": 1}
    assert values(replace(tried(WRONG), params={}))["json_valid"] == 1
    (_, score) = asyncio.run(score_trial(tried(WRONG), validity()))
    assert "at label" in str(score.reason)


def test_repair_is_opt_in() -> None:
    """Without it there is no third score; a malformed schema is an error."""
    assert [each.name for each in validity()] == ["json_valid_first", "json_valid"]
    assert len({each.digest for each in validity(repair=True)}) == 3
    with pytest.raises(InputError, match="JSON schema"):
        validity({"type": "strng"})


def test_from_the_reask_layer_to_the_scores() -> None:
    """What the layer marks is what the scores read: fault, then violation, then right."""
    asked = request(**answer_params(SCHEMA, reask=3))
    model = Scripted([BAD, WRONG, " ", GOOD])
    reply = virtual(Reask(fault)(model).ask(asked))
    assert [attempt.error_kind for attempt in reply.attempts] == [
        "not_json",
        "schema_violation",
        "empty",
        None,
    ]
    assert "at label" in model.requests[2].messages[-1].content
    trial = replace(tried(reply.text), attempts=reply.attempts)
    assert values(trial) == {"json_valid_first": 0, "json_valid": 1}
    assert first_outcome(trial)[0] == "not JSON"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (fake_reply(GOOD), None),
        (fake_reply(BAD), "not_json"),
        (fake_reply(WRONG), "schema_violation"),
        (fake_reply(""), "empty"),
        (fake_reply(BAD, finish_reason="length"), None),
        (fake_reply("", refusal="No."), None),
    ],
)
def test_what_is_asked_for_again(reply: Any, kind: str | None) -> None:
    """Neither a refusal nor a truncated reply is; where no schema was asked for, nothing is."""
    found = fault(request(**ASKED), reply)
    assert (found and found[0]) == kind
    assert fault(request(), reply) is None


def test_an_error_and_its_row_have_the_same_outcome() -> None:
    """Whether asked of the call or of the row, the outcome is one."""
    for kind, ended in (("schema_rejected", "schema rejected"), ("timeout", "transport error")):
        assert outcome_of(fake_error(kind)) == ended  # type: ignore[arg-type]
        assert outcome_of(tried(None, status="error", error_kind=kind)) == ended
    for status, ended in (("refused", "refusal"), ("truncated", "truncated"), ("empty", "empty")):
        assert outcome_of(tried(GOOD, status=status)) == ended


def test_the_table_counts_every_call_once() -> None:
    """Outcomes add up to what was attempted; shares are of the replies; re-asks have their cost."""
    trials = [
        tried(GOOD, ("arm", None)),
        tried(GOOD, ("arm", "not_json"), ("reask", "server"), ("reask", None)),
        tried(FENCED, ("arm", None)),
        tried(WRONG, ("arm", "schema_violation"), ("reask", None)),
        tried(GOOD, status="truncated"),
        tried("No.", status="refused"),
        tried(" ", status="empty"),
        tried(None, status="error", error_kind="timeout"),
        tried(None, status="error", error_kind="schema_rejected"),
        tried(GOOD, ("arm", "empty"), ("reask", None), source="journal"),
        tried(None, arm="other", status="error", error_kind="auth"),
    ]
    found = outcomes(trials)
    row, other = found.frame.to_dict("records")
    assert [row[name] for name in OUTCOMES] == [3, 1, 1, 1, 1, 1, 1, 1]
    assert sum(row[name] for name in OUTCOMES) == row["attempted"] == 10
    assert (row["replies"], row["reasks"], row["reasks_usd"]) == (8, 3, 1.5)
    assert (row["valid_first"], row["valid_final"], row["valid_repaired"]) == (1 / 8, 3 / 8, 4 / 8)
    assert other["replies"] == 0
    assert other["valid_first"] != other["valid_first"]
    assert "valid at first 12.5%, after 3 re-asks 37.5%, after repair 50.0%" in found.summary
    assert "schema rejected" in found._repr_html_()


def test_a_reask_of_unknown_cost_has_no_known_sum() -> None:
    """Unknown is not 0."""
    trial = tried(GOOD, ("arm", "empty"), ("reask", None))
    unknown = replace(trial, attempts=tuple(replace(each, cost_usd=None) for each in trial.attempts))
    assert outcomes([trial, unknown]).frame["reasks_usd"].isna().all()
    assert outcomes([]).frame.empty
