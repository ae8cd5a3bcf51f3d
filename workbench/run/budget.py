"""The budget: a call is sent only while its highest likely cost still fits."""

from __future__ import annotations

import asyncio
from typing import Protocol

from workbench.store.entries import NOTHING, Amount, Grant, Limit

__all__ = ["POLL_S", "Budget", "Ledger", "reached_words"]

POLL_S = 0.2
"""Seconds between two looks at what other processes hold."""


class Ledger(Protocol):
    """What a budget needs of the journal, where the runs of all processes write what they hold and spend."""

    def reserve(self, owner: str, amount: Amount, limit: Limit) -> Grant:
        """Set an amount aside for a run; see `workbench.store.runs.Runs.reserve`."""
        ...

    def settle(self, owner: str, spent: Amount, released: Amount = NOTHING, count: int = 0) -> None:
        """Write down what was spent, and give back what was held for it."""
        ...


class Budget:
    """A hard limit in USD, in tokens, or both, kept by reservation among all runs of an execution.

    What a call may take is reserved before it is sent and replaced by what it did take. A call that does not
    fit beside the reservations, of whatever process, waits until they are settled, and is refused only when
    nothing that could come back is under way: then the budget is reached, for this call and for all that
    would follow.

    Parameters
    ----------
    ledger
        Where all of it is written down.
    owner
        The run.
    limit
        The limit; without one, everything is granted and nothing reserved.
    """

    def __init__(self, ledger: Ledger, owner: str, limit: Limit) -> None:
        self.limit = limit
        self.limited = limit != Limit()
        """Whether there is a limit."""
        self.owner = owner
        self.reached = False
        self._ledger = ledger
        self._settled = asyncio.Event()

    async def reserve(self, amount: Amount) -> bool:
        """Return True when this much is set aside; False when the budget is reached."""
        while not self.reached:
            grant = self._ledger.reserve(self.owner, amount, self.limit)
            if grant == "granted":
                return True
            if grant == "reached":
                self.reached = True
                break
            self._settled.clear()
            try:
                async with asyncio.timeout(POLL_S):
                    await self._settled.wait()
            except TimeoutError:
                continue  # another process may have settled
        return False

    def settle(self, spent: Amount, released: Amount = NOTHING, count: int = 0) -> None:
        """Write down what was spent, and give back so many reservations of this sum."""
        self._ledger.settle(self.owner, spent, released, count)
        self.wake()

    def wake(self) -> None:
        """Let those who wait look again: something was settled."""
        self._settled.set()


def reached_words(limit: Limit, spent: Amount, held: Amount) -> str:
    """Return that a budget is reached, in words.

    Parameters
    ----------
    spent, held
        What was spent, and what is held by calls that will not give it back.
    """
    parts = []
    if limit.usd is not None:
        doubt = f"{held.usd:.4g} USD" if held.usd > 0 else ""
        parts.append((f"{limit.usd:g} USD", f"{spent.usd:.4g} USD", doubt))
    if limit.tokens is not None:
        doubt = f"{held.tokens:,} tokens" if held.tokens else ""
        parts.append((f"{limit.tokens:,} tokens", f"{spent.tokens:,} tokens", doubt))
    limits, taken, doubts = (" and ".join(filter(None, column)) for column in zip(*parts, strict=True))
    doubt = f", {doubts} may have gone to calls in doubt," if doubts else ""
    return (
        f"the budget of {limits} is reached: {taken} are spent{doubt} and the next call does not fit; plan "
        "with a higher budget and run again to resume"
    )
