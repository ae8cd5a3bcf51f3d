"""Tests of executing a plan: every cell a row, nothing lost, nothing paid twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.model import virtual
from tests.plan.world import BOOK, MICRO, MINI, Same, dataset, plan, variants
from tests.run.world import Counting, Kept, failure, journal, run
from workbench.core.records import Attempt, Message, ModelRef, Reply, Request, Score, Trial, Usage
from workbench.core.table import to_frame
from workbench.errors import PlanError, StoreError
from workbench.plan.prices import PriceBook
from workbench.run.execute import execute
from workbench.run.stop import Stop
from workbench.score.apply import score_trial


def test_every_cell_is_a_row(tmp_path: Path) -> None:
    """Answered cells carry identity, answer, tokens, cost, times and scores; the table says the same."""
    book, model = journal(tmp_path), Counting()
    progress = run(plan(), model, book)
    trials = book.trials(plan().execution_id)
    assert (progress.state, progress.done, len(trials), len(model.asked)) == ("done", 24, 24, 24)
    assert {trial.trial_id: trial.call_key for trial in trials} == {
        cell.trial_id: cell.key for cell in plan().cells()
    }
    trial = trials[0]
    assert (trial.status, trial.output, trial.model_served, trial.source) == ("ok", "a", "mini-1", "call")
    assert (trial.cost_usd, trial.price_book) == (pytest.approx(0.002), BOOK.id)
    assert (trial.started_at, trial.latency_s, trial.wait_s) == (2.0, 0.25, 0.125)
    assert (trial.workload, trial.sample, trial.study) == ("batch", "main", "tickets")
    assert "seed" not in trial.params
    frame = to_frame(trials, book.scores(plan().execution_id))
    assert frame.groupby("expected")["score_exact"].mean().to_dict() == {"a": 1.0, "b": 0.0}
    assert book.execution(plan().execution_id).status == "done"
    assert progress.usd == pytest.approx(24 * 0.002)


def test_concurrency_is_bounded_and_used(tmp_path: Path) -> None:
    """Exactly so many calls are under way at a time."""
    model = Counting()
    run(plan(), model, journal(tmp_path), concurrency=5)
    assert model.most_at_once == 5


def test_the_same_plan_again_asks_nothing(tmp_path: Path) -> None:
    """A finished plan run again makes no call and keeps its rows, scores and cost."""
    book, model = journal(tmp_path), Counting()
    first = run(plan(), model, book)
    before = book.trials(first.execution_id)
    again = run(plan(), model, book)
    assert len(model.asked) == 24
    assert book.trials(first.execution_id) == before
    assert (again.state, again.done, again.usd, again.tokens_in) == ("done", 24, first.usd, first.tokens_in)


def test_a_failed_call_is_a_row_and_is_asked_again(tmp_path: Path) -> None:
    """A failure has its kind and a missing score; on resume it is asked again and keeps its attempts."""
    book = journal(tmp_path)

    def fail(request: Request, n: int) -> None:
        if n in (2, 5):
            raise failure("server", attempts=3)

    progress = run(plan(), Counting(fail), book)
    assert (progress.done, progress.failed, dict(progress.errors)) == (24, 2, {"server": 2})
    rows = [trial for trial in book.trials(progress.execution_id) if trial.status == "error"]
    assert [(row.error_kind, row.output, len(row.attempts)) for row in rows] == [("server", None, 3)] * 2
    scores = book.scores(progress.execution_id, [row.trial_id for row in rows])
    assert [score.value for score in scores] == [None, None]

    model = Counting()
    again = run(plan(), model, book)
    assert (len(model.asked), again.done, again.failed, dict(again.errors)) == (2, 24, 0, {})
    mended = book.trials(progress.execution_id, [row.trial_id for row in rows])
    assert [(row.status, len(row.attempts)) for row in mended] == [("ok", 4)] * 2
    assert all(score.value is not None for score in book.scores(progress.execution_id))


def test_a_broken_layer_is_a_row_too(tmp_path: Path) -> None:
    """An exception that is no ModelError costs its cell, not the run."""

    def break_once(request: Request, n: int) -> None:
        if n == 3:
            raise ZeroDivisionError

    progress = run(plan(), Counting(break_once), journal(tmp_path))
    assert (progress.state, dict(progress.errors)) == ("done", {"internal": 1})


def test_calls_are_shared_between_arms(tmp_path: Path) -> None:
    """Two arms of one text make each call once, at the same time or not; the twin's rows cost nothing now."""
    terse = variants()[0]
    twins = plan(variants=[terse, terse.replace(name="twin")])
    book, model = journal(tmp_path), Counting()
    progress = run(twins, model, book)
    assert len(model.asked) == 12
    assert (progress.done, progress.reused, progress.usd) == (24, 12, pytest.approx(12 * 0.002))
    by_key: dict[str, list[Trial]] = {}
    for trial in book.trials(progress.execution_id):
        by_key.setdefault(trial.call_key, []).append(trial)
    for pair in by_key.values():
        assert sorted(trial.source for trial in pair) == ["call", "journal"]
        assert pair[0].cost_usd == pair[1].cost_usd


