"""What a bench's decision rests on: a model's score promotes only where people confirm its judge."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import world
from workbench.client.fakes import Echo
from workbench.core.records import ModelRef, Request
from workbench.plan.gate import Gate
from workbench.promote.evidence import Judge
from workbench.score.judge import rubric

REF = ModelRef(name="acme/judge-1", model="judge-1", origin="https://models.example")


def says(request: Request) -> str:
    """Judge by the expected value."""
    shown = json.loads(request.messages[-1].content)
    level = "yes" if shown["answer"] == shown["expected"] else "no"
    return json.dumps({"reason": "Compared.", "level": level})


def test_a_judge_is_held_against_people_before_it_decides(url: str, store: str, tmp_path: Path) -> None:
    """Not held, trusted, and changed since: unclear, pass, unclear; the definition of now is compared."""
    bench = world.bench(tmp_path, url, store=store, study="held")
    judge = rubric("Is it right?", Echo(says), REF, name="right")
    plan = world.plan(bench, scorers=[judge], gate=Gate(score="right"))
    result = bench.compare(bench.run(plan, show=False))
    held = Judge(
        score="right", agreement=0.8, low=0.7, high=0.9, measure="kappa", labels=99, digest=judge.digest
    )
    changed = Judge(
        score="right", agreement=0.8, low=0.7, high=0.9, measure="kappa", labels=99, digest="an older one"
    )
    decisions = [bench.decide(result, judge=each, show=False) for each in (None, held, changed)]
    found = [one.outcome for each in decisions for one in each.findings if one.code == "WB113"]
    assert found == ["unclear", "pass", "unclear"]
    assert [each.verdict for each in decisions] == ["not enough evidence", "promote", "not enough evidence"]
    bench.close()
