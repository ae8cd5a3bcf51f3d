"""The retry budget: what keeps an outage from being amplified by those who suffer it."""

from __future__ import annotations

import math

from workbench.client.fair import FairGate
from workbench.client.per_model import PerModel
from workbench.core.records import ModelRef, Request

__all__ = ["RetryBucket"]


class _Level:
    """A supply of retries: filled by successes, and by a trickle."""

    def __init__(self, capacity: float, per_s: float) -> None:
        self.capacity = capacity
        self.per_s = per_s
        self.level = capacity
        self._at = -math.inf

    def add(self, amount: float, now: float) -> None:
        """Add so much and what trickled in since, up to the capacity."""
        trickled = 0.0 if math.isinf(self._at) else (now - self._at) * self.per_s
        self.level = min(self.capacity, self.level + trickled + amount)
        self._at = now

    def ready_in(self, size: float, now: float) -> float:
        """Return the seconds until there is a retry to take."""
        self.add(0.0, now)
        short = max(0.0, size - self.level)
        if self.per_s:
            return short / self.per_s
        return math.inf if short else 0.0

    def take(self, size: float, now: float) -> None:
        """Take a retry."""
        self.add(-size, now)

    def give_back(self, size: float, now: float) -> None:
        """Put one back that was not used."""
        self.add(size, now)


class RetryBucket:
    """Grants retries out of a bucket for each (origin, model) that successes refill.

    Without successes at most `capacity` retries go out, plus the trickle; with them `per_success` for each,
    which carries any share of failures below per_success / (1 + per_success).
    An empty bucket makes batch work wait and fails an interactive call at once.

    Parameters
    ----------
    capacity
        Retries in a full bucket, at least 1; it starts full.
    per_success
        Retries earned by a success.
    per_s
        Retries that trickle in by themselves each second: when all who could succeed wait for a success, one
        of them still finds out that the outage is over.
    """

    def __init__(self, *, capacity: float = 100.0, per_success: float = 2.0, per_s: float = 0.2) -> None:
        if capacity < 1 or per_success < 0 or per_s < 0:
            raise ValueError("capacity must be at least 1, what refills it not negative")
        self.per_success = per_success
        self._levels = PerModel(lambda ref: _Level(capacity, per_s))
        self._gates = PerModel(lambda ref: FairGate(self._levels[ref]))

    async def take(self, request: Request, until: float) -> bool:
        """Return whether the request may be sent once more.

        Parameters
        ----------
        until
            Time of the event loop's clock up to which batch work waits.
        """
        interactive = request.workload == "interactive"
        try:
            await self._gates[request.ref].enter(request.workload, 1.0, -math.inf if interactive else until)
        except TimeoutError:
            return False
        return True

    def refill(self, ref: ModelRef) -> None:
        """Tell of a success of a model."""
        self._gates[ref].leave(self.per_success)
