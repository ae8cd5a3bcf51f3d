"""MLflow's evaluate runs as trial tables: the real thing, run in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.record.examples import answer, make
from workbench.analyze.compare import compare
from workbench.errors import RecordError
from workbench.record.runs import Recorder
from workbench.record.sources.recognize import load

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Evaluated:
    """What `mlflow.genai.evaluate` returns, as far as it is looked at."""

    run_id: str
    result_df: None = None


@pytest.fixture(scope="module")
def runs(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the ids of two evaluate runs in the store of these tests."""
    recorder.open()
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "record" / "sources" / "elsewhere.py"), recorder.uri],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_MODEL_CATALOG_URI": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("run ")]


def test_an_experiment_is_a_table(recorder: Recorder, runs: list[str]) -> None:
    """Its runs are the arms, equal inputs the same case, and the expectation is what is expected."""
    frame = load("elsewhere", recorder.open)
    assert frame.groupby("arm").size().to_dict() == {"plain": 4, "careful": 4}
    assert frame["case_id"].nunique() == 4
    assert set(frame["expected"]) == {"alpha"}
    assert sorted(set(frame["case_question"])) == ["q0", "q1", "q2", "q3"]
    assert frame[["tokens_in", "cost_usd"]].isna().all().all()
    result = compare(frame, "right", "plain")
    assert result.arms.set_index("arm")["answered"].to_dict() == {"plain": 3, "careful": 4}


def test_a_failed_call_is_not_wrong(recorder: Recorder, runs: list[str]) -> None:
    """MLflow scored it False; here it is an error with its words, and has no score."""
    frame = load(runs[0], recorder.open)
    (broken,) = frame[frame["status"] == "error"].to_dict("records")
    assert broken["case_question"] == "q3"
    assert broken["error"] == "HTTP 500: broken"
    assert pd.isna(broken["score_right"])
    assert frame["score_right"].mean() == pytest.approx(2 / 3)


def test_a_scorer_that_broke_is_missing(recorder: Recorder, runs: list[str]) -> None:
    """With its reason; MLflow leaves it out of the mean without a word."""
    frame = load(runs[0], recorder.open)
    (unjudged,) = frame[frame["output"] == "beta"].to_dict("records")
    assert unjudged["score_right"] == 0.0
    assert pd.isna(unjudged["score_fragile"])
    assert unjudged["missing_fragile"] == "scorer failed: cannot judge beta"


def test_the_result_itself_and_several_runs(recorder: Recorder, runs: list[str]) -> None:
    """What evaluate returned is loaded by its run; two runs become one table."""
    assert len(load(Evaluated(runs[1]), recorder.open)) == 4
    both = load(runs, recorder.open)
    assert set(both["arm"]) == {"plain", "careful"}


def test_what_is_not_there_and_what_is_ours(recorder: Recorder) -> None:
    """A name that is nothing; a study of the workbench, whose executions are named."""
    with pytest.raises(RecordError, match="no run, execution or experiment"):
        load("never-heard-of", recorder.open)
    plan = make("a-study-of-ours")
    trials, scores = answer(plan)
    recorder.record(plan, trials, scores)
    with pytest.raises(RecordError, match=plan.execution_id):
        load("a-study-of-ours", recorder.open)
    assert len(load(plan.execution_id, recorder.open)) == len(trials)


def test_a_run_without_anything(recorder: Recorder, runs: list[str]) -> None:
    """A run that is there and holds nothing that could be compared."""
    client = recorder.open().client
    experiment = client.get_experiment_by_name("elsewhere").experiment_id
    empty = client.create_run(experiment).info.run_id
    with pytest.raises(RecordError, match="no trial table and no traces"):
        load(empty, recorder.open)
