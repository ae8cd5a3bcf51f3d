"""What the embedded endpoint would have billed: the other side's book, to hold one's own against."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Billed", "ServerLedger"]

KEPT = 100_000
"""Requests whose rows are kept; the sums go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """One request as the server saw it.

    Parameters
    ----------
    number
        In the order of arrival, from 1.
    request
        Digest of the request's body: the same question asked again has the same one.
    model
        As asked; empty where the body names none.
    fault
        What was done to it; None: nothing. ``limit``: it was above the limits.
    status
        The HTTP status that was sent or, where nothing was, would have been.
    tokens_in, tokens_out
        Billed, whether or not the client ever learned of it. 0 where the request was refused.
    """

    number: int
    request: str
    model: str
    fault: str | None
    status: int
    tokens_in: int = 0
    tokens_out: int = 0


class ServerLedger:
    """Every request with what was billed for it; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: deque[Billed] = deque(maxlen=KEPT)
        self._models: dict[str, Counter[str]] = {}
        self._faults: Counter[str] = Counter()
        self._requests = 0

    def add(
        self, *, request: str, model: str, fault: str | None, status: int, tokens: tuple[int, int]
    ) -> None:
        """Write down a request when its fate is known: before its last byte is sent.

        Parameters
        ----------
        tokens
            Billed for input and output.
        """
        with self._lock:
            self._requests += 1
            row = Billed(
                number=self._requests,
                request=request,
                model=model,
                fault=fault,
                status=status,
                tokens_in=tokens[0],
                tokens_out=tokens[1],
            )
            self._rows.append(row)
            sums = self._models.setdefault(model, Counter())
            sums.update(requests=1, billed=int(status == 200), tokens_in=tokens[0], tokens_out=tokens[1])
            if fault is not None:
                self._faults[fault] += 1

    @property
    def rows(self) -> Sequence[Billed]:
        """The latest 100,000 requests, oldest first."""
        with self._lock:
            return tuple(self._rows)

    @property
    def requests(self) -> int:
        """How many requests arrived."""
        return self._requests

    def totals(self) -> dict[str, Any]:
        """Return the sums as ``GET /ledger`` says them.

        Returns
        -------
        dict
            requests; models: for each requests, billed, tokens_in, tokens_out; faults: how many of each.
        """
        with self._lock:
            models = {name: dict(sums) for name, sums in sorted(self._models.items())}
            return {
                "requests": self._requests,
                "models": models,
                "faults": dict(sorted(self._faults.items())),
            }

    def to_mapping(self) -> dict[str, Any]:
        """Return the sums and the rows."""
        return self.totals() | {"rows": [asdict(row) for row in self.rows]}
