"""Inspect's logs as trial tables; the two of ``recorded/`` were written by Inspect 0.3.285 itself."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from workbench.analyze.compare import compare
from workbench.errors import DatasetError
from workbench.record.sources.inspect_log import from_inspect, is_inspect, read_eval

RECORDED = Path(__file__).parent / "recorded"
EVAL = RECORDED / "inspect_plain.eval"


def log() -> dict[str, Any]:
    """Return the recorded JSON log: 4 samples × 2 epochs, of which one broke."""
    content: dict[str, Any] = json.loads((RECORDED / "inspect_expert.json").read_text(encoding="utf-8"))
    return content


def one(**changes: Any) -> pd.Series:
    """Return the row of a log of one sample, with some parts changed."""
    content = log()
    content["samples"] = [content["samples"][0] | changes]
    return from_inspect(content, "log.json").iloc[0]


def test_both_forms_give_a_table() -> None:
    """The zip, whose compression Python does not know, and the JSON: the same shape, other arms."""
    frames = [from_inspect(read_eval(EVAL), "a.eval"), from_inspect(log(), "b.json")]
    assert [set(frame["arm"]) for frame in frames] == [{"plain@mockllm/model"}, {"expert@mockllm/model"}]
    for frame in frames:
        assert len(frame) == 8
        assert sorted(set(frame["case_id"])) == ["q0", "q1", "q2", "q3"]
        assert set(frame["repeat"]) == {0, 1}
        assert set(frame.loc[frame["status"] == "ok", "tokens_out"]) == {3}
        assert frame["cost_usd"].isna().all()
        assert set(frame["case_topic"]) == {"x", "y"}


def test_a_sample_that_broke_is_an_error() -> None:
    """With its message, and without a score."""
    frame = from_inspect(log(), "log.json")
    (broken,) = frame[frame["status"] == "error"].to_dict("records")
    assert (broken["case_id"], broken["repeat"]) == ("q3", 0)
    assert "tool fell over" in broken["error"]
    assert pd.isna(broken["score_includes"])
    assert broken["missing_includes"] == "error"


def test_letters_and_values() -> None:
    """C and I are 1 and 0; a scorer of two values gives two scores; its words are kept."""
    frame = from_inspect(log(), "log.json")
    assert set(frame["score_includes"].dropna()) == {0.0, 1.0}
    assert set(frame["score_parts.right"].dropna()) == {1.0}
    assert set(frame["score_parts.short"].dropna()) == {0.5}
    assert set(frame["reason_parts.short"].dropna()) == {"because"}


@pytest.mark.parametrize(
    ("value", "score", "missing"),
    [
        ("P", 0.5, None),
        ("N", None, "no answer"),
        (True, 1.0, None),
        (0.25, 0.25, None),
        ("0.75", 0.75, None),
        ("splendid", None, "not a number: 'splendid'"),
        (float("nan"), None, "not a number: 'nan'"),
        (None, None, "not scored"),
    ],
)
def test_grades(value: Any, score: float | None, missing: str | None) -> None:
    """No answer is missing where Inspect counts 0; what is no number is missing with its word."""
    row = one(scores={"mine": {"value": value}})
    assert (None if pd.isna(row["score_mine"]) else row["score_mine"]) == score
    assert (None if pd.isna(row["missing_mine"]) else row["missing_mine"]) == missing


@pytest.mark.parametrize(
    ("stop", "text", "status"),
    [("max_tokens", "cut", "truncated"), ("content_filter", "", "refused"), ("stop", " ", "empty")],
)
def test_what_is_no_whole_answer(stop: str, text: str, status: str) -> None:
    """It has no score, whatever Inspect's scorer said of it."""
    row = one(output={"completion": text, "choices": [{"stop_reason": stop}]})
    assert row["status"] == status
    assert pd.isna(row["score_includes"])


@pytest.mark.parametrize(("total", "fresh"), [(113, 90), (1_113, 100)])
def test_cached_tokens_are_counted_once(total: int, fresh: int) -> None:
    """Whether a provider counts them among the input or beside it, the total says."""
    usage = {"input_tokens": 100, "output_tokens": 13, "input_tokens_cache_read": 10, "total_tokens": total}
    row = one(model_usage={"a": usage, "judge": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}})
    assert (row["tokens_in_uncached"], row["tokens_in_cached"]) == (fresh + 1, 10)
    assert (row["tokens_in"], row["tokens_out"]) == (fresh + 11, 14)


def test_costs_where_all_are_known() -> None:
    """The sum over models; one that is unknown makes it unknown."""
    both: dict[str, Any] = {name: {"input_tokens": 1, "total_cost": 0.25} for name in "ab"}
    assert one(model_usage=both)["cost_usd"] == 0.5
    assert pd.isna(one(model_usage=both | {"c": {"input_tokens": 1}})["cost_usd"])


def test_task_arguments_make_arms() -> None:
    """The same task with another prompt is another arm."""
    content = log()
    content["eval"]["task_args_passed"] = {"prompt": "brief"}
    assert set(from_inspect(content, "log.json")["variant"]) == {"expert[prompt=brief]"}


def test_two_logs_can_be_compared() -> None:
    """The samples are the cases, paired by their ids."""
    both = pd.concat([from_inspect(read_eval(EVAL), "a"), from_inspect(log(), "b")], ignore_index=True)
    result = compare(both, "includes", "plain@mockllm/model")
    assert result.differences["n_cases"].tolist() == [4]
    assert "1 error" in result.summary


def test_an_interrupted_log_gives_what_it_has(tmp_path: Path) -> None:
    """Without a header, as while the evaluation runs: the samples that were finished."""
    path = tmp_path / "partly.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_journal/start.json", json.dumps({"version": 2, "eval": log()["eval"]}))
        archive.writestr("samples/q0_epoch_1.json", json.dumps(log()["samples"][0]))
    assert len(from_inspect(read_eval(path), str(path))) == 1


def test_what_it_is_not(tmp_path: Path) -> None:
    """No zip, a zip of something else, a log without samples: errors that name the file."""
    assert is_inspect(log())
    assert not any(map(is_inspect, ([], {}, {"eval": 3, "status": "x"})))
    bad, other = tmp_path / "bad.eval", tmp_path / "other.eval"
    bad.write_bytes(b"not a zip")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "hello")
    for path in (bad, other, tmp_path / "absent.eval"):
        with pytest.raises(DatasetError, match=path.name):
            read_eval(path)
    with pytest.raises(DatasetError, match="no samples"):
        from_inspect(log() | {"samples": None}, "log.json")
