"""The estimate: calls, tokens, USD and minutes as low–high, and what each figure rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.analyze.wording import clock
from workbench.core.show import Shown

__all__ = ["ArmEstimate", "Estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmEstimate:
    """What one arm will take.

    Parameters
    ----------
    arm
        Its name.
    cells, calls
        Trials, and calls still to be made for them; the others are answered by the journal, or share a call.
    tokens_in, tokens_out
        Of the calls to be made, low and high.
    tokens_in_basis, tokens_out_basis
        What they rest on, in words.
    tokens_out_each
        Of one call, the high figure.
    cost_usd
        Low and high; None where the price is unknown.
    seconds
        Of all its calls, one after the other, low and high.
    """

    arm: str
    cells: int
    calls: int
    tokens_in: tuple[int, int]
    tokens_in_basis: str
    tokens_out: tuple[int, int]
    tokens_out_basis: str
    tokens_out_each: int
    cost_usd: tuple[float, float] | None
    seconds: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate(Shown):
    """What a plan will take, arm by arm.

    Parameters
    ----------
    arms
        One estimate an arm, in the plan's order.
    concurrency
        Calls under way at a time, by which the minutes are reckoned.
    price_book
        Which prices.
    """

    arms: tuple[ArmEstimate, ...]
    concurrency: int
    price_book: str

    @property
    def cells(self) -> int:
        """Trials in all."""
        return sum(arm.cells for arm in self.arms)

    @property
    def calls(self) -> int:
        """Calls to be made; the other trials cost nothing."""
        return sum(arm.calls for arm in self.arms)

    @property
    def tokens_in(self) -> tuple[int, int]:
        """Input tokens, low and high."""
        return sum(arm.tokens_in[0] for arm in self.arms), sum(arm.tokens_in[1] for arm in self.arms)

    @property
    def tokens_out(self) -> tuple[int, int]:
        """Output tokens, low and high."""
        return sum(arm.tokens_out[0] for arm in self.arms), sum(arm.tokens_out[1] for arm in self.arms)

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Names of the arms that have calls to make at an unknown price."""
        return tuple(arm.arm for arm in self.arms if arm.calls and arm.cost_usd is None)

    @property
    def cost_usd(self) -> tuple[float, float] | None:
        """USD, low and high, before retries and cache discounts; None where a price is unknown."""
        if self.unpriced:
            return None
        known = [arm.cost_usd for arm in self.arms if arm.cost_usd is not None]
        return math.fsum(low for low, _ in known), math.fsum(high for _, high in known)

    @property
    def minutes(self) -> tuple[float, float]:
        """Minutes, low and high, at the stated concurrency, before retries."""
        low = math.fsum(arm.seconds[0] for arm in self.arms)
        high = math.fsum(arm.seconds[1] for arm in self.arms)
        return low / self.concurrency / 60, high / self.concurrency / 60

    def arm(self, name: str) -> ArmEstimate:
        """Return the estimate of one arm; KeyError where there is none of this name."""
        return {arm.arm: arm for arm in self.arms}[name]

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm; figures as low and high, what they rest on in words."""
        rows: list[dict[str, Any]] = []
        for arm in self.arms:
            cost = arm.cost_usd or (math.nan, math.nan)
            rows.append(
                {
                    "arm": arm.arm,
                    "trials": arm.cells,
                    "calls": arm.calls,
                    "tokens_in_low": arm.tokens_in[0],
                    "tokens_in_high": arm.tokens_in[1],
                    "tokens_out_low": arm.tokens_out[0],
                    "tokens_out_high": arm.tokens_out[1],
                    "cost_usd_low": cost[0],
                    "cost_usd_high": cost[1],
                    "tokens_in_basis": arm.tokens_in_basis,
                    "tokens_out_basis": arm.tokens_out_basis,
                }
            )
        return pd.DataFrame(rows)

    @property
    def summary(self) -> str:
        """Calls, tokens, USD and minutes, in a line or two."""
        reused = self.cells - self.calls
        calls = f"{self.calls:,} calls" + (
            f" ({reused:,} trials need none: already answered)" if reused else ""
        )
        cost = self.cost_usd
        if cost is None:
            money = f"cost unknown (no price for {', '.join(self.unpriced)})"
        else:
            money = f"{_span(*cost)} USD"
        tokens = f"{_span(*self.tokens_in)} tokens in, {_span(*self.tokens_out)} out"
        low, high = (clock(60 * minutes) for minutes in self.minutes)
        time = low if low == high else f"{low}–{high}"
        return f"{calls}; {tokens}; {money}; {time} minutes at {self.concurrency} at a time"


def _span(low: float, high: float) -> str:
    def text(value: float) -> str:
        return f"{value:,.0f}" if isinstance(value, int) or value >= 100 else f"{value:.2g}"

    return text(low) if text(low) == text(high) else f"{text(low)}–{text(high)}"
