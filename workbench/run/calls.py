"""One cell's call: reuse what the journal holds, else budget, intent, question, outcome."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.core.protocols import Model
from workbench.core.records import Attempt, Reply, Request, Trial
from workbench.errors import ModelError
from workbench.plan.bound import bound
from workbench.plan.plan import Cell, Plan
from workbench.plan.reckon import Counter
from workbench.run.allowance import Allowance
from workbench.run.budget import Budget, reached_words
from workbench.run.progress import State
from workbench.run.stop import Stop
from workbench.run.trials import answered, failed
from workbench.store.entries import Amount
from workbench.store.journal import Journal

__all__ = ["GIVE_UP_AFTER", "Busy", "Caller", "Landed"]

GIVE_UP_AFTER = 32
"""So many calls to a model fail for a reason that stays, and none is answered: then the run gives up."""

HOPELESS = frozenset({"auth", "not_found", "connection", "circuit_open", "bad_request", "schema_rejected"})
"""Such reasons: no right key, no such model, nobody there, a request or schema that the endpoint refuses."""

BUSY_S = 0.2
"""Seconds between two looks at a call that another process is making."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The row of a cell that another run of the execution has made meanwhile; it is in the journal."""

    trial: Trial


Busy = Literal["busy"]
"""Another run is at it: try the cell later."""


