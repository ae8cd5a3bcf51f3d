"""The circuit breaker: an endpoint that is down is left alone, and asked now and then whether it is back."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from workbench.client.chain import chain
from workbench.client.circuit import BreakerState, Circuit, Verdict
from workbench.client.deadline import DUST_S, last_moment, too_late
from workbench.client.fair import ask_after
from workbench.client.per_model import PerModel
from workbench.core.protocols import Layer, Listener, Model
from workbench.core.records import ModelRef, Reply, Request
from workbench.errors import ModelError

__all__ = ["Breaker"]

_FAILURES = frozenset({"connection", "timeout", "server", "malformed"})
"""Kinds that say the endpoint is ill."""

_ANSWERS = frozenset({"conflict", "rate_limit", "auth", "not_found", "bad_request"})
"""Kinds that say it lives, where something was sent."""


class Breaker:
    """Stops asking a model, for each (origin, model), while nearly all calls to it fail.

    It opens when of the last `window` calls, none older than `window_s`, at least `calls` are known and at
    least `share` of them failed; or when the last `calls` of them all failed, whatever went before. Failed
    are broken connections, timeouts, 5xx (and 408), bodies that are no answer, and any call slower than
    `slow_s` however it ended. Cancellations, other 4xx and refusals are ignored. After `open_s` exactly one
    call is the probe: it fails, and the circuit stays open for another `open_s`; it is answered, even by a
    4xx, and the circuit is closed with an empty window; it ends without a verdict, and the next one goes no
    earlier than `open_s` after it was sent.

    While it is open an interactive call fails at once with kind ``circuit_open``. Batch work waits for the
    next probe and its outcome, up to `wait_s` and within the call's deadline: an outage costs an experiment
    time, not cells. What failed last is in the words of those errors.

    Parameters
    ----------
    calls, share
        Fewest calls to judge by; share of failures that opens, in (0, 1].
    window, window_s
        Most calls to judge by, at least `calls`; their greatest age in seconds.
    open_s
        Seconds between probes.
    slow_s
        Seconds above which a call counts as failed; None: none is too slow. Best below the call's timeout
        and deadline, so that calls that hang are seen.
    wait_s
        Seconds that a batch call waits at an open circuit.
    unproven_wait_s
        Where the model has not answered once it may never do: batch work waits only for so long after the
        circuit opened. None: as `wait_s`.
    queues
        Layers in which a call may wait before it is sent, outermost first. Named here, they come within the
        breaker, and a call that waited in them is looked at again before it is sent.
    listener
        Hears each change as a `BreakerState`; None: nobody.
    """

    def __init__(
        self,
        *,
        calls: int = 20,
        share: float = 0.8,
        window: int = 100,
        window_s: float = 600.0,
        open_s: float = 5.0,
        slow_s: float | None = 45.0,
        wait_s: float = 60.0,
        unproven_wait_s: float | None = None,
        queues: Sequence[Layer] = (),
        listener: Listener | None = None,
    ) -> None:
        if not 1 <= calls <= window or not 0 < share <= 1 or open_s <= 0:
            raise ValueError("needs 1 <= calls <= window, 0 < share <= 1, open_s > 0")
        self.slow_s = math.inf if slow_s is None else slow_s
        self.wait_s = wait_s
        self.unproven_wait_s = unproven_wait_s
        self.queues = tuple(queues)
        self.circuits = PerModel(
            lambda ref: Circuit(
                ref,
                calls=calls,
                share=share,
                window=window,
                window_s=window_s,
                open_s=open_s,
                changed=None if listener is None else listener.notify,
            )
        )
        """The state of each model; not for callers, who read `states`."""

    def __call__(self, model: Model) -> Model:
        """Return the model, left alone while it is down."""
        return _Patient(chain(_Guarded(model, self), *self.queues), self)

    @property
    def states(self) -> tuple[BreakerState, ...]:
        """Where each model's circuit stands; from any thread."""
        return tuple(circuit.snapshot(now) for circuit, now in self.circuits.all())


def _open(ref: ModelRef, circuit: Circuit, now: float) -> ModelError:
    probe_in_s = circuit.snapshot(now).probe_in_s or 0.0
    return ModelError(
        ref.name,
        f"was not asked: it is down{_because(circuit)}; the next probe is in {probe_in_s:.1f} s",
        circuit.last.remedy if circuit.last else "Wait until it answers again, or ask another model.",
        kind="circuit_open",
        retry_after_s=probe_in_s,
    )


def _because(circuit: Circuit) -> str:
    return f" (the last call: {circuit.last.problem.rstrip('.')})" if circuit.last else ""


class _Patient:
    """Outermost: waits at an open circuit, or fails."""

    def __init__(self, model: Model, layer: Breaker) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the reply of a model that is up, or that is being probed by this very call."""
        loop = asyncio.get_running_loop()
        circuit = self._layer.circuits[request.ref]
        came = loop.time()
        wait_s = 0.0
        while True:
            if circuit.passable_in(loop.time()) > 0:
                await self._wait(circuit, request, came)
                wait_s = loop.time() - came
            try:
                return await ask_after(self._model, request, wait_s)
            except ModelError as error:
                if error.kind != "circuit_open" or circuit.passable_in(loop.time()) <= 0:
                    raise
            # It opened, or another call became the probe, while this one queued within.

    async def _wait(self, circuit: Circuit, request: Request, came: float) -> None:
        loop = asyncio.get_running_loop()
        while (next_s := circuit.passable_in(loop.time())) > 0:
            now = loop.time()
            until = self._until(circuit, request, came)
            if now + DUST_S >= last_moment():
                raise too_late(request.ref, f"a model that is down{_because(circuit)}")
            if now + DUST_S >= until:
                raise _open(request.ref, circuit, now)
            await circuit.change(min(now + next_s, until, last_moment()))

    def _until(self, circuit: Circuit, request: Request, came: float) -> float:
        if request.workload == "interactive":
            return came
        if circuit.proven or self._layer.unproven_wait_s is None:
            return came + self._layer.wait_s
        return circuit.down_since + self._layer.unproven_wait_s


class _Guarded:
    """Innermost: lets a call go, and judges what came of it."""

    def __init__(self, model: Model, layer: Breaker) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the reply, or raise ``circuit_open`` with nothing sent."""
        loop = asyncio.get_running_loop()
        circuit = self._layer.circuits[request.ref]
        sent = loop.time()
        ticket = circuit.admit(sent)
        if ticket is None:
            raise _open(request.ref, circuit, sent)
        verdict: Verdict = "nothing"
        try:
            reply = await self._model.ask(request)
            verdict = "answered" if reply.status == "refused" else "success"
            return reply
        except ModelError as error:
            if error.kind in _FAILURES:
                verdict, circuit.last = "failure", error
            elif error.kind in _ANSWERS and error.attempts:
                verdict = "answered"
            raise
        finally:
            now = loop.time()
            circuit.record(ticket, now, "failure" if now - sent > self._layer.slow_s else verdict)
