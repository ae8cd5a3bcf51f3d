"""Progress: where a run stands, as a frozen snapshot."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import pandas as pd

from workbench.analyze.wording import clock
from workbench.core.records import Score, Trial
from workbench.core.redact import redact
from workbench.core.show import Shown

__all__ = ["ArmProgress", "Progress", "State", "Tracker", "judges_usd", "spent_usd"]

ENOUGH_LANDED = 32
"""Trials that land before a time left is said, or a quarter of them all: the first are the slowest."""

PACE_OF = 400
"""Trials landed last that make the pace."""

State = Literal["running", "done", "stopped", "budget", "failed"]
"""``budget``: it ended since the next call did not fit; ``failed``: it gave up, see the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmProgress:
    """Where one arm stands; the fields are those of `Progress`."""

    arm: str
    planned: int
    done: int
    reused: int
    failed: int
    tokens_in: int
    tokens_out: int
    usd: float
    unpriced: int
    in_doubt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Shown):
    """Where a run stands.

    Parameters
    ----------
    execution_id, state, reason
        Which; whether it goes on; why it ended, in words (empty while it runs and when all is done).
    planned, done
        Trials in all; trials that have a row: answered, reused or failed.
    reused, failed
        Of those done: answered by an earlier or shared call, at no cost; without an answer.
    tokens_in, tokens_out, usd
        Of the calls this execution made, judges' cost included.
    unpriced
        Trials and judgements whose cost is unknown, or known in part only.
    in_doubt
        Calls that an earlier process began and never finished, and that were made again: possibly billed
        twice.
    errors
        How many trials failed, by kind.
    elapsed_s, left_s
        Since this run began; until its end at the pace of late (None: too few have landed to say, or ended).
    arms
        The same by arm.
    endpoints
        What holds calls back now, a line each: a model that is down, a rate limit; empty where nothing does.
    """

    execution_id: str
    state: State
    planned: int
    done: int
    reused: int
    failed: int
    tokens_in: int
    tokens_out: int
    usd: float
    unpriced: int
    in_doubt: int = 0
    elapsed_s: float
    left_s: float | None = None
    reason: str = ""
    errors: Mapping[str, int] = field(default_factory=dict)
    arms: tuple[ArmProgress, ...] = ()
    endpoints: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        names = [each.name for each in fields(ArmProgress)]
        return pd.DataFrame(
            [{name: getattr(arm, name) for name in names} for arm in self.arms], columns=names
        )

    @property
    def summary(self) -> str:
        """State, trials, tokens, USD, errors and time, in a line."""
        parts = [f"{self.state}: {self.done:,} of {self.planned:,} trials"]
        if self.reused:
            parts.append(f"{self.reused:,} reused")
        parts.append(f"{self.tokens_in:,} tokens in, {self.tokens_out:,} out")
        parts.append(
            f"{self.usd:.4g} USD" + (f" + {self.unpriced:,} at unknown cost" if self.unpriced else "")
        )
        if self.failed:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.errors.items()))
            parts.append(f"{self.failed:,} failed ({kinds})")
        if self.in_doubt:
            parts.append(f"{self.in_doubt:,} calls possibly billed twice")
        parts.append(f"{clock(self.elapsed_s)} elapsed")
        if self.left_s is not None:
            parts.append(f"{clock(self.left_s)} left")
        elif self.state == "running":
            parts.append("estimating the time left")
        return "\n".join(["; ".join(parts), *([self.reason] if self.reason else []), *self.endpoints])

    def __str__(self) -> str:
        return str(redact(f"{self.summary}\n\n{self.frame.to_string(index=False)}"))


@dataclass(slots=True)
class _Sums:
    planned: int
    done: int = 0
    reused: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    usd: float = 0.0
    unpriced: int = 0
    in_doubt: int = 0


