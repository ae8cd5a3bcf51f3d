"""The budget: a call is sent only while its highest likely cost still fits."""

from __future__ import annotations

import asyncio

__all__ = ["Budget"]


class Budget:
    """A hard limit in USD, kept by reservation.

    What a call may cost is reserved before it is sent and replaced by what it did cost. A call that does not
    fit beside the reservations waits until they are settled, and is refused only when nothing is under way:
    then the budget is reached, for this call and for all that would follow.

    Parameters
    ----------
    limit_usd
        The limit; None: none, and everything is granted.
    spent_usd
        What was spent before.
    """

    def __init__(self, limit_usd: float | None, spent_usd: float = 0.0) -> None:
        self.limit_usd = limit_usd
        self.spent_usd = spent_usd
        self.reserved_usd = 0.0
        self.reached = False
        self._under_way = 0
        self._settled = asyncio.Event()

    async def reserve(self, usd: float) -> bool:
        """Return True when this much is set aside; False when the budget is reached."""
        while not self._fits(usd):
            if self._under_way == 0 or self.reached:
                self.reached = True
                return False
            self._settled.clear()
            await self._settled.wait()
        self._under_way += 1
        self.reserved_usd += usd
        return True

    def settle(self, reserved_usd: float, spent_usd: float) -> None:
        """Replace a reservation by what was spent (0 where nothing was sent)."""
        self._under_way -= 1
        # Without anything under way exactly nothing is reserved, whatever rounding left behind.
        self.reserved_usd = self.reserved_usd - reserved_usd if self._under_way else 0.0
        self.spent_usd += spent_usd
        self._settled.set()

    def charge(self, usd: float) -> None:
        """Take in what was spent without a reservation: a judge's calls."""
        self.spent_usd += usd

    def _fits(self, usd: float) -> bool:
        if self.limit_usd is None:
            return True
        return not self.reached and self.spent_usd + self.reserved_usd + usd <= self.limit_usd
