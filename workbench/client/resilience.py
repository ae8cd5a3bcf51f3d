"""The default layers around a model, in the order that gives them their meaning."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

from workbench.client.adaptive import AdaptiveConcurrency
from workbench.client.breaker import Breaker
from workbench.client.bucket import RetryBucket
from workbench.client.chain import chain
from workbench.client.limit import Limits
from workbench.client.retry import Retry
from workbench.core.protocols import Layer, Listener, Model

__all__ = ["Resilience"]

PATIENCE = 4
"""Concurrency goes down to this part at least. Failures that have nothing to do with load would take it to 1
otherwise, and then all others' deadlines run out in the queue."""

UNPROVEN_WAIT_S = 6.0
"""Batch work waits so long, one probe, where an endpoint has not answered once: its address may be wrong."""


class Resilience:
    """Retries within a deadline, a breaker, rate limits that obey headers, adaptive concurrency.

    The order is retry → (permit) → breaker → limits → concurrency → (halt) → model: each attempt passes
    breaker and limits, an open breaker is not retried, and what waits holds no place on the wire. One
    instance around several models remembers what each endpoint bears: use one for all that is asked.

    Parameters
    ----------
    concurrency
        Calls at once to each model, to begin with and at most; down to a quarter of it under overload.
    retry
        The retries; None: the defaults of `Retry`. Without a bucket of its own, a `RetryBucket` grants them:
        no outage is amplified.
    breaker
        Makes the breaker around the queues it is given; None: the defaults of `Breaker`, with less patience
        for an endpoint that has not answered once.
    limits
        The rate limits; None: what responses' headers say.
    listener
        Hears each change of a breaker; None: nobody.
    """

    def __init__(
        self,
        *,
        concurrency: int = 16,
        retry: Retry | None = None,
        breaker: Callable[[Sequence[Layer]], Breaker] | None = None,
        limits: Limits | None = None,
        listener: Listener | None = None,
    ) -> None:
        self.retry = copy.copy(retry or Retry())
        self.retry.bucket = self.retry.bucket or RetryBucket()
        self.limits = limits or Limits()
        self.concurrency = concurrency
        floor = max(1, concurrency // PATIENCE)
        self.adaptive = AdaptiveConcurrency(start=concurrency, floor=floor, ceiling=concurrency)
        queues = (self.limits, self.adaptive)
        self.breaker = (
            breaker(queues)
            if breaker
            else Breaker(queues=queues, unproven_wait_s=UNPROVEN_WAIT_S, listener=listener)
        )

    def __call__(self, model: Model, *, permit: Layer | None = None, halt: Layer | None = None) -> Model:
        """Return the model within the layers.

        Parameters
        ----------
        permit
            Asked for each attempt before it queues (a budget, a stop); None: nobody.
        halt
            Asked last, when the attempt would be sent; None: nobody.
        """
        observers = getattr(model, "observers", None)  # a model without headers has no limits to tell
        if observers is not None and self.limits.observe not in observers:
            observers.append(self.limits.observe)
        allowed = getattr(model, "allowed_per_min", (None, None))
        if allowed != (None, None):
            self.limits.declare(model.ref, *allowed)  # type: ignore[attr-defined]  # it is an `OpenAI`
        layers = (self.retry, permit, self.breaker, halt)
        return chain(model, *(layer for layer in layers if layer is not None))

    def told(self) -> tuple[str, ...]:
        """Return what holds calls back now, a line each; nothing where all is well. From any thread."""
        return (*self._circuits(), *self._places(), *self._rates())

    def _circuits(self) -> Iterator[str]:
        for state in self.breaker.states:
            why = f" ({state.problem})" if state.problem else ""
            if state.state == "open":
                yield f"{state.name}: down, left alone; the next probe in {state.probe_in_s or 0:.0f} s{why}"
            elif state.state == "half_open":
                yield f"{state.name}: down, a probe is on its way{why}"
            elif state.problem and not state.proven:
                yield f"{state.name}: has answered no call yet{why}"

    def _places(self) -> Iterator[str]:
        for (_, model), window, _ in self.adaptive.windows.items():
            if window.slots.limit < self.concurrency:
                yield f"{model}: {window.slots.limit} calls at once, of {self.concurrency}: it shows overload"

    def _rates(self) -> Iterator[str]:
        for (_, model), lane, now in self.limits.lanes.items():
            said = [(lane.requests.per_min, "requests"), (lane.tokens.per_min, "tokens")]
            known = [f"{per_min:,.0f} {what}" for per_min, what in said if per_min is not None]
            if known:
                yield f"{model}: at most {' and '.join(known)} a minute"
            if lane.held_s(now) > 0:
                yield f"{model}: asked for silence, {lane.held_s(now):.0f} s more"
