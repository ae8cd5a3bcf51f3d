"""Tests of a prompt's anatomy on a bench: fillers are found, what carries the prompt is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.bench import world
from workbench.analyze.anatomy import Anatomy
from workbench.bench.anatomy import anatomy
from workbench.bench.bench import Bench
from workbench.client.openai import OpenAI
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import PlanError
from workbench.score.checks import exact

PROMPT = """Answer with one of {{labels}}.

Every customer matters to this house, whatever they write and whenever they write it.

Please be patient.

{{text}}"""


def parts() -> tuple[Variant, Dataset, Dataset]:
    """Return a prompt with two fillers and examples, cases, and cases to confirm on."""
    examples, cases = world.parts(120)
    confirm, found = cases.split(100, seed=2)
    return Variant("long", PROMPT, labels=cases.labels, examples=examples), found, confirm


@pytest.fixture(scope="module")
def bench(url: str, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give a bench with the small model."""
    made = world.bench(tmp_path_factory.mktemp("anatomy"), url, store=store, study="anatomy")
    yield made
    made.close()


def told(bench: Bench, **changes: object) -> Anatomy:
    """Return the anatomy of the long prompt."""
    variant, cases, _ = parts()
    said = {"scorers": [exact()], "params": {"temperature": 0.0}, "margin": 0.06, **changes}
    return anatomy(bench, variant, cases, **said)  # type: ignore[arg-type]


def test_fillers_are_superfluous_and_examples_are_needed(bench: Bench) -> None:
    """Each block has its tokens, its price and what it adds; the longer filler gives the shortest prompt."""
    found = told(bench)
    blocks = found.frame.set_index("block")
    assert blocks["verdict"].drop(index=1).to_dict() == {
        2: "not needed",
        3: "not needed",
        4: "kept",
        5: "needed",
    }
    assert blocks.loc[2, "tokens"] > blocks.loc[3, "tokens"] > 0
    assert blocks.loc[2, "usd_per_1000"] > 0
    assert blocks.loc[5, "low"] > 0.2
    assert (found.drop, found.shortest) == ((2, 3), "long-without-2@offline/tfidf")
    assert found.shortest_tokens == pytest.approx(found.tokens - blocks.loc[2, "tokens"])
    assert "together they were not tried" in found.summary


def test_what_is_superfluous_alone_is_confirmed_together(bench: Bench) -> None:
    """On cases that did not choose them; and the same anatomy again asks nothing."""
    confirm = parts()[2]
    found = told(bench, confirm=confirm)
    assert found.shortest == "long-without-2-3@offline/tfidf"
    assert found.confirmation is not None
    assert found.confirmation.differences["n_cases"].to_list() == [len(confirm)]
    spent = [run.progress.tokens_in for run in found.runs]
    again = told(bench, confirm=confirm)
    assert_frame_equal(again.frame, found.frame)
    assert [run.progress.tokens_in for run in again.runs] == spent


def test_one_model_is_asked_also_where_the_bench_has_several(
    bench: Bench, url: str, store: str, tmp_path: Path
) -> None:
    """The second model answers for nothing, and the whole prompt on the asked one is the incumbent."""
    second = OpenAI("tfidf", base_url=url, name="offline/second", origin="offline-2")
    models = [second, world.model(url)]
    with closing(Bench("two", models=models, home=tmp_path, tracking_uri=store)) as two:
        found = told(two, model="offline/tfidf", scorers=[exact()])
    assert found.variant == "long@offline/tfidf"
    assert set(found.comparison.frame["model"]) == {"offline/tfidf"}
    assert found.frame["verdict"].to_list() == told(bench).frame["verdict"].to_list()


def test_what_has_no_anatomy_is_refused_before_anything_is_asked(bench: Bench) -> None:
    """One block only; cases that would confirm what they chose; a model that is not there."""
    _, cases, _ = parts()
    with pytest.raises(PlanError, match="no block"):
        anatomy(bench, Variant("bare", "{{text}}"), cases)
    with pytest.raises(PlanError, match="confirm what it chose"):
        told(bench, confirm=cases.head(5))
    with pytest.raises(PlanError, match="no such model"):
        told(bench, model="offline/none")
