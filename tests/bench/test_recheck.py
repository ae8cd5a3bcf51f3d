"""`bench.recheck`: fresh draws of answered cases, kept apart from the study, compared with what was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import world
from workbench.bench.recheck import recheck, recheck_plan
from workbench.errors import PlanError

DAY = 1_790_000_000.0


def at(seconds: float) -> Callable[[], float]:
    """Return a clock that stands still."""
    return lambda: seconds


def test_an_unchanged_model_shows_no_sign(url: str, store: str, tmp_path: Path) -> None:
    """New calls for the sentinels only; the study's own executions stay as they are; the same day resumes."""
    bench = world.bench(tmp_path, url, store=store, study="rechecked")
    plan = world.plan(bench, params={"temperature": 0.7})
    run = bench.run(plan, show=False)
    run.result()
    again = recheck_plan(bench, run, cases=12, now=at(DAY))
    assert again.estimate.calls == len(again) == 2 * 12 * 2
    found = recheck(bench, run, cases=12, now=at(DAY))
    assert found.changed == ()
    assert set(found.frame["n_cases"]) == {12}
    assert [one.execution_id for one in bench.journal.executions("rechecked")] == [plan.execution_id]
    assert recheck_plan(bench, plan, cases=12, now=at(DAY)).estimate.calls == 0
    assert recheck_plan(bench, plan, cases=12, now=at(DAY + 86_400)).estimate.calls == 48
    bench.close()


def test_another_model_behind_the_name_is_found(url: str, store: str, tmp_path: Path) -> None:
    """The journal's older answers came from a model that said other things: changed, and it says by what."""
    bench = world.bench(tmp_path, url, store=store, study="another-model")
    plan = world.plan(bench)
    bench.run(plan, show=False).result()
    execution = plan.execution_id
    scores = {score.trial_id: score for score in bench.journal.scores(execution)}
    for trial in bench.journal.trials(execution):
        bench.journal.put(
            replace(trial, output=f"Label: {trial.output}", model_served="tfidf-of-old"),
            [scores[trial.trial_id]],
        )
    found = recheck(bench, plan, cases=12, now=at(DAY))
    assert set(found.changed) == {arm.name for arm in plan.arms}
    assert "before by tfidf-of-old" in found.frame.loc[0, "why"]
    bench.close()


def test_what_was_never_answered_cannot_be_rechecked(url: str, store: str, tmp_path: Path) -> None:
    """Before the run, and for a number of cases that is none."""
    bench = world.bench(tmp_path, url, store=store, study="never-asked")
    plan = world.plan(bench)
    with pytest.raises(PlanError, match="Run the plan first"):
        recheck(bench, plan)
    bench.run(plan, show=False).result()
    with pytest.raises(PlanError, match="cases is 0"):
        recheck(bench, plan, cases=0)
    bench.close()
