"""Tests of the doubter's verbs on a bench: equal arms on its own rows, a decision recomputed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bench import world
from workbench.bench.bench import Bench
from workbench.errors import InputError, RecordError


@pytest.fixture(scope="module")
def bench(url: str, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give a bench with the small model."""
    made = world.bench(tmp_path_factory.mktemp("doubt"), url, store=store, study="doubt")
    yield made
    made.close()


def test_a_decision_is_recomputed_and_the_gate_holds(bench: Bench) -> None:
    """By the decision or its execution's id; equal arms are those of the result, by its own gate."""
    result = bench.compare(bench.run(world.plan(bench), show=False))
    decision = bench.decide(result)
    found = bench.verify(decision)
    assert found.ok, found.summary
    assert found.execution_id == decision.execution_id
    assert bench.verify(decision.execution_id).run_id == found.run_id
    equal = bench.equal_arms(result, studies=40)
    assert (equal.score, equal.incumbent) == (decision.gate.score, decision.incumbent)
    assert len(equal.promoted) == 40


def test_what_this_bench_does_not_know_is_refused(bench: Bench) -> None:
    """A comparison of another bench; an id that is not in the store."""
    from tests.view.world import world as study

    with pytest.raises(InputError, match="not made by this bench"):
        bench.equal_arms(study(cases=4).comparison)
    with pytest.raises(RecordError, match="not in this MLflow store"):
        bench.verify("no-such-decision")
