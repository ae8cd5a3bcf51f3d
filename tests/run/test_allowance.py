"""Tests of allowances: retries and judges are held by the budget and by a stop like first attempts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.plan.world import MICRO, Same, plan
from tests.run.world import Counting, failure, journal, run
from workbench.client.chain import chain
from workbench.client.retry import Retry
from workbench.core.protocols import Model
from workbench.core.records import ModelRef, Request, Score, Trial
from workbench.errors import PlanError
from workbench.plan.prices import PriceBook
from workbench.run.stop import Stop, Stoppable
from workbench.score.judge import rubric
from workbench.score.panel import panel
from workbench.store.journal import Journal

EACH = {"max_tokens": 500}  # at most 1,500 tokens and 0.002 USD a call, and so much it takes


def count(messages: Any, ref: ModelRef) -> int:
    """Count 1,000 tokens, as `Counting` tells of."""
    return 1000


def layered(model: Model) -> Model:
    """Return the model with retries without a wait, permitted one by one."""
    return chain(model, Retry(attempts=4, base_s=0, cap_s=0), Stoppable())


def test_each_retry_is_held(tmp_path: Path) -> None:
    """Attempts that may be billed use the budget up one by one: 5 fit, and 5 are sent, also 4 at a time."""

    def time_out(request: Request, n: int) -> None:
        raise failure("timeout", status=None)

    book, model = journal(tmp_path), Counting(time_out)
    progress = run(plan(budget_usd=0.0101, params=EACH), layered(model), book, count=count, concurrency=4)
    assert (progress.state, len(model.asked)) == ("budget", 5)
    spent, held = book.spending(progress.execution_id)
    assert (spent.usd, spent.tokens, held.usd) == (pytest.approx(0.01), 7500, 0)


def test_refusals_cost_nothing(tmp_path: Path) -> None:
    """An attempt that the endpoint refused with a status gives its reservation to the next."""
    seen: list[Request] = []

    def refuse(request: Request, n: int) -> None:
        if request not in seen:
            seen.append(request)
            raise failure("rate_limit", status=429)

    book, model = journal(tmp_path), Counting(refuse)
    progress = run(plan(budget_usd=0.0481, params=EACH), layered(model), book, count=count, concurrency=4)
    assert (progress.state, progress.failed, len(model.asked)) == ("done", 0, 48)
    assert book.spending(progress.execution_id)[0].usd == pytest.approx(0.048)


def test_tokens_are_held_too(tmp_path: Path) -> None:
    """15,000 tokens are 10 calls; without any price; more tokens resume, and nothing is asked twice."""
    book, model = journal(tmp_path), Counting()
    less = plan(budget_tokens=16_000, params=EACH, book=PriceBook())
    progress = run(less, layered(model), book, count=count)
    assert (progress.state, progress.done, len(model.asked)) == ("budget", 10, 10)
    assert "16,000 tokens is reached: 15,000 tokens are spent" in progress.reason
    assert run(less, layered(model), book, count=count).done == 10
    more = run(plan(budget_tokens=40_000, params=EACH, book=PriceBook()), layered(model), book, count=count)
    assert (more.state, more.done, len(model.asked)) == ("done", 24, 24)


def judge(model: Model) -> Any:
    """Return a judge on MICRO."""
    return rubric("Is it polite?", layered(model), MICRO, name="polite")


class Polite(Counting):
    """Answers as a judge does; 1,500 tokens at 0.0002 USD."""

    async def ask(self, request: Request) -> Any:
        """Say yes."""
        reply = await super().ask(request)
        return replace(reply, text='{"reason": "It is.", "level": "yes"}')


def test_judges_are_held_by_the_budget(tmp_path: Path) -> None:
    """A judge's call that does not fit is not sent; its row lands, and a higher budget asks the judge."""
    book, model, polite = journal(tmp_path), Counting(), Polite()
    scorers = [Same(), judge(polite)]
    tight = plan(scorers=scorers, budget_tokens=8000, params=EACH)
    first = run(tight, layered(model), book, count=count, concurrency=1)
    assert first.state == "budget"
    spent, held = book.spending(first.execution_id)
    assert spent.tokens <= 8000
    assert held.tokens == 0
    rows, scores = book.trials(first.execution_id), book.scores(first.execution_id)
    assert len(rows) == len(model.asked) > sum(score.scorer == "polite" for score in scores)

    more = run(plan(scorers=scorers, budget_tokens=10**6, params=EACH), layered(model), book, count=count)
    assert (more.state, len(model.asked), len(polite.asked)) == ("done", 24, 24)
    assert sum(score.scorer == "polite" for score in book.scores(first.execution_id)) == 24
    assert more.usd == pytest.approx(24 * (0.002 + 0.0002))


