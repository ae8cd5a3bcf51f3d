"""What a semantic cache does: one policy object for the replay of a log and for the live layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.semantic.guard import Guard

__all__ = ["CachePolicy", "from_gptcache", "from_redisvl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """How entries come in, serve, and go.

    The nearest cached entry of the request's partition serves where its cosine is at least the threshold;
    an entry of the very same text goes before all others, and on equal cosines the earliest entry serves.
    An entry that the guard refuses is passed over: the next nearest that it admits serves.

    Parameters
    ----------
    threshold
        Lowest raw cosine at which an entry serves, in [-1, 1]; None where a replay sweeps it.
    insert
        ``on-miss``: only what the model answered enters. ``always``: a request that was served from the
        cache enters as well, under its own text with the answer it was given.
    ttl_s
        Seconds an entry lives; None: for ever.
    ttl
        ``absolute``: from its insertion. ``sliding``: from its last use.
    capacity
        Most entries at a time, over all partitions; None: no limit. Expired entries go first.
    evict
        Who goes when it is full: ``lru`` the least recently used, ``lfu`` the least often used (of equals
        the one inserted first), ``fifo`` the one inserted first.
    guard
        The second stage: says of a near entry whether its text may answer the request's; the very same text
        is not asked about. None: nearness decides.

    Raises
    ------
    InputError
        Where a number is out of range.
    """

    threshold: float | None = None
    insert: Literal["on-miss", "always"] = "on-miss"
    ttl_s: float | None = None
    ttl: Literal["absolute", "sliding"] = "absolute"
    capacity: int | None = None
    evict: Literal["lru", "lfu", "fifo"] = "lru"
    guard: Guard | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise InputError(
                "cache policy",
                f"a threshold of {self.threshold} is no cosine",
                "Give a number between -1 and 1; `from_gptcache` and `from_redisvl` translate others' units.",
            )
        if self.ttl_s is not None and not self.ttl_s > 0:
            raise InputError("cache policy", f"ttl_s is {self.ttl_s}", "Give seconds above 0, or None.")
        if self.capacity is not None and self.capacity < 1:
            raise InputError("cache policy", f"capacity is {self.capacity}", "Give at least 1, or None.")
        for name, known in (
            ("insert", ("on-miss", "always")),
            ("ttl", ("absolute", "sliding")),
            ("evict", ("lru", "lfu", "fifo")),
        ):
            if getattr(self, name) not in known:
                raise InputError(
                    "cache policy", f"{name} is {getattr(self, name)!r}", f"Give one of {', '.join(known)}."
                )


def from_gptcache(threshold: float) -> float:
    """Return the cosine that GPTCache's similarity threshold t in [0, 1] stands for: 2 t - 1."""
    return 2 * threshold - 1


def from_redisvl(distance_threshold: float) -> float:
    """Return the cosine that redisvl's distance threshold d in [0, 2] stands for: 1 - d."""
    return 1 - distance_threshold
