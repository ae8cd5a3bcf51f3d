"""The fallback chain: the next model is asked when one is exhausted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workbench.core.protocols import Listener, Model
from workbench.core.records import Attempt, ModelRef, Reply, Request
from workbench.errors import RETRYABLE_KINDS, ModelError

__all__ = ["FALLBACK_KINDS", "Fallback", "FellBack"]

FALLBACK_KINDS = RETRYABLE_KINDS | {"circuit_open", "deadline"}
"""Failures after which another model is asked. A bad request, a wrong key or name is a mistake to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FellBack:
    """An event: another model than the one asked is tried.

    Parameters
    ----------
    asked, tried
        The model of the request; the one that is tried now.
    reason
        Why the one before did not do: its kind of failure, or ``rejected``.
    """

    asked: ModelRef
    tried: ModelRef
    reason: str


class Fallback:
    """Asks other models, in order, where the model it wraps is exhausted or its reply is rejected.

    Put outside of `Retry`, so that a model is exhausted before the next one is asked; each other model comes
    in its own chain of layers. The reply names who answered: `model_served`, and the last attempt's `model`.
    It carries every attempt on the way, those for rejected replies included, so that all are paid for. The
    last model's reply is returned whatever it is like: there is nothing to fall back to.

    Parameters
    ----------
    others
        The other models and who they are, first choice first.
    accept
        Whether a reply will do; None: any does.
    listener
        Hears of each step as a `FellBack`; None: nobody.
    """

    def __init__(
        self,
        *others: tuple[ModelRef, Model],
        accept: Callable[[Reply], bool] | None = None,
        listener: Listener | None = None,
    ) -> None:
        if not others:
            raise ValueError("name at least one other model")
        self.others = others
        self.accept = accept
        self.listener = listener

    def __call__(self, model: Model) -> Model:
        """Return the model, with others behind it."""
        return _Falling(model, self)


class _Falling:
    def __init__(self, model: Model, layer: Fallback) -> None:
        self._model = model
        self._layer = layer

    async def ask(self, request: Request) -> Reply:
        """Return the first reply that will do.

        Raises
        ------
        ModelError
            Where none came: of the last failure's kind, with every attempt and the causes in order.
        """
        models = ((request.ref, self._model), *self._layer.others)
        made: tuple[Attempt, ...] = ()
        causes: list[ModelError] = []
        for at, (ref, model) in enumerate(models):
            last = at == len(models) - 1
            try:
                reply = await model.ask(request if at == 0 else replace(request, ref=ref))
            except ModelError as error:
                made += _made_by(ref, error.attempts, fallback=at > 0)
                causes += error.causes or (error,)
                if at == 0 and error.kind not in FALLBACK_KINDS:
                    raise
                if last or error.kind not in FALLBACK_KINDS:
                    raise _exhausted([ref for ref, _ in models[: at + 1]], made, causes) from error
                reason: str = error.kind
            else:
                made += _made_by(ref, reply.attempts, fallback=at > 0)
                if last or self._layer.accept is None or self._layer.accept(reply):
                    return replace(reply, attempts=made)
                reason = "rejected"
            if self._layer.listener is not None:
                event = FellBack(asked=request.ref, tried=models[at + 1][0], reason=reason)
                self._layer.listener.notify(event)
        raise AssertionError("the last model returns or raises")


def _made_by(ref: ModelRef, attempts: tuple[Attempt, ...], *, fallback: bool) -> tuple[Attempt, ...]:
    """Return the attempts, those on another model than the one asked marked as such, at its own price."""
    if not fallback:
        return attempts
    return tuple(
        replace(made, ref=made.ref or ref, purpose="fallback" if made.purpose == "arm" else made.purpose)
        for made in attempts
    )


def _exhausted(
    refs: Sequence[ModelRef], attempts: tuple[Attempt, ...], causes: Sequence[ModelError]
) -> ModelError:
    error = causes[-1]
    return ModelError(
        " → ".join(ref.name for ref in refs),
        "none of them answered: " + "; ".join(f"{cause.subject}: {cause.problem}" for cause in causes),
        error.remedy,
        kind=error.kind,
        status=error.status,
        retry_after_s=error.retry_after_s,
        attempts=attempts,
        causes=causes,
    )