def test_an_extended_plan_asks_only_new_cells(tmp_path: Path) -> None:
    """More repeats reuse the earlier execution's replies: only the added draws are asked."""
    book, model = journal(tmp_path), Counting()
    run(plan(), model, book)
    progress = run(plan(repeats=3), model, book)
    assert len(model.asked) == 24 + 12
    assert (progress.done, progress.reused, progress.usd) == (36, 24, pytest.approx(12 * 0.002))


def test_another_sample_draws_anew(tmp_path: Path) -> None:
    """A fresh sample reuses nothing."""
    book, model = journal(tmp_path), Counting()
    run(plan(), model, book)
    run(plan(sample="confirm-1"), model, book)
    assert len(model.asked) == 48


def test_the_budget_stops_in_order(tmp_path: Path) -> None:
    """At 0.02 USD, 10 calls of 0.002 fit; what is done is a prefix of the plan; a higher budget resumes."""
    book, model = journal(tmp_path), Counting()

    def count(messages: Any, ref: ModelRef) -> int:
        return 1000

    options: dict[str, Any] = {"params": {"max_tokens": 500}}
    progress = run(plan(budget_usd=0.0201, **options), model, book, count=count)
    assert (progress.state, progress.done, len(model.asked)) == ("budget", 10, 10)
    assert progress.usd <= 0.0201
    assert "0.0201 USD is reached" in progress.reason
    assert book.execution(progress.execution_id).status == "budget"
    done = {trial.trial_id for trial in book.trials(progress.execution_id)}
    assert done == {cell.trial_id for cell in list(plan(**options).cells())[:10]}

    same = run(plan(budget_usd=0.0201, **options), model, book, count=count)
    assert (same.state, len(model.asked)) == ("budget", 10)  # a resumed run does not get the money again
    more = run(plan(budget_usd=1, **options), model, book, count=count)
    assert (more.state, more.done, len(model.asked)) == ("done", 24, 24)


def test_an_unknown_cost_counts_as_reserved(tmp_path: Path) -> None:
    """Calls that timed out may have been billed: they use the budget up, and the cost stays unknown."""

    def time_out(request: Request, n: int) -> None:
        raise failure("timeout", status=None)

    model = Counting(time_out)
    progress = run(
        plan(budget_usd=0.0201, params={"max_tokens": 500}),
        model,
        journal(tmp_path),
        count=lambda messages, ref: 1000,
    )
    assert (progress.state, len(model.asked), progress.usd, progress.unpriced) == ("budget", 10, 0.0, 10)


def test_no_budget_without_prices(tmp_path: Path) -> None:
    """A budget that cannot be held is refused before anything is asked, unless it is allowed."""
    book, model = journal(tmp_path), Counting()
    unpriced = plan(book=PriceBook(), budget_usd=1)
    with pytest.raises(PlanError, match="no price is known for terse@offline/mini"):
        run(unpriced, model, book)
    assert not model.asked
    progress = run(unpriced, model, book, allow_unpriced=True)
    assert (progress.done, progress.usd, progress.unpriced) == (24, 0.0, 24)


