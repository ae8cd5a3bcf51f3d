"""The trial table: typed, complete, missing as missing."""

from __future__ import annotations

import pandas as pd
import pytest

from workbench.core.records import Attempt, Score, Trial, Usage
from workbench.core.table import (
    ATTEMPT_COLUMNS,
    COLUMNS,
    answered,
    attempts_frame,
    score_names,
    to_frame,
    validate,
)
from workbench.errors import DatasetError

ATTEMPT = Attempt(model="b", started_at=1_700_000_000.0, latency_s=0.2)


def trial(index: int, **changes: object) -> Trial:
    """A trial of case number `index`."""
    fields: dict[str, object] = {
        "trial_id": f"t{index}",
        "execution_id": "e",
        "study": "s",
        "arm": "v@a/b",
        "variant": "v",
        "variant_hash": "h",
        "model": "a/b",
        "params": {"temperature": 0.7},
        "case_id": f"c{index}",
        "case": {"text": "hello", "user": "u-001"},
        "expected": "billing",
        "repeat": 0,
        "call_key": f"k{index}",
        "messages": (),
        "status": "ok",
        "output": "billing",
        "usage": Usage(tokens_in_uncached=10, tokens_out=2),
        "attempts": (ATTEMPT,),
        "started_at": 1_700_000_000.0,
    }
    return Trial(**(fields | changes))  # type: ignore[arg-type]


def test_types_and_order() -> None:
    """Every column is there, in order, of its dtype; case columns and scores follow."""
    frame = to_frame([trial(1)], [Score(trial_id="t1", scorer="exact", value=1.0)])
    assert list(frame.columns)[: len(COLUMNS)] == list(COLUMNS)
    assert {name: str(frame[name].dtype) for name in COLUMNS} == COLUMNS
    assert {"case_text", "case_user", "score_exact", "missing_exact", "reason_exact"} <= set(frame.columns)
    assert score_names(frame) == ["exact"]
    assert frame.loc[0, "tokens_in"] == 10


def test_empty() -> None:
    """No trials give an empty table with all columns typed."""
    frame = to_frame([])
    assert frame.empty
    assert {name: str(frame[name].dtype) for name in COLUMNS} == COLUMNS


def test_failures_are_missing_not_zero() -> None:
    """A failed trial has no score, no tokens and no cost, and says why."""
    failed = trial(2, status="error", output=None, usage=None, error_kind="timeout", attempts=())
    frame = to_frame([trial(1), failed], [Score(trial_id="t2", scorer="exact", value=None, missing="error")])
    assert list(answered(frame)) == [True, False]
    assert frame["score_exact"].isna().all()
    assert frame.loc[1, "missing_exact"] == "error"
    assert pd.isna(frame.loc[1, "tokens_in"])
    assert pd.isna(frame.loc[1, "cost_usd"])


def test_a_later_score_replaces_an_earlier_one() -> None:
    """Of two scores of one scorer the later one counts."""
    scores = [Score(trial_id="t1", scorer="exact", value=value) for value in (0.0, 1.0)]
    assert to_frame([trial(1)], scores).loc[0, "score_exact"] == 1.0


def test_attempts_are_counted_once() -> None:
    """The ledger has one row an attempt, and none for a trial answered from the journal."""
    failed = Attempt(model="b", started_at=1.0, latency_s=0.1, error_kind="server", http_status=500)
    frame = attempts_frame([trial(1, attempts=(failed, ATTEMPT)), trial(2, source="journal")])
    assert list(frame.columns) == list(ATTEMPT_COLUMNS)
    assert list(frame["attempt"]) == [0, 1]
    assert list(frame["usage_unknown"]) == [True, True]


def test_validate_completes_and_refuses() -> None:
    """A minimal table is completed; an absent column and a double cell are refused by name."""
    table = pd.DataFrame({"arm": ["x", "x"], "case_id": ["1", "2"], "repeat": [0, 0], "status": ["ok", "ok"]})
    assert list(validate(table).columns) == list(COLUMNS)
    with pytest.raises(DatasetError, match="'status' is missing"):
        validate(table.drop(columns="status"))
    with pytest.raises(DatasetError, match="occurs twice"):
        validate(pd.concat([table, table], ignore_index=True))


def test_a_score_is_a_value_or_a_reason() -> None:
    """A Score without value and reason, or with both, cannot exist."""
    for value, missing in [(None, None), (1.0, "refused")]:
        with pytest.raises(ValueError, match="either"):
            Score(trial_id="t", scorer="s", value=value, missing=missing)


def test_table_of_trials_that_were_never_sent() -> None:
    """Where no trial has a start, the column is all missing and still typed."""
    frame = to_frame([trial(0, started_at=None), trial(1, started_at=None)])
    assert str(frame["started_at"].dtype) == COLUMNS["started_at"]
    assert frame["started_at"].isna().all()


def test_judges_are_in_the_ledger() -> None:
    """Each attempt of a judge is a row of its trial, under its scorer; a stranger's score is left out."""
    verdict = Attempt(model="j", started_at=1.0, latency_s=0.1, purpose="judge", cost_usd=0.1)
    scores = [Score(trial_id=name, scorer="rubric", value=1.0, attempts=(verdict,)) for name in ("t1", "t9")]
    frame = attempts_frame([trial(1), trial(2)], scores)
    assert list(frame["purpose"]) == ["arm", "judge", "arm"]
    assert list(frame["trial_id"]) == ["t1", "t1", "t2"]
    assert list(frame["scorer"].fillna("")) == ["", "rubric", ""]
