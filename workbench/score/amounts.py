"""Amounts as scores: how long an answer is, how long it took, what it cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from workbench.core.records import Trial
from workbench.errors import InputError
from workbench.score.verdict import Check, Unreadable

__all__ = ["Amount", "Measure", "cost_score", "latency_score", "length"]

Measure = Literal["words", "characters", "latency_s", "cost_usd"]
"""What is measured, in the unit that its name ends with."""

_SIGNS = {"words": "words", "characters": "characters", "latency_s": "s", "cost_usd": "USD"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount(Check):
    """An amount within limits, or as it is: see `length`, `latency_score`, `cost_score`."""

    measure: Measure
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        """Hold that the limits are some."""
        Check.__post_init__(self)
        if self.measure not in _SIGNS:
            raise InputError(
                f"scorer {self.name!r}", f"its unit is {self.measure!r}", "Write words or characters."
            )
        least, most = self.least or 0.0, math.inf if self.most is None else self.most
        if not 0 <= least <= most or math.isinf(least):
            raise InputError(
                f"scorer {self.name!r}", f"its limits are {least:g} and {most:g}", "Give 0 <= least <= most."
            )

    @property
    def needs_expected(self) -> bool:
        """Never."""
        return False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 or 0 by the limits; without any the amount, negative, so that higher is better."""
        amount = self._amount(output, trial)
        said = f"{amount:.4g} {_SIGNS[self.measure]}"
        if self.least is None and self.most is None:
            return -amount, said
        if self.least is not None and amount < self.least:
            return 0.0, f"{said}, under {self.least:g}"
        if self.most is not None and amount > self.most:
            return 0.0, f"{said}, over {self.most:g}"
        return 1.0, said

    def _amount(self, output: str, trial: Trial) -> float:
        if self.measure == "words":
            return len(output.split())
        if self.measure == "characters":
            return len(output)
        if self.measure == "latency_s":
            if trial.latency_s is None or trial.source == "semantic":
                raise Unreadable("no latency was measured")
            return trial.latency_s
        if trial.cost_usd is None or math.isnan(trial.cost_usd):
            raise Unreadable("the cost is unknown")
        return trial.cost_usd


def length(
    most: float | None = None,
    *,
    least: float | None = None,
    unit: Literal["words", "characters"] = "words",
    name: str = "length",
) -> Amount:
    """Return a scorer of an answer's length: 1 within the limits, else 0; without limits minus the length.

    Parameters
    ----------
    most, least
        Limits, inclusive, in `unit`; None: none on that side.
    unit
        What stands between white space, or all signs.
    name
        The score's name.

    Raises
    ------
    InputError
        Where a limit is negative, the limits cross, or the unit or the name is malformed.
    """
    return Amount(name=name, measure=unit, least=least, most=most)


def latency_score(most_s: float | None = None, *, name: str = "latency") -> Amount:
    """Return a scorer of service time: 1 within `most_s`, else 0; None: minus the seconds.

    Queueing and backoff are apart from it. Missing where none was measured; what the journal answers has the
    latency of the call that was made, a hit of the semantic cache has none. Percentiles: `analyze.latency`.

    Parameters
    ----------
    most_s
        Seconds, at least 0; None: no limit.
    name
        The score's name.
    """
    return Amount(name=name, measure="latency_s", most=most_s)


def cost_score(most_usd: float | None = None, *, name: str = "cost") -> Amount:
    """Return a scorer of cost, all attempts together: 1 up to `most_usd`, else 0; None: minus the USD.

    Missing where the price of any part is unknown: unknown is not free.

    Parameters
    ----------
    most_usd
        USD for one trial, at least 0; None: no limit.
    name
        The score's name.
    """
    return Amount(name=name, measure="cost_usd", most=most_usd)
