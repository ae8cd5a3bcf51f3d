"""The seams: small Protocols, one method each, through which the world plugs in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from workbench.core.records import Reply, Request, Score, Trial, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Classifier", "Clock", "Embedder", "Layer", "Listener", "Model", "Scorer", "Sink"]


@runtime_checkable
class Model(Protocol):
    """Answers a request."""

    async def ask(self, request: Request) -> Reply:
        """Return the reply, or raise `ModelError` carrying every attempt made."""
        ...


@runtime_checkable
class Layer(Protocol):
    """Wraps a model and is a model: `Layer(...)(model) -> Model`."""

    def __call__(self, model: Model) -> Model:
        """Return the wrapped model."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """Judges one trial.

    A scorer also has ``name: str`` (its column is ``score_<name>``) and ``digest: str`` (identity of its
    definition). It may raise: whoever runs it turns the error into a missing score with its reason.
    """

    @property
    def name(self) -> str:
        """The score's name."""
        ...

    @property
    def digest(self) -> str:
        """Identity of the definition."""
        ...

    async def score(self, trial: Trial) -> Score:
        """Return a value, or missing with its reason."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Takes finished trials and their scores, as they land."""

    def put(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Store one trial durably before returning."""
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit vectors."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return float32 of shape (len(texts), d), each row of length 1."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """Looks whether a text holds what it should not.

    It also has ``name: str`` and ``digest: str`` (identity of its definition). It may raise: whoever asks it
    has stated what happens then.
    """

    @property
    def name(self) -> str:
        """The classifier's name: letters, digits, ``_``, ``-`` and ``.``."""
        ...

    @property
    def digest(self) -> str:
        """Identity of the definition."""
        ...

    async def check(self, text: str) -> Verdict:
        """Return what was found, and how long it took."""
        ...


@runtime_checkable
class Clock(Protocol):
    """Tells the time of day; durations come from the event loop's own clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


@runtime_checkable
class Listener(Protocol):
    """Hears what happens while it happens."""

    def notify(self, event: Any) -> None:
        """Take one event (a frozen record of the room that sends it); must return quickly, never raise."""
        ...
