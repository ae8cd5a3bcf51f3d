"""Tests of the pilot: what a journal's earlier runs say about a plan's arms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.plan.world import BOOK, Same, dataset, plan, variants
from workbench.core.records import Attempt, Score, Trial, Usage
from workbench.define.variant import Variant
from workbench.plan.pilot import MOST_TRIALS, earlier_trials, pilot
from workbench.plan.plan import Plan
from workbench.store.journal import Journal

ARMS = ("terse@offline/mini", "wordy@offline/mini")


def ran(of: Plan, *, digest: str = "same-1", status: str = "ok", tokens: int = 7) -> Any:
    """Return trials and scores of a run in which wordy is right, terse in every second case."""
    trials, scores = [], []
    for cell in of.cells():
        number = int(cell.case.values["text"].split()[-1])
        usage = Usage(tokens_in_uncached=100, tokens_out=tokens + number % 3)
        attempt = Attempt(model="mini", started_at=0, latency_s=0.5, usage=usage)
        made: dict[str, Any] = {"variant": cell.arm.variant.name, "variant_hash": cell.arm.variant.hash}
        trial = Trial(
            trial_id=cell.trial_id,
            execution_id=of.execution_id,
            study=of.study,
            arm=cell.arm.name,
            model=cell.arm.model.name,
            params=cell.arm.params,
            case_id=cell.case.case_id,
            case=cell.case.values,
            repeat=cell.repeat,
            call_key=cell.key,
            messages=(),
            status=status,  # type: ignore[arg-type]
            usage=usage,
            attempts=(attempt,),
            latency_s=0.5,
            **made,
        )
        trials.append(BOOK.price_trial(trial, cell.arm.model))
        value = float(cell.arm.variant.name == "wordy" or number % 2 == cell.repeat % 2)
        scores.append(Score(trial_id=cell.trial_id, scorer="exact", value=value, digest=digest))
    return trials, scores


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    """Give an empty journal."""
    with Journal(tmp_path / "journal.sqlite") as made:
        yield made


def test_a_plan_takes_its_figures_from_an_earlier_run() -> None:
    """Other cases, the same arms: tokens out, seconds and spread are those of 40 earlier cases."""
    before = plan(cases=dataset(40), repeats=1)
    now = plan(cases=dataset(200), repeats=1, earlier=ran(before))
    arm = now.estimate.arm(ARMS[0])
    assert arm.tokens_out_basis == "from 40 earlier replies"
    low, high = arm.tokens_out
    assert 7.5 * arm.calls < low < 8 * arm.calls < high < 8.5 * arm.calls
    assert arm.seconds == pytest.approx((0.4 * arm.calls, 0.75 * arm.calls))
    assert now.power.basis == "from 40 earlier cases"
    assert now.power.sd == pytest.approx(0.5, rel=0.05)


def test_an_arm_is_known_by_its_content() -> None:
    """A new name is the same arm; another prompt, other parameters or another scorer are not."""
    rows = ran(plan(cases=dataset(40)))
    renamed = [variants()[0].replace(name="brief"), variants()[1]]
    assert set(plan(variants=renamed, incumbent="brief", earlier=rows).pilot.arms) == {
        "brief@offline/mini",
        ARMS[1],
    }
    assert not plan(params={"temperature": 0.1}, earlier=rows).pilot.arms
    other = [Variant("terse", "Say a or b.\n\n{{text}}"), variants()[1]]
    assert set(plan(variants=other, earlier=rows).pilot.arms) == {ARMS[1]}
    assert plan(variants=other, earlier=rows).pilot.spreads == ()
    newer = plan(scorers=[Same(digest="same-2")], earlier=rows)
    assert set(newer.pilot.arms) == set(ARMS)
    assert newer.pilot.spreads == ()
    assert "assuming" in newer.power.basis


def test_failures_say_nothing_of_answers() -> None:
    """Calls that failed give no tokens, no seconds and no score."""
    assert not plan(earlier=ran(plan(cases=dataset(40)), status="error")).pilot.arms
    refused = plan(earlier=ran(plan(cases=dataset(40)), status="refused")).pilot
    assert set(refused.arms) == set(ARMS)
    assert refused.spreads == ()


def test_a_call_counts_once() -> None:
    """Two executions that share calls are one set of draws."""
    trials, scores = ran(plan(cases=dataset(40), repeats=2))
    arms, incumbent = plan().arms, plan().incumbent
    once = pilot((trials, scores), arms, incumbent, Same())
    assert pilot((trials + trials, scores), arms, incumbent, Same()) == once
    (spread,) = once.spreads
    assert spread.within == pytest.approx(0.5)
    assert spread.draws == 0.5


def test_the_journal_gives_a_study_its_earlier_runs(journal: Journal) -> None:
    """All executions of the study, no other study's."""
    for size, study in ((12, "tickets"), (13, "tickets"), (14, "others")):
        made = plan(study=study, cases=dataset(size))
        journal.add_execution(made.execution_id, study, made.to_mapping())
        for trial, score in zip(*ran(made), strict=True):
            journal.put(trial, [score])
    trials, scores = earlier_trials(journal, "tickets")
    assert len(trials) == len(scores) == 4 * (12 + 13) < MOST_TRIALS
    assert plan(earlier=(trials, scores)).power.basis == "from 13 earlier cases"
