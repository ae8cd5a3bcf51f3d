"""A rate a minute as a supply, and what a server says of its own: ``x-ratelimit-*`` headers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.core.records import Request

__all__ = ["HEADROOM", "Rate", "Said", "estimate_tokens", "read_limits", "seconds_of"]

HEADROOM = 0.95
"""The part of a limit that is used: the rest is for clocks and networks that do not agree."""

BURST_S = 1.0
"""Seconds of the rate that may go at once after a silence."""

TOKENS_OUT = 256
"""Output tokens assumed where a request sets no maximum; settled on usage."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a response's headers say of one limit; None where they are silent or unreadable.

    Parameters
    ----------
    limit, remaining
        Allowed a minute; left of it.
    reset_s
        Seconds until all of it is there again.
    """

    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None


def seconds_of(text: str | None) -> float | None:
    """Return a duration as headers write it (``6m0s``, ``20ms``, ``1.5``) in seconds; None: unreadable."""
    if text is None:
        return None
    text = text.strip().lower()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not re.fullmatch(rf"({_PART.pattern})+", text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def read_limits(headers: Mapping[str, str]) -> dict[str, Said]:
    """Return what the headers say of ``requests`` and of ``tokens``."""
    lower = {
        name.lower(): value for name, value in headers.items() if name.lower().startswith("x-ratelimit-")
    }

    def number(name: str) -> float | None:
        text = lower.get(f"x-ratelimit-{name}", "").strip()
        return float(text) if re.fullmatch(r"\d{1,15}(\.\d+)?", text) else None

    return {
        what: Said(
            limit=number(f"limit-{what}") or None,
            remaining=number(f"remaining-{what}"),
            reset_s=seconds_of(lower.get(f"x-ratelimit-reset-{what}")),
        )
        for what in ("requests", "tokens")
    }


def estimate_tokens(request: Request) -> float:
    """Return about how many tokens a request takes: a quarter of its bytes, 4 a message, and its output.

    The output is the request's own maximum where it sets one.
    """
    tokens_in = sum(len(message.content.encode()) / 4 + 4 for message in request.messages)
    most = request.params.get("max_completion_tokens") or request.params.get("max_tokens")
    return tokens_in + (most if isinstance(most, int) else TOKENS_OUT)


class Rate:
    """An amount that flows in evenly and is taken as calls are sent; below zero where too much was taken.

    Parameters
    ----------
    per_min
        The limit as declared; None: none is known.
    """

    def __init__(self, per_min: float | None) -> None:
        self._declared = per_min
        self._at = -math.inf
        self._set(per_min)
        self.level = self._burst

    def _set(self, per_min: float | None) -> None:
        self.per_min = per_min
        self._per_s = math.inf if per_min is None else per_min * HEADROOM / 60
        self._burst = 0.0 if per_min is None else max(1.0, self._per_s * BURST_S)

    def add(self, amount: float, now: float) -> None:
        """Add so much (less than 0: take it) after what flowed in since."""
        if self.per_min is None:  # what goes before a limit is known counts once it is
            self.level = min(0.0, self.level + amount)
            return
        flowed = 0.0 if math.isinf(self._at) else (now - self._at) * self._per_s
        self.level = min(self._burst, min(self._burst, self.level + flowed) + amount)
        self._at = now

    def ready_in(self, size: float, now: float) -> float:
        """Return the seconds until so much is there, or all that can ever be there at once."""
        if self.per_min is None:
            return 0.0
        self.add(0.0, now)
        return max(0.0, min(size, self._burst) - self.level) / self._per_s

    def observe(self, said: Said, now: float) -> float:
        """Take in what a server says; return the seconds for which it wants nothing at all.

        Where nothing remains, a reset that is nearer than a steady flow would take is the end of a window:
        until then nothing is let in. Otherwise it is the time to fill up, and something comes in before.
        """
        if said.limit is not None:
            per_min = said.limit if self._declared is None else min(said.limit, self._declared)
            if per_min != self.per_min:
                fresh = self.per_min is None
                self.add(0.0, now)
                self._set(per_min)
                self.level = (
                    self._burst + max(self.level, -per_min) if fresh else min(self.level, self._burst)
                )
                self._at = now
        if self.per_min is None or said.remaining is None:
            return 0.0
        self.add(0.0, now)
        self.level = min(self.level, said.remaining)
        limit = said.limit or self.per_min
        steady_s = 60 * (limit - said.remaining) / limit
        if said.remaining < 1 and said.reset_s is not None and said.reset_s < HEADROOM * steady_s:
            return said.reset_s
        return 0.0
