"""A fallback in an experiment: only when asked for, flagged on every row, and no ground for a promotion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import world
from workbench.analyze.compare import compare
from workbench.bench.bench import Bench
from workbench.bench.models import Models
from workbench.client.openai import OpenAI
from workbench.client.resilience import Resilience
from workbench.client.retry import Retry
from workbench.errors import InputError
from workbench.offline.classifier import TfidfClassifier
from workbench.offline.faults import Faults
from workbench.offline.server import OfflineServer
from workbench.plan.gate import Gate
from workbench.promote.rules import wb107_models
from workbench.promote.rules.finding import Facts

PRICES = {
    "offline/tfidf": {"in_per_mtok": 1.0, "out_per_mtok": 1.0},
    "other/tfidf": {"in_per_mtok": 100.0, "out_per_mtok": 100.0},
}


def other(url: str) -> OpenAI:
    """Return the model that stands in."""
    return OpenAI("tfidf", base_url=url, name="other/tfidf", origin="https://other.example")


def bench(folder: Path, url: str, stand_in: str | None) -> Bench:
    """Return a bench whose model is asked twice at most."""
    return Bench(
        "tickets",
        models=[world.model(url)],
        home=folder,
        tracking_uri=f"sqlite:///{folder}/mlflow.db",
        prices=PRICES,
        fallback=None if stand_in is None else {"offline/tfidf": [other(stand_in)]},
        resilience=Resilience(retry=Retry(attempts=2, base_s=0)),
    )


def test_every_row_is_flagged_and_no_promotion_rests_on_it(tmp_path: Path, url: str) -> None:
    """The rows say who answered, at whose price; the gate's rule fails; a pure bench does not take them."""
    with OfflineServer(models=[TfidfClassifier()], faults=Faults({"server": 0.9})) as broken:
        made = bench(tmp_path, broken.base_url, url)
        plan = world.plan(made, gate=Gate(min_cases=2), each=4)
        table = made.run(plan, show=False).result()
        assert set(table["status"]) == {"ok"}
        assert set(table["sample"]) == {plan.sample}
        assert plan.sample.startswith("main+fallback-")
        fell = table[table["fell_back"]]
        assert len(table) / 2 < len(fell) <= len(table)
        assert fell["cost_usd"].min() > 50 * 1e-6 * fell["tokens_in"].min(), "at the price of who answered"
        result = compare(table, "exact", plan.incumbent, 0.02, 0.05)
        assert all("(fallback)" in served for served in result.arms["served_models"])
        assert any("(fallback)" in note for note in result.notes)
        challenger = next(arm.name for arm in plan.arms if arm.name != plan.incumbent)
        assert wb107_models.check(Facts.of(result, challenger, plan.gate)).outcome == "fail"
        allowed = Gate(min_cases=2, allow_mixed_models=True)
        assert wb107_models.check(Facts.of(result, challenger, allowed)).outcome == "not applicable"
        ledger = made.run(plan, show=False).ledger
        assert set(ledger.loc[ledger["purpose"] == "fallback", "asked"]) == {"other/tfidf"}
        made.close()
    pure = bench(tmp_path, url, None)
    table = pure.run(world.plan(pure, each=4), show=False).result()
    assert set(table["source"]) == {"call"}, (
        "replies of a run with a fallback are not taken for the model's own"
    )
    assert not table["fell_back"].any()
    pure.close()


@pytest.mark.parametrize(
    ("fallback", "problem"),
    [
        ({"offline/tfid": ["offline/minilm"]}, "none of the models"),
        ({"offline/tfidf": []}, "names no other model"),
        ({"offline/tfidf": ["offline/tfidf"]}, "names no other model"),
    ],
)
def test_mistakes(fallback: dict[str, list[str]], problem: str) -> None:
    """A fallback for nobody, by nobody or by itself is refused."""
    with pytest.raises(InputError, match=problem):
        Models(["offline/tfidf"], fallback)


def test_a_draw_of_its_own() -> None:
    """Another fallback is another draw; none is the plain one."""
    plain = Models(["offline/tfidf"])
    first = Models(["offline/tfidf"], {"offline/tfidf": ["offline/minilm"]})
    second = Models(["offline/tfidf"], {"offline/tfidf": ["openai/gpt-5"]})
    assert len({plain.draw("main"), first.draw("main"), second.draw("main")}) == 3
    assert plain.draw("main") == "main"
