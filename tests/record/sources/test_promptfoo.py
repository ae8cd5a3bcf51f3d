"""promptfoo's output as a trial table; ``recorded/promptfoo.json`` was written by promptfoo 0.121.20."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.analyze.compare import compare
from workbench.errors import DatasetError
from workbench.record.sources.promptfoo import from_promptfoo, is_promptfoo

RECORDED = Path(__file__).parent / "recorded" / "promptfoo.json"


def recorded() -> dict[str, Any]:
    """Return 2 prompts × 3 tests × 2 repeats: one always fails, the expert prompt's calls broke on one."""
    content: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return content


def result(**changes: Any) -> dict[str, Any]:
    """Return one result, with some parts changed."""
    return recorded()["results"]["results"][0] | changes


def loaded(*results: dict[str, Any]) -> pd.DataFrame:
    """Return the table of these results."""
    return from_promptfoo({"evalId": "e", "results": {"results": list(results)}}, "out.json")


def test_a_recorded_output() -> None:
    """Every result is a row; a repeated test is one case; tokens, cost and seconds are promptfoo's."""
    frame = from_promptfoo(recorded(), "out.json")
    assert frame.groupby(["arm", "case_id"]).size().tolist() == [2] * 6
    assert set(frame["arm"]) == {"plain@mine:model", "expert@mine:model"}
    assert set(frame["repeat"]) == {0, 1}
    answered = frame[frame["status"] == "ok"]
    assert set(answered["tokens_in"]) == {10}
    assert set(answered["cost_usd"]) == {0.0004}
    assert answered["latency_s"].between(0, 0.1).all()
    assert frame["expected"].notna().all()
    assert set(frame["study"]) == {"call signs"}


def test_an_error_is_no_failed_assertion() -> None:
    """A call that broke has its reason and no score, cost or latency; a failed assertion scores 0."""
    frame = from_promptfoo(recorded(), "out.json")
    broken = frame[frame["status"] == "error"]
    assert broken["arm"].tolist() == ["expert@mine:model"] * 2
    assert broken["error"].str.contains("Rate limit").all()
    assert broken[["score_pass", "score_score", "cost_usd", "latency_s", "tokens_in"]].isna().all().all()
    assert set(broken["missing_pass"]) == {"error"}
    failed = frame[frame["score_pass"] == 0]
    assert len(failed) == 4
    assert failed["status"].eq("ok").all()
    assert failed["error"].isna().all()


def test_named_metrics_are_scores() -> None:
    """Each under its name; where a test does not have it, it is missing with its reason."""
    frame = from_promptfoo(recorded(), "out.json")
    assert frame["score_long"].dropna().tolist() == pytest.approx([0.13, 0.17, 0.13, 0.17])
    assert set(frame.loc[frame["score_long"].isna(), "missing_long"]) == {"not scored", "error"}


def test_it_can_be_compared() -> None:
    """The arms stand side by side, with their denominators."""
    result = compare(from_promptfoo(recorded(), "out.json"), "pass", "plain@mine:model")
    arms = result.arms.set_index("arm")
    assert arms["answered"].to_dict() == {"plain@mine:model": 6, "expert@mine:model": 4}
    assert result.differences["n_cases"].tolist() == [2]


def test_a_cached_reply_cost_nothing_new() -> None:
    """Its cost, tokens and latency are missing, and the row says where it came from."""
    row = loaded(
        result(response={"output": "x", "cached": True, "cost": 0.1, "tokenUsage": {"prompt": 3}})
    ).iloc[0]
    assert row["source"] == "journal"
    assert row[["cost_usd", "latency_s"]].isna().all()
    assert pd.isna(row["tokens_in"])


@pytest.mark.parametrize(
    ("response", "status"),
    [
        ({"output": ""}, "empty"),
        ({"output": "cut", "finishReason": "length"}, "truncated"),
        ({"output": "no", "isRefusal": True}, "refused"),
        ({"output": {"label": "a"}}, "ok"),
    ],
)
def test_how_it_ended(response: dict[str, Any], status: str) -> None:
    """What is no whole answer has no score, whatever promptfoo's assertions said."""
    row = loaded(result(response=response)).iloc[0]
    assert row["status"] == status
    assert pd.isna(row["score_pass"]) == (status != "ok")


def test_versions_that_did_not_say_why() -> None:
    """Before there was a failureReason an error was what nothing had graded."""
    older = result(failureReason=None, gradingResult=None, error="HTTP 500", success=False, score=0)
    graded = result(failureReason=None, error="Expected x", success=False, score=0)
    assert loaded(older)["status"].tolist() == ["error"]
    assert loaded(graded)["status"].tolist() == ["ok"]


def test_prompts_of_one_label_stay_apart() -> None:
    """Two prompts called alike, and one called by its text, are arms with names of their own."""
    same = result(promptIdx=1, prompt={"label": "plain", "raw": "other"})
    long = result(promptIdx=2, prompt={"label": "word " * 40, "raw": "word"})
    frame = loaded(result(), same, long)
    assert frame["arm"].tolist() == ["plain@mine:model", "plain-1@mine:model", "prompt-2@mine:model"]


def test_what_it_is_not() -> None:
    """Other JSON is not taken for it; an empty output, or one with holes, is an error that says so."""
    assert is_promptfoo(recorded())
    assert not any(map(is_promptfoo, ([], {}, {"results": []}, {"results": {"results": 3}}, "text")))
    with pytest.raises(DatasetError, match="holds no result"):
        loaded()
    with pytest.raises(DatasetError, match="cannot be read"):
        loaded(result(response="text"))