def test_a_model_that_is_not_given_is_refused(tmp_path: Path) -> None:
    """Every model of the plan must be there before anything is asked."""
    third = ModelRef(name="offline/third", model="third", origin="offline")
    with pytest.raises(PlanError, match="offline/third"):
        run(plan(models=[MINI, third]), Counting(), journal(tmp_path))


def test_stop_starts_nothing_new_and_keeps_the_rest(tmp_path: Path) -> None:
    """After a stop the calls under way land; the same plan again makes the missing ones only."""
    book, stop = journal(tmp_path), Stop()

    def halt(request: Request, n: int) -> None:
        if n == 7:
            stop.set()

    model = Counting(halt)
    progress = run(plan(), model, book, stop=stop, concurrency=4)
    assert progress.state == "stopped"
    assert 7 <= len(model.asked) <= 7 + 3
    assert progress.done == len(model.asked) == len(book.trials(progress.execution_id))
    rest = Counting()
    assert run(plan(), rest, book).done == 24
    assert len(rest.asked) == 24 - progress.done


def test_hopeless_models_are_given_up(tmp_path: Path) -> None:
    """A wrong key fails the same way each time: after 32 the run ends, its rows are kept and say why."""

    def refuse(request: Request, n: int) -> None:
        raise failure("auth", status=401)

    book, model = journal(tmp_path), Counting(refuse)
    progress = run(plan(cases=dataset(30)), model, book, concurrency=1)
    assert (progress.state, progress.done, len(model.asked)) == ("failed", 32, 32)
    assert "offline/mini all failed" in progress.reason
    assert {trial.error_kind for trial in book.trials(progress.execution_id)} == {"auth"}


@pytest.mark.parametrize("fatal", [1, 9, 24])
def test_a_killed_run_resumes(tmp_path: Path, fatal: int) -> None:
    """A process that dies in a call leaves that call in doubt; the rest is there and is not asked again."""
    command = [sys.executable, "-m", "tests.run.killed", str(tmp_path), str(fatal)]
    died = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert died.returncode == 9
    book, model = journal(tmp_path), Counting()
    assert len(book.trials(plan().execution_id)) == fatal - 1
    progress = run(plan(), model, book)
    assert len(model.asked) == 24 - (fatal - 1)
    doubts = [trial for trial in book.trials(progress.execution_id) if trial.in_doubt]
    assert len(doubts) == 1
    assert (progress.done, progress.usd) == (24, pytest.approx(24 * 0.002))


def test_a_reply_without_its_row_is_paid_once(tmp_path: Path) -> None:
    """A process that died between reply and row: the row says that this execution paid for it."""
    book, model = journal(tmp_path), Counting()
    cell = next(plan().cells())
    owner = f"{plan().execution_id}/dead"
    assert book.begin(cell.key, cell.request, owner) == "new"
    book.finish(cell.key, asyncio.run(model.ask(cell.request)), owner)
    progress = run(plan(), model, book)
    assert (len(model.asked), progress.reused, progress.usd) == (24, 0, pytest.approx(24 * 0.002))


def test_a_call_another_process_makes_is_awaited(tmp_path: Path) -> None:
    """While another owner asks the same thing, the cell waits and then uses that answer."""
    book, other = journal(tmp_path), journal(tmp_path)
    cell = next(plan().cells())
    assert other.begin(cell.key, cell.request, "elsewhere") == "new"
    answer = asyncio.run(Counting().ask(cell.request))

    def finish_late(request: Request, n: int) -> None:
        if n == 23:  # all the others were asked
            other.finish(cell.key, answer, "elsewhere")

    model = Counting(finish_late)
    progress = run(plan(), model, book, concurrency=2)
    assert (progress.done, progress.reused, len(model.asked)) == (24, 1, 23)


