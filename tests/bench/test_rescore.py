"""`bench.rescore`: old answers, other scorers, no call."""

from __future__ import annotations

import asyncio
from concurrent.futures import CancelledError
from pathlib import Path

import pandas as pd
import pytest
from mlflow.genai.scorers import RegexMatch

from tests.bench import world
from workbench.bench.rescore import BATCH, RESCORE_COLUMNS
from workbench.errors import InputError, PlanError
from workbench.record.entities import trace_id
from workbench.score.checks import contains, exact
from workbench.score.functions import scorer


def fragile(output: str, case: dict[str, str]) -> bool:
    """Fail on some cases."""
    if "garden" in case["text"]:
        raise ValueError("cannot judge")
    return len(output) < 6


def test_a_run_is_scored_anew_without_a_call(url: str, store: str, tmp_path: Path) -> None:
    """New scores stand beside the old, in the journal and on the traces; failures are records, n is shown."""
    bench = world.bench(tmp_path, url, store=store, study="rescored")
    plan = world.plan(bench)
    with pytest.raises(PlanError, match="Run the plan first"):
        bench.rescore(plan, [contains("a")])
    run = bench.run(plan, show=False)
    before = run.result()
    calls = len(run.ledger)
    found = bench.rescore(run, [contains("alpha"), scorer(fragile), RegexMatch(pattern="alph")])
    assert len(run.ledger) == calls
    assert len(before) > BATCH, "more than one batch"
    assert tuple(found.frame.columns) == RESCORE_COLUMNS
    assert len(found.frame) == len(plan.arms) * 3
    row = found.frame[found.frame["score"] == "fragile"].iloc[0]
    gardens = before[before["arm"] == row["arm"]]["case_text"].str.contains("garden").sum()
    assert gardens > 0
    assert (row["attempted"], row["answered"]) == (len(plan.cases), len(plan.cases))
    assert row["scored"] == len(plan.cases) - gardens
    assert row["missing"] == f"the scorer failed: ValueError: cannot judge ({gardens})"
    assert f"{2 * gardens} of them missing; no model answered again" in found.summary
    table = found.trials
    assert (table["score_exact"] == before["score_exact"]).all()
    assert (table["score_contains"] == table["output"].str.contains("alpha")).all()
    assert (table["score_regex_match"] == table["score_contains"]).all()
    bench.sync()
    trial = bench.journal.trials(plan.execution_id)[0]
    info = bench.recording.recorder.open().client.get_trace(trace_id(trial.trial_id)).info
    assert {item.name for item in info.assessments} >= {"exact", "contains", "fragile", "regex_match"}
    bench.close()


def test_what_the_gate_decides_by_is_not_replaced(url: str, store: str, tmp_path: Path) -> None:
    """Another scorer of a planned name is refused; the same one is not, nor another name."""
    bench = world.bench(tmp_path, url, store=store, study="rescored-gate")
    run = bench.run(world.plan(bench), show=False)
    run.result()
    with pytest.raises(InputError, match="of the plan has that name"):
        bench.rescore(run, [exact(strict=True)])
    with pytest.raises(InputError, match="another scorer has that name"):
        bench.rescore(run, [contains("a"), contains("b")])
    with pytest.raises(InputError, match="no scorer"):
        bench.rescore(run, [])
    assert bench.rescore(run, [exact()]).trials.equals(run.frame)
    strict = bench.rescore(run.plan, [exact(strict=True, name="strict")])
    assert strict.frame["scored"].tolist() == [len(run.plan.cases)] * 2
    bench.close()


def test_an_interrupt_keeps_what_has_landed(url: str, store: str, tmp_path: Path) -> None:
    """The batches before it are in the journal; the same again completes them."""
    bench = world.bench(tmp_path, url, store=store, study="rescored-halfway")
    run = bench.run(world.plan(bench), show=False)
    run.result()
    seen = []

    def halfway(output: str) -> bool:
        seen.append(output)
        if len(seen) == BATCH + 2:
            raise asyncio.CancelledError
        return True

    with pytest.raises(CancelledError):
        bench.rescore(run, [scorer(halfway)])
    assert run.frame["score_halfway"].notna().sum() == BATCH
    assert bench.rescore(run, [scorer(halfway)]).frame["scored"].tolist() == [36, 36]
    bench.close()


def test_a_loaded_table_is_scored_in_place(url: str, tmp_path: Path) -> None:
    """A table from elsewhere gets columns, in place of older ones; a failed call stays missing."""
    bench = world.bench(tmp_path, url, study="loaded-rescored")
    frame = pd.DataFrame(
        {
            "arm": ["u", "u", "v", "v"],
            "case_id": ["a", "b", "a", "b"],
            "repeat": 0,
            "status": ["ok", "error", "ok", "ok"],
            "expected": ["yes", "no", "yes", "no"],
            "output": ["yes", None, "no", "no"],
            "case_text": ["A", "B", "A", "B"],
            "score_exact": [0.0, 0.0, 0.0, 0.0],
        }
    )
    found = bench.rescore(frame, [exact(), scorer(lambda output, case: case["text"] == "A", name="of_a")])
    assert found.trials["score_exact"].fillna(-1).tolist() == [1, -1, 0, 1]
    assert found.trials["missing_exact"].tolist()[1] == "error"
    assert found.trials["score_of_a"].fillna(-1).tolist() == [1, -1, 1, 0]
    assert found.frame[["arm", "score", "attempted", "answered", "scored"]].values.tolist() == [
        ["u", "exact", 2, 1, 1],
        ["u", "of_a", 2, 1, 1],
        ["v", "exact", 2, 2, 2],
        ["v", "of_a", 2, 2, 2],
    ]
    assert bench.compare(found.trials, score="of_a", incumbent="u").arms["scored"].tolist() == [1, 2]
    bench.close()


def test_a_plan_takes_the_scorers_of_mlflow_as_they_are(url: str, store: str, tmp_path: Path) -> None:
    """Given to `plan` they score the run like any other."""
    bench = world.bench(tmp_path, url, store=store, study="theirs")
    plan = world.plan(bench, scorers=[exact(), RegexMatch(pattern="^(alpha|beta)$")])
    frame = bench.run(plan, show=False).result()
    assert (frame["score_regex_match"] == frame["output"].isin(["alpha", "beta"])).all()
    bench.close()
