"""Allowances: every attempt, also of a retry, a re-ask or a judge, is permitted before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.records import Attempt, ModelRef, Request
from workbench.run.budget import Budget
from workbench.store.entries import NOTHING, Amount

if TYPE_CHECKING:
    from workbench.run.stop import Stop

__all__ = ["Allowance", "Settlement", "current", "taken_by"]

_current: ContextVar[Allowance | None] = ContextVar("workbench_allowance", default=None)


def current() -> Allowance | None:
    """Return the allowance in whose course this is asked; None outside a run."""
    return _current.get()


def taken_by(attempt: Attempt, bound: Amount) -> Amount:
    """Return what a priced attempt took from a budget.

    Where its usage is unknown it took its whole `bound`, unless it is known to cost nothing (the endpoint
    refused it with a status, or it was never sent). An unknown price counts as the bound's.
    """
    if attempt.usage is None:
        return NOTHING if attempt.cost_usd == 0 else bound
    usd = bound.usd if attempt.cost_usd is None else attempt.cost_usd
    return Amount(usd=usd, tokens=attempt.usage.tokens_in + attempt.usage.tokens_out)


def _sum(amounts: Iterable[Amount]) -> Amount:
    return sum(amounts, NOTHING)


def _total(attempts: Iterable[Attempt], priced: Callable[[Attempt], Attempt], bound: Amount) -> Amount:
    return _sum(taken_by(priced(attempt), bound) for attempt in attempts)


def _covers(amount: Amount, needed: Amount) -> bool:
    return amount.usd >= needed.usd and amount.tokens >= needed.tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What is to be written down at the end; the fields are those of `Journal.settle`."""

    spent: Amount
    released: Amount
    count: int


class Allowance:
    """What one call, or the judging of one trial, may take from the budget.

    Parameters
    ----------
    budget, stop
        Of the run.
    bound
        What a request may take.
    price
        Prices an attempt: `PriceBook.price`.

    Notes
    -----
    ``with allowance:`` makes it that of all that is asked within.
    """

    def __init__(
        self,
        budget: Budget,
        stop: Stop,
        *,
        bound: Callable[[Request], Amount],
        price: Callable[[Attempt, ModelRef], Attempt],
    ) -> None:
        self.refused = False
        self._budget = budget
        self._stop = stop
        self._bound = bound
        self._price = price
        self._largest = NOTHING
        self._ready: list[Amount] = []  # reserved, and nothing sent for it
        self._sent: list[Amount] = []
        self._over: list[tuple[Amount, Amount]] = []  # reserved, taken
        self._settled = NOTHING

    def halted(self) -> bool:
        """Return whether the run was stopped: nothing is sent any more."""
        self.refused = self.refused or self._stop.is_set
        return self._stop.is_set

    @property
    def holds(self) -> bool:
        """Whether any reservation of it is not settled."""
        return bool(self._ready or self._sent or self._over)

    async def reserve(self, request: Request) -> bool:
        """Set aside what sending the request may take; False: the budget is reached."""
        if not self._budget.limited:
            return True
        amount = self._bound(request)
        if self._over:  # a call that waits for its next attempt's reservation must hold nothing
            self._settle_over()
        if not await self._budget.reserve(amount):
            return False
        self._largest = max(self._largest, amount, key=lambda each: (each.usd, each.tokens))
        self._ready.append(amount)
        return True

    async def permit(self, request: Request) -> Amount | None:
        """Return what is set aside for sending a request now; None: it must not be sent."""
        amount = NOTHING
        if self._budget.limited and not self._stop.is_set:
            needed = self._bound(request)
            if not any(_covers(each, needed) for each in self._ready) and not await self.reserve(request):
                self.refused = True
                return None
            amount = next(each for each in self._ready if _covers(each, needed))
        if self._stop.is_set:
            self.refused = True
            return None
        if self._budget.limited:
            self._ready.remove(amount)
            self._sent.append(amount)
        return amount

    def ended(self, request: Request, amount: Amount, attempts: Sequence[Attempt]) -> None:
        """Take in what came of a request that was permitted with this amount."""
        if not self._budget.limited:
            return
        self._sent.remove(amount)
        taken = _total(attempts, lambda attempt: self._price(attempt, request.ref), amount)
        if taken == NOTHING:
            self._ready.append(amount)  # the next attempt may have it
        else:
            self._over.append((amount, taken))

    def _settle_over(self) -> None:
        taken, released = _sum(each for _, each in self._over), _sum(each for each, _ in self._over)
        count, self._over = len(self._over), []
        self._settled += taken
        self._budget.settle(taken, released, count)

    def close(self, attempts: Sequence[Attempt]) -> Settlement:
        """Return what is to be settled, given all priced attempts; nothing is held from then on.

        What was sent and is not among the attempts (it was cut off) may be billed: it took its reservation.
        """
        told = _total(attempts, lambda attempt: attempt, self._largest)
        if not self._budget.limited:  # nothing was ever held
            return Settlement(spent=told, released=NOTHING, count=0)
        seen = self._settled + _sum(self._sent) + _sum(taken for _, taken in self._over)
        held = [*self._ready, *self._sent, *(reserved for reserved, _ in self._over)]
        rest = Amount(usd=max(told.usd, seen.usd), tokens=max(told.tokens, seen.tokens)) - self._settled
        self._ready, self._sent, self._over, self._settled = [], [], [], NOTHING
        return Settlement(spent=rest, released=_sum(held), count=len(held))

    def __enter__(self) -> None:
        """Let all that is asked within be part of this allowance."""
        self._before = _current.set(self)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._before)