def test_a_judge_without_a_price_is_refused(tmp_path: Path) -> None:
    """A budget in USD needs the judge's price too."""
    only = PriceBook(declared={"offline/mini": plan().book.declared["offline/mini"]})
    with pytest.raises(PlanError, match="no price is known for offline/micro"):
        run(plan(scorers=[Same(), judge(Polite())], budget_usd=1, book=only), Counting(), journal(tmp_path))


def test_every_judge_of_a_panel_has_its_price(tmp_path: Path) -> None:
    """One of them without a price is refused; else each call is charged at its own judge's."""
    mini = ModelRef(name="offline/mini", model="mini", origin="offline")
    declared = plan().book.declared

    def both(first: Model, second: Model) -> Any:
        asked = ((first, MICRO), (second, mini))
        judges = (rubric("Polite?", layered(each), ref, name=ref.model) for each, ref in asked)
        return panel(*judges, name="both")

    only = PriceBook(declared={"offline/mini": declared["offline/mini"]})
    asked = plan(scorers=[both(Polite(), Polite())], budget_usd=1, book=only)
    with pytest.raises(PlanError, match="no price is known for offline/micro"):
        run(asked, Counting(), journal(tmp_path))
    book = journal(tmp_path)
    done = run(plan(scorers=[both(Polite(), Polite())], params=EACH), layered(Counting()), book)
    scores = book.scores(done.execution_id)
    assert [score.value for score in scores] == [1.0] * 24
    costs = {(one.ref.name, one.cost_usd) for score in scores for one in score.attempts if one.ref}
    assert sorted(costs) == [("offline/micro", pytest.approx(0.0002)), ("offline/mini", pytest.approx(0.002))]
    assert done.usd == pytest.approx(24 * (0.002 + 0.0022))


def test_no_judge_is_asked_after_a_stop(tmp_path: Path) -> None:
    """The call under way lands as a row; its judge is asked when the run is resumed."""
    book, stop, polite = journal(tmp_path), Stop(), Polite()

    def halt(request: Request, n: int) -> None:
        if n == 3:
            stop.set()

    model = Counting(halt)
    judged = plan(scorers=[Same(), judge(polite)])
    progress = run(judged, layered(model), book, stop=stop, concurrency=1)
    assert (progress.state, progress.done, len(polite.asked)) == ("stopped", 3, 2)
    assert run(judged, layered(Counting()), book).state == "done"
    assert len(polite.asked) == 24


def test_a_judge_that_failed_is_asked_again(tmp_path: Path) -> None:
    """Like a failed call, a failed judgement is made again on resume, and keeps its attempts."""

    def fail_once(request: Request, n: int) -> None:
        if n == 2:
            raise failure("bad_request", status=400)

    book = journal(tmp_path)
    first = run(plan(scorers=[Same(), judge(Polite(fail_once))]), Counting(), book, concurrency=1)
    again = Polite()
    assert run(plan(scorers=[Same(), judge(again)]), Counting(), book).state == "done"
    assert len(again.asked) == 1
    polite = [score for score in book.scores(first.execution_id) if score.scorer == "polite"]
    assert [score.value for score in polite] == [1.0] * 24
    assert sorted(len(score.attempts) for score in polite) == [1] * 23 + [2]


@dataclass(frozen=True, kw_only=True)
class Abstaining:
    """A judge that has no opinion."""

    ref: ModelRef = MICRO
    name: str = "polite"
    digest: str = "none"

    async def score(self, trial: Trial) -> Score:
        """Return a missing score."""
        return Score(trial_id=trial.trial_id, scorer=self.name, value=None, missing="the judge abstained")


def test_a_judge_that_abstained_is_not_asked_again(tmp_path: Path) -> None:
    """A missing score with an answer behind it is an answer."""
    book: Journal = journal(tmp_path)
    abstaining = plan(scorers=[Same(), Abstaining()])
    run(abstaining, Counting(), book)
    before = book.pending(limit=1000)
    run(abstaining, Counting(), book)
    assert book.pending(limit=1000) == before
