"""Faults on purpose: what goes wrong between a client and a model endpoint, seeded and at a stated rate.

``workbench offline --faults 40%``, or in Python::

    with OfflineServer(faults=Faults(0.4)) as server:
        ...                                   # 40 % of the requests meet one of DEFAULT_MIX
        server.faults.ledger.totals()         # what was billed, also at GET <server>/ledger

Which request meets what depends on the seed, on the request and on how often it was asked before, never on
the order in which requests arrive: the same study meets the same faults however its calls interleave.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InputError
from workbench.offline.ledger import ServerLedger
from workbench.offline.quota import Quota

if TYPE_CHECKING:
    from workbench.offline.breaking import App

__all__ = ["DEFAULT_MIX", "KINDS", "Fault", "Faults"]

KINDS: Mapping[str, str] = {
    "rate_limit": "429 with Retry-After and retry-after-ms; not billed",
    "server": "500, 502, 503 or 529; not billed",
    "echo_key": "500 whose message repeats the key it was sent; not billed",
    "timeout": "no answer at all; billed",
    "stall": "half of the answer, then silence; billed",
    "drop": "half of the answer, then the connection breaks; billed",
    "cut": "a stream that ends cleanly before it says why; unstreamed as drop; billed",
    "malformed": "200 with a body that is not JSON, or is no answer though it says what it cost; billed",
    "refusal": "the model refuses: an answer, not a failure; billed",
    "length": "the answer ends early, with finish_reason length; billed as far as it goes",
    "slow": "a slow start, then the whole answer; billed",
}
"""Name of a fault -> what it does."""

DEFAULT_MIX: Mapping[str, float] = {
    "rate_limit": 0.25,
    "server": 0.25,
    "drop": 0.15,
    "timeout": 0.1,
    "malformed": 0.1,
    "cut": 0.05,
    "echo_key": 0.05,
    "stall": 0.05,
}
"""How a single share is spread: failures that a client can survive by asking again."""

_PART = re.compile(r"\s*(?:([a-z_]+)\s*=\s*)?(\d+(?:\.\d+)?)\s*(%?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one request meets.

    Parameters
    ----------
    kind
        A name of `KINDS`.
    draw
        In [0, 1): which of its variants, and where it strikes.
    """

    kind: str
    draw: float


class Faults:
    """Breaks answers of an `OfflineServer` on purpose, keeps limits, and bills what it would have billed.

    Parameters
    ----------
    shares
        Share of requests that meet a fault, in [0, 1], spread as `DEFAULT_MIX` says; or a mapping from names
        of `KINDS` to the share of each.
    seed
        Another seed, other faults.
    rpm, tpm
        Requests, and tokens of input and output, that each model takes a minute; more are answered with 429,
        and every answer has ``x-ratelimit-*`` headers. None: no limit.
    retry_after_s
        Seconds that a ``rate_limit`` asks to wait.
    hang_s
        Seconds after which a server that says nothing gives up on the connection.
    slow_s
        Seconds of a slow start.
    clock
        Seconds that only go forward.

    Raises
    ------
    InputError
        Where a fault is not known, or the shares are none or exceed 1 together.
    """

    def __init__(
        self,
        shares: float | Mapping[str, float] = 0.0,
        *,
        seed: int = 1,
        rpm: float | None = None,
        tpm: float | None = None,
        retry_after_s: float = 1.0,
        hang_s: float = 60.0,
        slow_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not isinstance(shares, Mapping):
            shares = {kind: shares * part for kind, part in DEFAULT_MIX.items()}
        self.shares = _checked(shares)
        """Fault -> share of requests that meet it."""
        self.seed = seed
        for name, value in (("rpm", rpm), ("tpm", tpm), ("hang_s", hang_s)):
            if value is not None and value <= 0:
                raise InputError(f"faults, {name}", f"{value:g} is not positive", "Give more than 0.")
        for name, value in (("retry_after_s", retry_after_s), ("slow_s", slow_s)):
            if value < 0:
                raise InputError(f"faults, {name}", f"{value:g} is negative", "Give 0 or more.")
        self.retry_after_s, self.hang_s, self.slow_s = retry_after_s, hang_s, slow_s
        self.ledger = ServerLedger()
        """Every request, and what was billed for it."""
        self.quota = Quota(rpm, tpm, clock)
        """The limits; for the server."""
        self._told = f"rpm={rpm}, tpm={tpm}"

    @classmethod
    def parse(cls, text: str, *, seed: int = 1) -> Faults:
        """Return the faults that a person wrote down.

        Parameters
        ----------
        text
            ``40%``: that share by the default mix. ``server=10%, drop=5%``: each its own. ``rpm=600`` and
            ``tpm=90000`` may stand among either.

        Raises
        ------
        InputError
            Where it cannot be read.
        """
        shares: dict[str, float] = {}
        limits: dict[str, float] = {}
        total: float | None = None
        for part in text.split(","):
            match = _PART.fullmatch(part)
            if match is None:
                raise _unreadable(text, f"{part.strip()!r} cannot be read")
            name, number, percent = match.groups()
            value = float(number) / (100 if percent else 1)
            if (name in limits or name in shares) if name else total is not None:
                raise _unreadable(text, f"{name or 'a share'} is given twice")
            if name in ("rpm", "tpm"):
                limits[name] = value
            elif name is None:
                total = value
            else:
                shares[name] = value
        if total is not None and shares:
            raise _unreadable(text, "it has a share of all faults and of single ones")
        return cls(shares or total or 0.0, seed=seed, rpm=limits.get("rpm"), tpm=limits.get("tpm"))

    def draw(self, request: str, nth: int) -> Fault | None:
        """Return what a request meets; None: nothing.

        Parameters
        ----------
        request
            Its digest.
        nth
            How often it was asked before.
        """
        rng = random.Random(f"{self.seed}:{request}:{nth}")  # noqa: S311 - a die, not a secret
        at = rng.random()
        for kind, share in self.shares.items():
            if at < share:
                return Fault(kind=kind, draw=rng.random())
            at -= share
        return None

    def around(self, app: App) -> App:
        """Return the ASGI app with faults; what it is asked beside chats stays whole."""
        from workbench.offline.breaking import Breaking

        return Breaking(app, self)

    def __repr__(self) -> str:
        told = ", ".join(f"{kind}={share:.3g}" for kind, share in self.shares.items())
        return f"Faults({told or 'none'}, seed={self.seed}, {self._told})"


def _checked(shares: Mapping[str, float]) -> dict[str, float]:
    for kind, share in shares.items():
        if kind not in KINDS:
            raise InputError(f"fault {kind!r}", "it is not known", f"Known are {', '.join(KINDS)}.")
        if not 0 <= share <= 1:
            raise InputError(
                f"fault {kind!r}", f"its share {share:g} is not from 0 to 1", "Write 0.4, or 40%."
            )
    total = sum(shares.values())
    if total > 1 + 1e-9:
        raise InputError("faults", f"their shares are {total:.0%} together", "Give at most 100 %.")
    return {kind: share for kind, share in shares.items() if share}


def _unreadable(text: str, problem: str) -> InputError:
    return InputError(
        f"faults {text!r}", problem, "Write 40%, or server=10%, drop=5%; rpm=600 and tpm=90000 may be added."
    )
