"""Requests and tokens a minute as a server counts them, and the headers that say where a caller stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Quota"]


@dataclass(slots=True)
class _Bucket:
    limit: float  # a minute
    level: float
    at: float

    def fill(self, now: float) -> None:
        self.level = min(self.limit, self.level + (now - self.at) * self.limit / 60)
        self.at = now

    def short_s(self, size: float) -> float:
        """Return the seconds until so much is there; what is larger than the limit needs all of it."""
        return max(0.0, (min(size, self.limit) - self.level) * 60 / self.limit)


class Quota:
    """Buckets of requests and tokens for each model: full at first, refilled evenly over a minute.

    Parameters
    ----------
    rpm, tpm
        Requests, and tokens of input and output, a minute; None: no limit.
    now
        Seconds of any clock that only goes forward.
    """

    def __init__(self, rpm: float | None, tpm: float | None, now: Callable[[], float]) -> None:
        self._limits = {"requests": rpm, "tokens": tpm}
        self._now = now
        self._models: dict[str, dict[str, _Bucket]] = {}

    def admit(self, model: str, tokens: int) -> tuple[float, dict[str, str]]:
        """Count a request if it fits.

        Returns
        -------
        tuple
            Seconds to wait where it does not fit and was not counted, else 0; and the ``x-ratelimit-*``
            headers that say where the caller stands now (empty without limits).
        """
        now = self._now()
        buckets = self._models.setdefault(
            model, {name: _Bucket(limit, limit, now) for name, limit in self._limits.items() if limit}
        )
        sizes = {"requests": 1.0, "tokens": float(tokens)}
        for bucket in buckets.values():
            bucket.fill(now)
        wait_s = max((bucket.short_s(sizes[name]) for name, bucket in buckets.items()), default=0.0)
        if wait_s <= 0:
            for name, bucket in buckets.items():
                bucket.level -= sizes[name]
        headers = {}
        for name, bucket in buckets.items():
            headers[f"x-ratelimit-limit-{name}"] = f"{bucket.limit:.0f}"
            headers[f"x-ratelimit-remaining-{name}"] = f"{max(0.0, bucket.level):.0f}"
            headers[f"x-ratelimit-reset-{name}"] = f"{(bucket.limit - bucket.level) * 60 / bucket.limit:.3f}s"
        return wait_s, headers
