"""One request on the wire, and the attempt that it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.client.wire import tier_of, usage_of
from workbench.core.records import Attempt, Request
from workbench.errors import ErrorKind

__all__ = ["Flight"]


@dataclass(slots=True)
class Flight:
    """What is known so far of the request on the wire.

    Parameters
    ----------
    request
        What is asked.
    start, started_at
        When it was sent, by the event loop's clock and in seconds since the epoch.
    ttft_s, status, body
        Time to the first token, HTTP status, the response's JSON; None as long as unknown.
    """

    request: Request
    start: float
    started_at: float
    ttft_s: float | None = None
    status: int | None = None
    body: Any = None

    def attempt(
        self,
        ended: float,
        *,
        served: str | None = None,
        kind: ErrorKind | None = None,
        error: str | None = None,
        status: int | None = None,
    ) -> Attempt:
        """Return the attempt; of a failed one too the usage, since a malformed answer may say what it cost.

        Parameters
        ----------
        ended
            When it ended, by the event loop's clock.
        served
            The model that answered; None where none did.
        kind, error
            Why it failed; both None where it did not.
        status
            The HTTP status where it is known from elsewhere; None: the flight's own.
        """
        return Attempt(
            model=self.request.ref.model,
            model_served=served,
            started_at=self.started_at,
            latency_s=ended - self.start,
            ttft_s=self.ttft_s,
            error_kind=kind,
            error=error,
            http_status=status or self.status,
            usage=usage_of(self.body),
            service_tier=tier_of(self.body, self.request.params),
        )