def test_a_journal_that_cannot_be_written_ends_the_run(tmp_path: Path) -> None:
    """Nothing is asked whose answer could not be kept: the error comes out, and the listener hears of it."""
    book, kept = journal(tmp_path), Kept()

    def close(request: Request, n: int) -> None:
        if n == 3:
            book.close()

    model = Counting(close)
    with pytest.raises(StoreError):
        run(plan(), model, book, concurrency=1, listener=kept)
    assert len(model.asked) == 3
    assert kept.heard[-1].state == "failed"
    assert len(journal(tmp_path).trials(plan().execution_id)) == 2


def test_progress_is_heard(tmp_path: Path) -> None:
    """The listener hears throttled snapshots, the last one of the end; arms add up to the whole."""
    kept = Kept()
    progress = run(plan(models=[MINI, MICRO]), Counting(), journal(tmp_path), listener=kept)
    assert kept.heard[-1] == progress
    assert len(kept.heard) < 10
    assert sum(arm.done for arm in progress.arms) == progress.done == 48
    assert progress.left_s is None


def test_what_holds_calls_back_is_told_while_nothing_lands(tmp_path: Path) -> None:
    """A snapshot a second, also before the first row; on virtual time."""
    kept = Kept()
    work = execute(
        plan(),
        {MINI.name: Counting(lambda request, n: asyncio.sleep(20))},
        journal=journal(tmp_path),
        score=score_trial,
        listener=kept,
        endpoints=lambda: ("mini: down",),
    )
    progress = virtual(work)
    assert (progress.state, progress.done) == ("done", 24)
    waiting = [at for at in kept.heard if at.state == "running" and at.done == 0]
    assert 18 <= len(waiting) <= 20
    assert {at.endpoints for at in waiting} == {("mini: down",)}


def test_the_budgets_last_words_are_of_what_was_settled(tmp_path: Path) -> None:
    """Calls that were under way when it was reached are in the sum; nothing is said to be in doubt."""
    model = Counting(lambda request, n: asyncio.sleep(n / 100))
    options: dict[str, Any] = {"budget_tokens": 15_100, "params": {"max_tokens": 500}}
    progress = run(plan(**options), model, journal(tmp_path), count=lambda messages, ref: 1000)
    assert (progress.state, progress.done) == ("budget", 10)
    assert "15,000 tokens are spent and the next call" in progress.reason


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A scorer that calls a model, as `workbench.score.judge` does."""

    ref: ModelRef
    name: str = "polite"
    digest: str = "judge-1"

    async def score(self, trial: Trial) -> Score:
        """Return 1 at the cost of one call of 1,000 tokens."""
        usage = Usage(tokens_in_uncached=1000, tokens_out=0)
        attempt = Attempt(model=self.ref.model, started_at=0, latency_s=1, usage=usage, purpose="judge")
        return Score(trial_id=trial.trial_id, scorer=self.name, value=1.0, attempts=(attempt,))


def test_judges_cost_is_counted(tmp_path: Path) -> None:
    """A judge's calls are priced on their scores and spend the budget: 24 × (0.002 + 0.0001) USD."""
    book = journal(tmp_path)
    progress = run(plan(scorers=[Same(), Judge(ref=MICRO)]), Counting(), book)
    assert progress.usd == pytest.approx(24 * 0.0021)
    costs = [score.attempts[0].cost_usd for score in book.scores(progress.execution_id) if score.attempts]
    assert costs == [pytest.approx(0.0001)] * 24


def test_secrets_do_not_reach_the_rows(tmp_path: Path) -> None:
    """A key that a model repeats is not in the trial, nor in what scorers see."""
    secret = "sk-" + "notarealkey" * 3

    class Leaking:
        async def ask(self, request: Request) -> Reply:
            return Reply(text=f"your key is {secret}", model_served="mini")

    book = journal(tmp_path)
    progress = run(plan(), Leaking(), book)
    outputs = {trial.output for trial in book.trials(progress.execution_id)}
    assert outputs == {"your key is [redacted]"}


def test_messages_of_a_row_are_those_asked(tmp_path: Path) -> None:
    """A row keeps the rendered prompt."""
    book = journal(tmp_path)
    progress = run(plan(), Counting(), book)
    trial = book.trials(progress.execution_id)[0]
    assert trial.messages[-1] == Message(role="user", content=trial.case["text"])
