"""Repricing: what a run that is over would have cost by another book, or under a scenario. Asks nobody."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from workbench.core.records import Attempt, ModelRef, Score, Trial, Usage
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import PlanError
from workbench.plan.prices import PriceBook, total_usd

__all__ = ["Repricing", "Scenario", "reprice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A way in which the same calls could have been made; the default is: as they were.

    Parameters
    ----------
    service_tier
        ``batch``, ``flex`` or another: every attempt at that tier's price, unknown where the book has none.
        None: the tier it was billed at.
    cached_share
        Share of each attempt's input, in [0, 1], that the provider's cache would have held. What was read
        from it anyway stays.
    semantic_hits
        Share of an arm's requests, in [0, 1], that a semantic cache would have answered: these cost nothing
        but their embedding. A mean over requests of equal cost: it does not know which ones.
    embedding_usd
        What it costs to embed one request, in USD; 0 for a model on this machine.

    Raises
    ------
    PlanError
        Where a share is not in [0, 1], or a cost is negative.
    """

    service_tier: str | None = None
    cached_share: float = 0.0
    semantic_hits: float = 0.0
    embedding_usd: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        for name in ("cached_share", "semantic_hits"):
            if not 0 <= getattr(self, name) <= 1:
                raise PlanError("scenario", f"{name} is {getattr(self, name)!r}", "Give a share from 0 to 1.")
        if not (math.isfinite(self.embedding_usd) and self.embedding_usd >= 0):
            raise PlanError("scenario", f"embedding_usd is {self.embedding_usd!r}", "Give at least 0.")

    @property
    def words(self) -> str:
        """What it supposes, in words; empty where nothing."""
        parts = [f"all at tier {self.service_tier}"] if self.service_tier else []
        parts += [f"{self.cached_share:.0%} of input from the prompt cache"] if self.cached_share else []
        parts += [f"{self.semantic_hits:.0%} of requests from a semantic cache"] if self.semantic_hits else []
        parts += [f"{self.embedding_usd:g} USD to embed a request"] if self.embedding_usd else []
        return ", ".join(parts)

    def apply(self, attempt: Attempt) -> Attempt:
        """Return the attempt as it would have been billed."""
        usage = attempt.usage
        if usage is not None and self.cached_share:
            cached = max(usage.tokens_in_cached, math.floor(self.cached_share * usage.tokens_in))
            written = min(usage.tokens_in_cache_write, usage.tokens_in - cached)
            usage = replace(
                usage,
                tokens_in_cached=cached,
                tokens_in_cache_write=written,
                tokens_in_uncached=usage.tokens_in - cached - written,
            )
        return replace(attempt, usage=usage, service_tier=self.service_tier or attempt.service_tier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repricing(Shown):
    """The same run at two prices.

    Parameters
    ----------
    table
        One row an arm: arm, requests, usd_before, usd_after, change, usd_per_1000_before, usd_per_1000_after,
        judges_usd_before, judges_usd_after, unpriced_before, unpriced_after. The last two count requests
        whose cost is unknown; sums and means are of the others, and NaN where there are none. `change` is the
        share by which the requests known at both prices became dearer.
    book
        Id of the new prices.
    scenario
        What was supposed.
    notes
        What the figures do not know.
    """

    table: pd.DataFrame
    book: str
    scenario: Scenario
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.table

    @property
    def summary(self) -> str:
        """Prices, scenario, and each arm's cost per 1,000 requests before and after."""
        head = f"Prices: {self.book}" + (f"; supposing {self.scenario.words}" if self.scenario.words else "")
        lines = [
            f"{row['arm']}: {_usd(row['usd_per_1000_before'])} → {_usd(row['usd_per_1000_after'])}"
            + " per 1,000 requests"
            + ("" if math.isnan(row["change"]) else f" ({row['change']:+.1%})")
            + (f"; {row['unpriced_after']:,} of {row['requests']:,} unknown" if row["unpriced_after"] else "")
            for row in self.table.to_dict("records")
        ]
        return "\n".join([head, *lines, *self.notes])


def _usd(amount: float) -> str:
    return "unknown" if math.isnan(amount) else f"{amount:.4g} USD"


def reprice(
    rows: Iterable[Trial] | pd.DataFrame,
    book: PriceBook,
    scenario: Scenario | None = None,
    *,
    scores: Iterable[Score] = (),
    refs: Iterable[ModelRef] = (),
) -> Repricing:
    """Return what a run's requests cost, and what they would cost by another book or under a scenario.

    Every trial counts, also one that an earlier call answered: it is the cost of the request, not what this
    execution paid.

    Parameters
    ----------
    rows
        Trials with their attempts (``run.trials``), or a trial table (``bench.load``). A table has one sum of
        tokens a trial, which is priced as one call at the standard tier.
    book
        The new prices.
    scenario
        What to suppose; None: nothing.
    scores
        The trials' scores, for what judges cost; the scenario is not applied to judges.
    refs
        The models, by whose origin prices are found; one not among them goes by its name
        ``provider/model``.
    """
    scenario = scenario or Scenario()
    known = {ref.name: ref for ref in refs}
    notes: list[str] = []
    calls: list[_Call] = []
    if isinstance(rows, pd.DataFrame):
        calls += _from_table(rows, known, notes)
    else:
        trials = list(rows)
        for trial in trials:
            ref = _ref(trial.model, known)
            calls.append(_Call(arm=trial.arm, ref=ref, attempts=_made(trial, ref), usd=trial.cost_usd))
        arms = {trial.trial_id: trial.arm for trial in trials}
        calls += [
            _Call(
                arm=arms[score.trial_id],
                ref=_ref(str(score.rater), known),
                attempts=score.attempts,
                usd=total_usd(score.attempts),
                judge=True,
            )
            for score in scores
            if score.attempts and score.trial_id in arms
        ]
    names = dict.fromkeys(call.arm for call in calls)
    table = pd.DataFrame(
        [_row(name, [call for call in calls if call.arm == name], book, scenario) for name in names]
    )
    return Repricing(table=table, book=book.id, scenario=scenario, notes=tuple(notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A request or a judgement, and what was paid for it."""

    arm: str
    ref: ModelRef
    attempts: tuple[Attempt, ...]
    usd: float | None
    judge: bool = False

    def again(self, book: PriceBook, scenario: Scenario) -> float | None:
        """Return its cost in USD by the book under the scenario; None where unknown."""
        if self.judge:
            return total_usd(tuple(book.price(made, self.ref) for made in self.attempts))
        if not self.attempts:
            return self.usd
        cost = total_usd(tuple(book.price(scenario.apply(made), self.ref) for made in self.attempts))
        if cost is None:
            return None
        return cost * (1 - scenario.semantic_hits) + scenario.embedding_usd


def _made(trial: Trial, ref: ModelRef) -> tuple[Attempt, ...]:
    """Return a trial's attempts; where its model told of none, what is known of the reply as one."""
    if trial.attempts or trial.usage is None:
        return trial.attempts
    return (_one_attempt(ref, trial.model_served, trial.started_at, trial.usage),)


def _one_attempt(ref: ModelRef, served: str | None, at: float | None, usage: Usage | None) -> Attempt:
    # A price that depends on the day is today's where the day is not known.
    at = time.time() if at is None else at
    return Attempt(model=ref.model, model_served=served, started_at=at, latency_s=0.0, usage=usage)


def _ref(name: str, known: dict[str, ModelRef]) -> ModelRef:
    if name in known:
        return known[name]
    provider, _, model = name.partition("/")
    return ModelRef(name=name, model=model or name, origin=provider)


def _from_table(frame: pd.DataFrame, known: dict[str, ModelRef], notes: list[str]) -> Iterator[_Call]:
    """Yield a table's rows as calls of one attempt; add to the notes what that leaves out."""
    table = validate(frame)
    notes.append(
        "From a trial table: every request priced as one call at the tier of the scenario, else standard."
    )
    several = int((table["attempts"] > 1).sum())
    if several:
        notes.append(f"{several:,} requests took several attempts: their tokens are priced as one call's.")
    for row in table.to_dict("records"):
        served, at = row["model_served"], row["started_at"]
        ref = _ref(str(row["model"]), known)
        usage = _usage(row)
        attempt = _one_attempt(
            ref, served if isinstance(served, str) else None, None if pd.isna(at) else at.timestamp(), usage
        )
        usd = None if pd.isna(row["cost_usd"]) else float(row["cost_usd"])
        # Without tokens there is nothing to price anew: free stays free, unknown stays unknown.
        yield _Call(arm=str(row["arm"]), ref=ref, attempts=() if usage is None else (attempt,), usd=usd)


def _usage(row: Mapping[Any, Any]) -> Usage | None:
    if pd.isna(row["tokens_in_uncached"]) or pd.isna(row["tokens_out"]):
        return None
    names = Usage.__dataclass_fields__
    return Usage(**{name: 0 if pd.isna(row[name]) else int(row[name]) for name in names})


def _row(arm: str, calls: Sequence[_Call], book: PriceBook, scenario: Scenario) -> dict[str, Any]:
    own = [call for call in calls if not call.judge]
    judges = [call for call in calls if call.judge]
    before, after = [call.usd for call in own], [call.again(book, scenario) for call in own]
    both = [pair for pair in zip(before, after, strict=True) if None not in pair]
    old, new = _sum([pair[0] for pair in both]), _sum([pair[1] for pair in both])
    return {
        "arm": arm,
        "requests": len(own),
        "usd_before": _sum(before),
        "usd_after": _sum(after),
        "change": new / old - 1 if old else math.nan,
        "usd_per_1000_before": _per_1000(before),
        "usd_per_1000_after": _per_1000(after),
        "judges_usd_before": _sum([call.usd for call in judges]),
        "judges_usd_after": _sum([call.again(book, scenario) for call in judges]),
        "unpriced_before": before.count(None),
        "unpriced_after": after.count(None),
    }


def _sum(costs: Sequence[float | None]) -> float:
    """Return the sum of what is known; NaN where nothing is."""
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if known else math.nan


def _per_1000(costs: Sequence[float | None]) -> float:
    known = len(costs) - costs.count(None)
    return 1000 * _sum(costs) / known if known else math.nan
