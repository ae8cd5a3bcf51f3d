"""`bench.pairwise`: two arms of a run by a judge in both orders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import world
from workbench.bench.pairwise import pairwise
from workbench.client.fakes import Echo
from workbench.core.records import ModelRef, Request
from workbench.errors import PlanError
from workbench.plan.prices import Price, PriceBook
from workbench.score.preference import Preference, preference

REF = ModelRef(name="acme/judge-1", model="judge-1", origin="https://models.example")


def judged() -> tuple[Preference, Echo]:
    """Return a judge that prefers alpha to beta, and its model."""

    def answer(request: Request) -> str:
        shown = json.loads(request.messages[-1].content)
        return json.dumps({"reason": "As is.", "better": "first" if shown["first"] == "alpha" else "second"})

    model = Echo(answer)
    return preference("Which is nearer to the beginning?", model, REF), model


def test_two_arms_of_a_run(url: str, store: str, tmp_path: Path) -> None:
    """Counted by what the arms answered; kept in the journal; a second look asks nothing."""
    bench = world.bench(tmp_path, url, store=store, study="pairs")
    bench.book = PriceBook(declared={REF.name: Price(in_per_mtok=1, out_per_mtok=1)}, date="2025-01-01")
    plan = world.plan(bench)
    judge, model = judged()
    shots = next(arm.name for arm in plan.arms if arm.name != plan.incumbent)
    with pytest.raises(PlanError, match="Run the plan first"):
        pairwise(bench, plan, shots, judge)
    frame = bench.run(plan, show=False).result()
    said = frame.pivot(index="case_id", columns="arm", values="output")
    differ = said[said[shots] != said[plan.incumbent]]
    found = pairwise(bench, plan, shots, judge)
    wanted = (differ[shots] == "alpha").sum() + 0.5 * (len(said) - len(differ))
    assert len(differ) > 0
    assert found.frame["score"].sum() == wanted
    assert len(model.requests) == 2 * len(differ)
    assert found.usd > 0
    assert found.consistency is not None
    again = pairwise(bench, plan, shots, judge)
    assert len(model.requests) == 2 * len(differ)
    assert again.usd == pytest.approx(found.usd)
    assert again.frame.equals(found.frame)
    bench.sync()
    client = bench.recording.recorder.open().client
    kept = client.get_prompt_version("pairs.judge.preference", 1)
    assert kept.template[0]["content"] == judge.instruction
    bench.close()
