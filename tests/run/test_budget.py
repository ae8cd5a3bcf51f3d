"""The budget on virtual time, of several runs on one journal, against a short reference model."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import looptime
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from workbench.run.budget import POLL_S, Budget, reached_words
from workbench.store.entries import Amount, Limit
from workbench.store.journal import Journal

FOLDER = tempfile.TemporaryDirectory()
JOURNAL = Journal(Path(FOLDER.name) / "journal")
NAMES = (f"e{number}" for number in count())
LIMIT = Limit(usd=10.0, tokens=100)
RUNS = 2

# Eighths of a USD: their sums are exact.
amounts = st.builds(
    lambda eighths, tokens: Amount(usd=eighths / 8, tokens=tokens), st.integers(0, 40), st.integers(0, 60)
)


@dataclass
class Ask:
    """Somebody who wants to spend: which run, how much, and whether the reference says yes, no or not yet."""

    run: int
    amount: Amount
    task: asyncio.Task[bool]
    state: str = "waits"


class BudgetMachine(RuleBasedStateMachine):
    """Two runs reserve, settle and die; the reference is three sums and a rule."""

    @initialize()
    def begin(self) -> None:
        """Set up the runs and the reference."""
        self.runner = asyncio.Runner(loop_factory=looptime.new_event_loop)
        self.execution = next(NAMES)
        owners = [f"{self.execution}/{number}" for number in range(RUNS)]
        for owner in owners:
            JOURNAL.begin_run(owner, self.execution)
        self.budgets = [Budget(JOURNAL, owner, LIMIT) for owner in owners]
        self.spent = Amount()
        self.asks: list[Ask] = []
        self.dead: set[int] = set()
        self.reached: set[int] = set()

    def held(self, *, live: bool = False) -> Amount:
        """Return what is held, by the living only or by all."""
        held = [ask for ask in self.asks if ask.state == "holds" and not (live and ask.run in self.dead)]
        return sum((ask.amount for ask in held), Amount())

    def hopeless(self, amount: Amount) -> bool:
        """Return whether an amount does not fit, and will not."""
        if LIMIT.holds(self.spent + self.held() + amount):
            return False
        living = any(ask.state == "holds" and ask.run not in self.dead for ask in self.asks)
        return not living or not LIMIT.holds(self.spent + amount)

    def pass_time(self) -> None:
        """Let all look again, and hold what they say against the reference."""
        hopeless = {id(ask) for ask in self.asks if ask.state == "waits" and self.hopeless(ask.amount)}
        self.runner.run(asyncio.sleep(3 * POLL_S))
        waiting = [ask for ask in self.asks if ask.state == "waits"]
        for ask in waiting:
            if ask.task.done() and ask.task.result():
                assert ask.run not in self.reached
                ask.state = "holds"
        refused = [ask for ask in waiting if ask.task.done() and ask.state == "waits"]
        for run in {ask.run for ask in refused} - self.reached:
            own = [ask for ask in refused if ask.run == run]
            assert any(id(ask) in hopeless or self.hopeless(ask.amount) for ask in own), "refused too early"
            self.reached.add(run)
        for ask in waiting:
            if ask in refused:
                ask.state = "refused"
            elif ask.state == "waits":
                assert not LIMIT.holds(self.spent + self.held() + ask.amount), "waits though it fits"
                assert not self.hopeless(ask.amount), "waits in vain"

    @rule(run=st.integers(0, RUNS - 1), amount=amounts)
    def ask(self, run: int, amount: Amount) -> None:
        """A call wants to be sent."""
        if run not in self.dead:
            task = self.runner.get_loop().create_task(self.budgets[run].reserve(amount))
            self.asks.append(Ask(run, amount, task))
            self.pass_time()

    @precondition(lambda self: any(ask.state == "holds" and ask.run not in self.dead for ask in self.asks))
    @rule(data=st.data(), eighths=st.integers(0, 8))
    def settle(self, data: st.DataObject, eighths: int) -> None:
        """A call has ended, and took a part of what was set aside for it."""
        living = [ask for ask in self.asks if ask.state == "holds" and ask.run not in self.dead]
        ask = data.draw(st.sampled_from(living))
        took = Amount(usd=ask.amount.usd * eighths / 8, tokens=ask.amount.tokens * eighths // 8)
        ask.state, self.spent = "settled", self.spent + took
        self.budgets[ask.run].settle(took, ask.amount, 1)
        self.pass_time()

    @rule(run=st.integers(0, RUNS - 1))
    def die(self, run: int) -> None:
        """A run ends in the middle: what it held may have been billed, and stays taken."""
        for ask in self.asks:
            if ask.run == run and ask.state == "waits":
                ask.task.cancel()
                ask.state = "gone"
        self.dead.add(run)
        JOURNAL.end_run(self.budgets[run].owner)
        self.pass_time()

    @invariant()
    def never_passed(self) -> None:
        """What is spent and held is what the reference says, and within the limit."""
        if hasattr(self, "runner"):
            assert JOURNAL.spending(self.execution) == (self.spent, self.held())
            assert LIMIT.holds(self.spent + self.held())

    def teardown(self) -> None:
        """Close the loop."""
        if hasattr(self, "runner"):
            self.runner.close()


BudgetMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestBudget = BudgetMachine.TestCase


def test_without_a_limit_everything_is_granted() -> None:
    """No limit: every call may go, nothing is held, and what is spent is still counted."""
    execution = next(NAMES)
    JOURNAL.begin_run(f"{execution}/a", execution)

    async def go() -> None:
        budget = Budget(JOURNAL, f"{execution}/a", Limit())
        assert not budget.limited
        budget.settle(Amount(usd=3.0, tokens=4))

    asyncio.run(go())
    assert JOURNAL.spending(execution) == (Amount(usd=3.0, tokens=4), Amount())


def test_reached_in_words() -> None:
    """The words name the limits, what is spent, and what calls in doubt may have taken."""
    words = reached_words(Limit(usd=1.0, tokens=500), Amount(usd=0.9, tokens=450), Amount())
    assert words.startswith("the budget of 1 USD and 500 tokens is reached: 0.9 USD and 450 tokens are spent")
    doubt = reached_words(Limit(tokens=500), Amount(tokens=450), Amount(usd=0.1, tokens=40))
    assert (
        "of 500 tokens is reached: 450 tokens are spent, 40 tokens may have gone to calls in doubt," in doubt
    )
