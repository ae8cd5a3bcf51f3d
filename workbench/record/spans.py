"""When an execution's calls were made, so that its runs in MLflow last as long as it did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.core.records import Trial

__all__ = ["Span", "span"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the start of the first attempt to the end of the last one.

    Parameters
    ----------
    start, end
        Seconds since the epoch; None where no call was made.
    """

    start: float | None = None
    end: float | None = None


def span(trials: Iterable[Trial]) -> Span:
    """Return when the calls of some trials were made; replies from the journal took place before."""
    attempts = [attempt for trial in trials for attempt in trial.attempts]
    return Span(
        start=min((attempt.started_at for attempt in attempts), default=None),
        end=max((attempt.started_at + attempt.latency_s for attempt in attempts), default=None),
    )
