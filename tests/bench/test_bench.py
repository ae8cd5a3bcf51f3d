"""The journey on one bench: plan, run, compare, decide, promote, history, rollback, load, sync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.bench import world
from workbench.analyze.compare import Comparison, compare
from workbench.bench.bench import Bench
from workbench.errors import InputError, PlanError, PromotionError
from workbench.plan.plan import Plan
from workbench.promote.decision import Decision
from workbench.promote.history import Release
from workbench.run.handle import Run


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What the verbs gave, one after the other."""

    bench: Bench
    plan: Plan
    run: Run
    result: Comparison
    decision: Decision
    release: Release


@pytest.fixture(scope="module")
def journey(url: str, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Give a bench that went from plan to promotion."""
    bench = world.bench(tmp_path_factory.mktemp("journey"), url, store=store)
    plan = world.plan(bench)
    run = bench.run(plan)
    result = bench.compare(run)
    decision = bench.decide(result)
    release = bench.promote(decision)
    bench.sync()
    yield Journey(bench=bench, plan=plan, run=run, result=result, decision=decision, release=release)
    bench.close()


def test_a_plan_reckons_before_anything_is_asked(journey: Journey) -> None:
    """Calls and tokens are exact for an embedded model, and the price is the declared one."""
    estimate = journey.plan.estimate
    assert estimate.cost_usd is not None
    assert estimate.calls == len(journey.run.frame) == 72
    assert estimate.tokens_in == (journey.run.frame["tokens_in"].sum(),) * 2
    assert 0 < journey.run.progress.usd <= estimate.cost_usd[1]


def test_a_comparison_shows_what_the_examples_are_worth(journey: Journey) -> None:
    """Labels that say nothing leave guessing; four examples explain them."""
    arms = journey.result.frame.set_index("variant")
    assert arms["scored"].to_list() == [36, 36]
    assert arms.loc["terse", "quality_mean"] < 0.7
    assert arms.loc["shots", "quality_mean"] == 1.0
    assert arms.loc["shots", "cost_usd_per_1000"] > arms.loc["terse", "cost_usd_per_1000"]


def test_a_decision_is_recorded_and_then_moves_the_alias(journey: Journey) -> None:
    """The alias points to the version of the chosen arm's content; the evidence is a run."""
    recorder = journey.bench.recording.recorder
    assert journey.decision.verdict == "promote"
    assert journey.release.arm == journey.decision.chosen == "shots@offline/tfidf"
    version = recorder.register("tickets", journey.plan.arm("shots@offline/tfidf"))
    assert recorder.get_alias("tickets", "production") == version.version == journey.release.to_version
    run = recorder.open().client.get_run(journey.release.evidence)
    assert run.data.params["verdict"] == "promote"


def test_promoting_again_moves_nothing(journey: Journey) -> None:
    """The same decision gives the same release, and the history no second move."""
    assert journey.bench.promote(journey.decision) == journey.release
    assert [move.action for move in journey.bench.history().moves] == ["promote"]


def test_mlflow_gives_the_table_back(journey: Journey) -> None:
    """By the execution's id, equal to the run's own table in every cell."""
    assert_frame_equal(journey.bench.load(journey.run.execution_id), journey.run.frame)


def test_the_same_plan_again_asks_nothing(journey: Journey) -> None:
    """Every trial is there already; nothing is spent, the table stays."""
    before = journey.run.frame
    plan = world.plan(journey.bench)
    assert plan.execution_id == journey.run.execution_id
    assert plan.estimate.calls == 0
    again = journey.bench.run(plan)
    assert_frame_equal(again.result(), before)
    assert again.progress.done == 72


def test_a_report_is_one_file(journey: Journey) -> None:
    """It names the chosen arm and fetches nothing."""
    page = journey.bench.report(journey.result, journey.decision).read_text(encoding="utf-8")
    assert "shots@offline/tfidf" in page
    assert 'src="http' not in page
    assert "<script src" not in page


def test_a_rollback_leads_to_the_incumbent_and_is_a_move(url: str, store: str, tmp_path: Path) -> None:
    """The first promotion can be undone; a second rollback has nowhere to go."""
    bench = world.bench(tmp_path, url, store=store, study="rolled-back")
    result = bench.compare(bench.run(world.plan(bench)))
    bench.promote(bench.decide(result), why="better")
    back = bench.rollback(why="a mistake")
    assert back.arm == "terse@offline/tfidf"
    assert [move.why for move in bench.history().moves] == ["better", "a mistake"]
    assert bench.recording.recorder.get_alias("rolled-back", "production") == back.to_version
    with pytest.raises(PromotionError, match="no earlier version"):
        bench.rollback()
    bench.close()


def test_what_another_bench_compared_is_not_decided_here(journey: Journey) -> None:
    """The gate of the run's plan decides, so the run must be this bench's."""
    foreign = compare(journey.run.frame, "exact", journey.plan.incumbent, 0.02, 0.05)
    with pytest.raises(InputError, match=r"not made by this bench.*bench.compare"):
        journey.bench.decide(foreign)


def test_without_the_verdict_nothing_is_promoted(url: str, store: str, tmp_path: Path) -> None:
    """Examples as the incumbent: the cheaper prompt guesses, and the alias stays unset."""
    bench = world.bench(tmp_path, url, store=store, study="kept")
    decision = bench.decide(bench.compare(bench.run(world.plan(bench, incumbent="shots"))))
    assert decision.verdict == "keep"
    with pytest.raises(PromotionError, match="the decision is 'keep'"):
        bench.promote(decision)
    assert bench.recording.recorder.get_alias("kept", "production") is None
    assert not bench.history().moves
    bench.close()


def test_a_prompt_promoted_meanwhile_stops_a_promotion(journey: Journey) -> None:
    """A decision made before the alias moved no longer holds."""
    bench = journey.bench
    recorder = bench.recording.recorder
    decision = bench.decide(journey.result, alias="staging")
    other = recorder.register("tickets", journey.plan.arm("terse@offline/tfidf"))
    recorder.set_alias(other.name, "staging", other.version)
    with pytest.raises(PromotionError, match="it has moved"):
        bench.promote(decision)


def test_a_stopped_run_goes_on(url: str, tmp_path: Path) -> None:
    """What was finished is kept, and only the rest is asked."""
    bench = world.bench(tmp_path, url)
    plan = world.plan(bench)
    run = bench.run(plan)
    run.stop()
    run.result()
    assert run.progress.state == "stopped"
    finished = run.progress.done
    assert finished < len(plan)
    again = bench.run(plan)
    assert len(again.result()) == len(plan)
    assert again.progress.state == "done"
    assert set(run.frame["call_key"]) == set(again.frame["call_key"])
    bench.close()


def test_closing_closes_the_connections(tmp_path: Path) -> None:
    """A bench that is closed keeps no connection open, to whatever endpoint."""
    transport = world.Transport()
    bench = world.bench(tmp_path, "http://127.0.0.1:9/v1", transport=transport)
    bench.run(world.plan(bench, variants=world.variants()[:1]), show=False).result()
    assert (transport.asked, transport.closed) == (36, False)
    bench.close()
    assert transport.closed


def test_the_embedded_endpoint_starts_when_it_is_named(tmp_path: Path) -> None:
    """A name is enough: the endpoint runs as a process of its own and ends with the bench."""
    bench = Bench("tickets", models=["offline/tfidf"], home=tmp_path)
    run = bench.run(world.plan(bench, each=4))
    assert set(run.result()["status"]) == {"ok"}
    assert set(run.frame["model_served"]) == {"tfidf"}
    bench.close()


@pytest.mark.parametrize(
    ("study", "models", "says"),
    [
        ("tickets", ["offline/gpt"], "the embedded endpoint does not serve it.*offline/minilm"),
        ("tickets", ["ofline/minilm"], "no endpoint is known.*Did you mean offline"),
        ("tickets", ["gpt-4o"], "no endpoint is known"),
        ("tickets", [{"name": "mine", "url": "x"}], "there is no setting 'url'"),
        ("tickets", [{"model": "mine"}], "it has no name"),
        ("tickets", [], "it has no models"),
        ("no-such-study", None, "it has no models.*study file"),
    ],
)
def test_a_model_that_cannot_be_asked_is_named(
    tmp_path: Path, study: str, models: list[str] | None, says: str
) -> None:
    """Before anything is planned, with what would do."""
    with pytest.raises(InputError, match=f"(?s){says}"):
        Bench(study, models=models, home=tmp_path)


def test_a_study_needs_variants_and_scorers(url: str, tmp_path: Path) -> None:
    """A bench without a study file has no defaults for them."""
    bench = world.bench(tmp_path, url)
    with pytest.raises(PlanError, match="no variants or no cases"):
        bench.plan()
    with pytest.raises(PlanError, match="no scorers"):
        bench.plan(world.variants(), world.parts()[1])
    bench.close()
