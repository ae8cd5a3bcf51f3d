"""Tests of racing on a bench: the hopeless are asked no more, nothing twice, a plan can be completed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pandas.testing import assert_frame_equal

from tests.bench import world
from tests.plan.world import dataset, plan, variants
from tests.run.world import USAGE, journal, run
from workbench.analyze.anytime import anytime
from workbench.analyze.race import Race
from workbench.analyze.racing import Rules
from workbench.bench.bench import Bench
from workbench.bench.race import AHEAD, LEFT, RaceCourse, race, race_plan
from workbench.core.records import Reply, Request
from workbench.errors import InputError, PlanError
from workbench.plan.plan import Plan
from workbench.run.stop import Stop
from workbench.score.checks import exact

CASES = 200
RULES = Rules(incumbent="terse@offline/mini")


class Knowing:
    """A model that is right as often as the prompt deserves: the wordy one always, the terse one at times."""

    def __init__(self, terse: float = 0.4) -> None:
        self.asked: list[Request] = []
        self._terse = terse

    async def ask(self, request: Request) -> Reply:
        """Answer a ticket with an even number a, an odd one b, or the wrong one of both."""
        self.asked.append(request)
        number = int(request.messages[-1].content.rpartition(" ")[2])
        wordy = "care" in request.messages[0].content
        right = wordy or random.Random(number).random() < self._terse
        return Reply(text="ab"[(number + (not right)) % 2], model_served="mini-1", usage=USAGE)


def many(**changes: Any) -> Plan:
    """Return a plan of three variants, the last one as bad as the first."""
    plain = variants()[0].replace(name="plain", template="Answer a or b, please.\n\n{{text}}")
    return plan(**{"cases": dataset(CASES), "repeats": 1, "variants": [*variants(), plain], **changes})


def test_the_hopeless_are_asked_no_more(tmp_path: Path) -> None:
    """The race ends early, says why, and the dropped arm has fewer rows than those that went on."""
    model, course = Knowing(), RaceCourse(many(), RULES)
    progress = run(many(), model, journal(tmp_path), course=course, concurrency=4)
    assert course.racing.contenders == ("wordy@offline/mini",)
    assert (progress.state, progress.reason) == ("stopped", LEFT)
    assert len(model.asked) < len(many()) / 2
    done = {arm.arm: arm.done for arm in progress.arms}
    assert done["wordy@offline/mini"] >= course.racing.seen


def test_calls_do_not_run_far_ahead_of_the_prefix(tmp_path: Path) -> None:
    """A row that does not come holds the race: no more than the allowance is asked meanwhile."""
    course = RaceCourse(many(), RULES, ahead=5)
    cells = list(course.cells())
    assert {cell.case.case_id for cell in cells} == set(course.racing.cases[:5])
    assert "waits" in course.ended


def test_a_budget_ends_it_in_order_and_a_higher_one_resumes(tmp_path: Path) -> None:
    """What fits is asked; the same race with more money asks only the rest."""
    book, model = journal(tmp_path), Knowing()
    poor, rich = many(budget_usd=0.05), many(budget_usd=10.0)
    progress = run(poor, model, book, course=RaceCourse(poor, RULES), concurrency=2)
    assert progress.state == "budget"
    before = len(model.asked)
    assert 0 < before <= 25
    run(rich, model, book, course=RaceCourse(rich, RULES), concurrency=2)
    keys = Counter((each.messages, each.repeat) for each in model.asked)
    assert max(keys.values()) == 1
    assert len(model.asked) > before


def test_a_stop_holds_it(tmp_path: Path) -> None:
    """After a stop nothing is asked, and what was there stays."""
    stop, model = Stop(), Knowing()
    stop.set()
    progress = run(many(), model, journal(tmp_path), course=RaceCourse(many(), RULES), stop=stop)
    assert (progress.state, len(model.asked)) == ("stopped", 0)


def test_equal_arms_use_the_whole_grid(tmp_path: Path) -> None:
    """Nothing is dropped, every cell is asked, and the run is done."""
    model = Knowing(terse=1.0)
    progress = run(many(), model, journal(tmp_path), course=RaceCourse(many(), RULES))
    assert (progress.state, len(model.asked)) == ("done", len(many()))


@pytest.fixture(scope="module")
def bench(url: str, store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Give a bench with the small model."""
    made = world.bench(tmp_path_factory.mktemp("race"), url, store=store, study="race")
    yield made
    made.close()


def held(bench: Bench, **changes: Any) -> Race:
    """Hold the race of labels alone against examples, and a third that guesses as well."""
    terse, shots = world.variants(40)
    other = terse.replace(name="polite", template="Please answer with one of {{labels}}.\n\n{{text}}")
    return race(
        bench,
        [terse, shots, other],
        world.parts(40)[1],
        **{"scorers": [exact()], "incumbent": "terse", "params": {"temperature": 0.0}, **changes},
    )


def test_the_best_variant_wins_with_few_calls_and_again_asks_nothing(bench: Bench) -> None:
    """Examples explain labels that say nothing; the same race again is told from the journal."""
    first = held(bench)
    assert first.winner == "shots@offline/tfidf"
    assert first.calls < first.grid == 3 * 76
    again = held(bench)
    assert_frame_equal(again.frame, first.frame)
    assert again.run.progress.tokens_in == first.run.progress.tokens_in
    assert len(again.run.frame) == first.calls


def test_its_comparison_has_its_intervals_and_the_plan_can_be_completed(bench: Bench) -> None:
    """What ran is compared by the race's intervals; the same plan, run, asks the rest of the grid."""
    found = held(bench)
    result = anytime(bench.compare(found.run), found)
    row = result.differences.set_index("arm").loc["shots@offline/tfidf"]
    assert row["verdict"] == "better"
    assert row["low"] == found.frame.set_index("arm").loc["shots@offline/tfidf", "low"]
    table = bench.run(found.run.plan).result()
    assert len(table) == found.grid > found.calls
    assert held(bench).winner == found.winner


def test_what_cannot_be_raced_is_refused_before_anything_is_asked(bench: Bench) -> None:
    """One arm; an allowance of everything."""
    alone = world.plan(bench, variants=world.variants()[:1])
    with pytest.raises(PlanError, match="one arm"):
        race_plan(bench, alone)
    with pytest.raises(InputError):
        race_plan(bench, world.plan(bench), within=1.0)
    assert AHEAD >= 1