@dataclass(kw_only=True)
class Caller:
    """Brings the trial of one cell after another; cells that share a key share one call.

    Parameters
    ----------
    plan, models, journal, stop, count, allow_unpriced
        As in `workbench.run.execute.execute`.
    budget
        Of this run.
    end
        Told when the budget is reached or a model is given up.
    owner
        Who asks: ``<execution_id>/<this run>``.
    paid
        Call keys whose cost is on a row of this execution already.
    """

    plan: Plan
    models: Mapping[str, Model]
    journal: Journal
    budget: Budget
    stop: Stop
    end: Callable[[State, str], None]
    owner: str
    paid: set[str]
    count: Counter | None = None
    allow_unpriced: bool = False
    _asking: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _alive: set[str] = field(default_factory=set)
    _hopeless: Tally[str] = field(default_factory=Tally)

    async def trial(self, cell: Cell, before: Trial | None, *, wait: bool) -> Trial | Landed | Busy | None:
        """Return the cell's trial; None where nothing was sent: a stop, or the budget.

        Parameters
        ----------
        before
            The cell's failed row of an earlier run; None where it has none.
        wait
            Whether to wait while another run is at it.
        """
        while cell.key in self._asking:
            await asyncio.shield(self._asking[cell.key])
        done = self._asking[cell.key] = asyncio.get_running_loop().create_future()
        try:
            found = await self._try(cell, before)
            while found == "busy" and wait and not self.stop.is_set:
                await asyncio.sleep(BUSY_S)
                found = await self._try(cell, before)
            return found
        finally:
            del self._asking[cell.key]
            done.set_result(None)

    def allowance(self, arm: str | None = None) -> Allowance:
        """Return the allowance of a call, or of a judging.

        Parameters
        ----------
        arm
            Whose call; None: a judge's.
        """

        def highest(request: Request) -> Amount:
            planned = None if arm is None else self.plan.estimate.arm(arm).tokens_out_each
            tokens, usd = bound(request, self.plan.book, tokens_out=planned, count=self.count)
            if usd is None and self.budget.limit.usd is not None and not self.allow_unpriced:
                problem = f"no price is known for {arm or request.ref.name}: declare one and run again"
                raise ModelError(request.ref.name, problem, "Declare a price.", kind="canceled")
            return Amount(usd=usd or 0.0, tokens=tokens)

        return Allowance(self.budget, self.stop, bound=highest, price=self.plan.book.price)

    def reached(self) -> str:
        """Return why the budget ended the run, in words."""
        return reached_words(self.budget.limit, *self.journal.spending(self.plan.execution_id))

    async def _try(self, cell: Cell, before: Trial | None) -> Trial | Landed | Busy | None:
        # Without a budget there is nothing to reserve, and `begin` finds a reply that is there.
        reply = self.journal.reply(cell.key) if self.budget.limited else None
        if reply is not None:
            claim = self.journal.claim_cell(self._place(cell), self.owner)
            return self._elsewhere(cell, before, claim) or self._reused(cell, reply, before)
        allowance = self.allowance(cell.arm.name)
        try:
            if not await allowance.reserve(cell.request):
                self.end("budget", self.reached())
                return None
            return await self._once(cell, before, allowance)
        except ModelError as error:  # there is no bound: its price is unknown
            self.end("budget", error.problem)
            return None
        finally:
            if allowance.holds:
                left = allowance.close(())
                self.budget.settle(left.spent, left.released, left.count)

    def _place(self, cell: Cell) -> tuple[str, str]:
        return self.plan.execution_id, cell.trial_id

    def _elsewhere(self, cell: Cell, before: Trial | None, claim: str) -> Landed | Busy | None:
        """Return what another run has made of the cell, given the claim; None where it is ours to make."""
        if claim in ("busy", "left"):
            rows = self.journal.trials(self.plan.execution_id, [cell.trial_id])
            if rows and rows[0] != before:
                return Landed(rows[0])
        return "busy" if claim == "busy" else None

    def _reused(self, cell: Cell, reply: Reply, before: Trial | None) -> Trial:
        """Return the row of a call answered before.

        Its cost is an earlier row's, unless a process of this execution died between the reply and the row.
        """
        own = (self.journal.answered_by(cell.key) or "").startswith(f"{self.plan.execution_id}/")
        unclaimed = own and cell.key not in self.paid
        self.paid.add(cell.key)
        doubt = unclaimed and self.journal.doubts(cell.key) > 0
        return answered(
            self.plan,
            cell,
            reply,
            source="call" if unclaimed else "journal",
            in_doubt=doubt,
            before=before.attempts if unclaimed and before is not None else (),
        )

    async def _once(
        self, cell: Cell, before: Trial | None, allowance: Allowance
    ) -> Trial | Landed | Busy | None:
        if self.stop.is_set:
            return None
        claim = self.journal.begin(cell.key, cell.request, self.owner, cell=self._place(cell))
        if claim in ("busy", "left"):
            found = self._elsewhere(cell, before, claim)
            if found is not None:
                return found
            claim = self.journal.begin(cell.key, cell.request, self.owner, cell=self._place(cell))
        if claim in ("busy", "left"):
            return "busy"
        if claim == "done":
            reply = self.journal.reply(cell.key)
            return None if reply is None else self._reused(cell, reply, before)
        with allowance:
            outcome = await self._outcome(cell)
        trial = self._made(cell, outcome, before, in_doubt=claim == "in_doubt")
        ended = allowance.close(_told(trial, outcome, before))
        self.journal.finish(
            cell.key, outcome, self.owner, spent=ended.spent, released=ended.released, count=ended.count
        )
        self.budget.wake()
        if self.budget.reached:  # an attempt of it was refused
            self.end("budget", self.reached())
        unsent = isinstance(outcome, ModelError) and outcome.kind == "canceled" and not outcome.attempts
        return None if unsent else trial

    def _made(
        self, cell: Cell, outcome: Reply | ModelError, before: Trial | None, *, in_doubt: bool
    ) -> Trial:
        attempts = () if before is None else before.attempts
        if isinstance(outcome, ModelError):
            return failed(self.plan, cell, outcome, in_doubt=in_doubt, before=attempts)
        self.paid.add(cell.key)
        return answered(self.plan, cell, outcome, source=outcome.source, in_doubt=in_doubt, before=attempts)

    async def _outcome(self, cell: Cell) -> Reply | ModelError:
        name = cell.arm.model.name
        try:
            reply = await self.models[name].ask(cell.request)
        except ModelError as error:
            if error.kind in HOPELESS and name not in self._alive:
                self._hopeless[name] += 1
                if self._hopeless[name] >= GIVE_UP_AFTER:
                    self.end(
                        "failed", f"the first {GIVE_UP_AFTER} calls to {name} all failed; the last: {error}"
                    )
            return error
        except asyncio.CancelledError:
            self.journal.abandon(cell.key, self.owner)  # it may have been sent, and billed
            raise
        except Exception as error:
            # A layer's own mistake must not lose the other rows.
            problem = f"the workbench failed: {type(error).__name__}: {error}"
            return ModelError(name, problem, "Please report this.", kind="internal")
        self._alive.add(name)
        return reply


def _told(trial: Trial, outcome: Reply | ModelError, before: Trial | None) -> Sequence[Attempt]:
    """Return the priced attempts of a call; of a model that tells of none, one made of what it does tell."""
    if isinstance(outcome, Reply) and outcome.source != "call":
        return ()  # another one paid for it
    made = trial.attempts[0 if before is None else len(before.attempts) :]
    unsent = isinstance(outcome, ModelError) and outcome.kind != "internal"
    if made or unsent:
        return made
    return [
        Attempt(model=trial.model, started_at=0.0, latency_s=0.0, usage=trial.usage, cost_usd=trial.cost_usd)
    ]