class Tracker:
    """Adds up what lands and gives snapshots.

    Parameters
    ----------
    execution_id
        Of which execution.
    planned
        Trials by arm, in the plan's order.
    time
        The loop's clock.
    endpoints
        Says what holds calls back now.
    """

    def __init__(
        self,
        execution_id: str,
        planned: Mapping[str, int],
        time: Callable[[], float],
        endpoints: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self.state: State = "running"
        self.reason = ""
        self._execution_id = execution_id
        self._arms = {arm: _Sums(count) for arm, count in planned.items()}
        self._errors: Counter[str] = Counter()
        self._time = time
        self._endpoints = endpoints
        self._began = time()
        self._ended: float | None = None
        # When the last ones of this run landed, after when it began: the pace.
        self._landed = deque([self._began], maxlen=PACE_OF)

    def add(self, trial: Trial, scores: Iterable[Score] = (), *, earlier: bool = False) -> None:
        """Take in a trial and its scores; `earlier`: it landed in a run before this one."""
        if not earlier:
            self._landed.append(self._time())
        self._count(trial, scores, 1)

    def remove(self, trial: Trial) -> None:
        """Take out a failed trial that is asked again: its successor carries its attempts."""
        self._count(trial, (), -1)

    def _count(self, trial: Trial, scores: Iterable[Score], sign: int) -> None:
        sums = self._arms[trial.arm]
        sums.done += sign
        if trial.status == "error":
            sums.failed += sign
            self._errors[trial.error_kind or "unknown"] += sign
        if trial.source == "call":
            if trial.usage is not None:
                sums.tokens_in += sign * trial.usage.tokens_in
                sums.tokens_out += sign * trial.usage.tokens_out
            sums.usd += sign * spent_usd(trial)
            sums.unpriced += sign * (trial.cost_usd is None)
            sums.in_doubt += sign * trial.in_doubt
        else:
            sums.reused += sign
        self.add_scores(trial.arm, scores)

    def add_scores(self, arm: str, scores: Iterable[Score]) -> None:
        """Take in scores of a trial that counts already."""
        sums, scores = self._arms[arm], list(scores)
        sums.usd += judges_usd(scores)
        for score in scores:
            sums.unpriced += any(attempt.cost_usd is None for attempt in score.attempts)

    def end(self, state: State, reason: str = "") -> None:
        """Say how it ended; the first word counts."""
        if self.state == "running":
            self.state, self.reason = state, str(redact(reason))

    def again(self, reason: str) -> None:
        """Say anew why the budget ended it; another end stays as it is."""
        if self.state == "budget":
            self.reason = str(redact(reason))

    def finish(self) -> None:
        """Stop the clock."""
        self._ended = self._time()

    def snapshot(self) -> Progress:
        """Return where it stands now."""
        arms = tuple(
            ArmProgress(arm=name, **{key: getattr(sums, key) for key in _Sums.__slots__})
            for name, sums in self._arms.items()
        )
        totals: dict[str, Any] = {key: sum(getattr(arm, key) for arm in arms) for key in _Sums.__slots__}
        elapsed = (self._time() if self._ended is None else self._ended) - self._began
        left_over = totals["planned"] - totals["done"]
        return Progress(
            execution_id=self._execution_id,
            state=self.state,
            reason=self.reason,
            errors={kind: count for kind, count in self._errors.items() if count},
            elapsed_s=elapsed,
            left_s=self._left_s(left_over, totals["planned"]) if self.state == "running" else None,
            arms=arms,
            endpoints=tuple(self._endpoints()) if self.state == "running" else (),
            **totals,
        )

    def _left_s(self, left_over: int, planned: int) -> float | None:
        landed = len(self._landed) - 1
        if landed < max(1, min(ENOUGH_LANDED, planned // 4)):
            return None
        return (self._time() - self._landed[0]) / landed * left_over


def judges_usd(scores: Iterable[Score]) -> float:
    """Return the known part of what the judges' calls cost, in USD."""
    return math.fsum(attempt.cost_usd or 0.0 for score in scores for attempt in score.attempts)


def spent_usd(trial: Trial) -> float:
    """Return the known part of what a trial's own attempts cost, in USD."""
    if trial.cost_usd is not None:
        return trial.cost_usd
    return math.fsum(attempt.cost_usd or 0.0 for attempt in trial.attempts)
