"""One cell's call: reuse what the journal holds, else intent, budget, question, outcome."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.core.protocols import Model
from workbench.core.records import Reply, Trial
from workbench.errors import ModelError
from workbench.plan.plan import Cell, Plan
from workbench.plan.reckon import Counter, bound_usd
from workbench.run.budget import Budget
from workbench.run.progress import State, spent_usd
from workbench.run.stop import Stop
from workbench.run.trials import answered, failed
from workbench.store.journal import Journal

__all__ = ["GIVE_UP_AFTER", "Caller"]

GIVE_UP_AFTER = 32
"""So many calls to a model fail for a reason that stays, and none is answered: then the run gives up."""

HOPELESS = frozenset({"auth", "not_found", "connection", "bad_request", "schema_rejected"})
"""Such reasons: no right key, no such model, nobody there, a request or schema that the endpoint refuses."""

BUSY_S = 0.2
"""Seconds between two looks at a call that another process is making."""


@dataclass(kw_only=True)
class Caller:
    """Brings the trial of one cell after another; cells that share a key share one call.

    Parameters
    ----------
    plan, models, journal, budget, stop, count, allow_unpriced
        As in `workbench.run.execute.execute`.
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

    async def trial(self, cell: Cell, before: Trial | None) -> Trial | None:
        """Return the cell's trial; None where nothing was sent: a stop, or the budget.

        Parameters
        ----------
        before
            The cell's failed row of an earlier run; None where it has none.
        """
        while cell.key in self._asking:
            await asyncio.shield(self._asking[cell.key])
        reply = self.journal.reply(cell.key)
        if reply is not None:
            return self._reused(cell, reply)
        done = self._asking[cell.key] = asyncio.get_running_loop().create_future()
        try:
            return await self._within_budget(cell, before)
        finally:
            del self._asking[cell.key]
            done.set_result(None)

    def _reused(self, cell: Cell, reply: Reply) -> Trial:
        """Return the row of a call answered before.

        Its cost is an earlier row's, unless a process of this execution died between the reply and the row.
        """
        own = (self.journal.answered_by(cell.key) or "").startswith(f"{self.plan.execution_id}/")
        unclaimed = own and cell.key not in self.paid
        self.paid.add(cell.key)
        return answered(self.plan, cell, reply, source="call" if unclaimed else "journal")

    async def _within_budget(self, cell: Cell, before: Trial | None) -> Trial | None:
        bound = 0.0
        if self.budget.limit_usd is not None:
            known = bound_usd(cell, self.plan.estimate.arm(cell.arm.name), self.plan.book, self.count)
            if known is None and not self.allow_unpriced:
                self.end("budget", f"no price is known for {cell.arm.name}: declare one and run again")
                return None
            bound = known or 0.0
        if not await self.budget.reserve(bound):
            self.end("budget", self._reached())
            return None
        spent = 0.0
        try:
            trial = await self._once(cell, before)
            if trial is not None and trial.source == "call":
                spent = spent_usd(trial) - (0.0 if before is None else spent_usd(before))
                if trial.cost_usd is None:  # it may have cost as much as was reserved
                    spent = max(spent, bound)
            return trial
        finally:
            self.budget.settle(bound, spent)

    def _reached(self) -> str:
        return (
            f"the budget of {self.budget.limit_usd:g} USD is reached: {self.budget.spent_usd:.4g} USD are "
            "spent and the next call does not fit; plan with a higher budget and run again to resume"
        )

    async def _once(self, cell: Cell, before: Trial | None) -> Trial | None:
        claim = self.journal.begin(cell.key, cell.request, self.owner) if not self.stop.is_set else None
        while claim == "busy" and not self.stop.is_set:
            await asyncio.sleep(BUSY_S)
            claim = self.journal.begin(cell.key, cell.request, self.owner)
        if claim in (None, "busy"):
            return None
        if claim == "done":
            reply = self.journal.reply(cell.key)
            return None if reply is None else self._reused(cell, reply)
        outcome = await self._outcome(cell)
        self.journal.finish(cell.key, outcome, self.owner)
        attempts = () if before is None else before.attempts
        doubt = claim == "in_doubt"
        if isinstance(outcome, Reply):
            self.paid.add(cell.key)
            return answered(self.plan, cell, outcome, source=outcome.source, in_doubt=doubt, before=attempts)
        if outcome.kind == "canceled" and not outcome.attempts:
            return None
        return failed(self.plan, cell, outcome, in_doubt=doubt, before=attempts)

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
            canceled = ModelError(name, "the call was canceled", "Run the plan again.", kind="canceled")
            self.journal.finish(cell.key, canceled, self.owner)
            raise
        except Exception as error:
            # A layer's own mistake must not lose the other rows.
            problem = f"the workbench failed: {type(error).__name__}: {error}"
            return ModelError(name, problem, "Please report this.", kind="internal")
        self._alive.add(name)
        return reply
