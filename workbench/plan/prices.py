"""Prices: declared ones, then the bundled data of genai-prices; what neither knows is unknown, never $0.

Of each token class only its own price counts: a cached token is billed as cached. The bundled data is that of
the installed package; nothing is fetched.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from workbench.core.identity import digest
from workbench.core.records import NO_TOKEN, Attempt, ModelRef, Trial, Usage
from workbench.errors import PlanError

__all__ = ["Price", "PriceBook"]

STANDARD_TIERS = (None, "default", "standard", "auto")
MTOK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A declared price, in USD per million tokens.

    Parameters
    ----------
    in_per_mtok, out_per_mtok
        Input and output, at least 0; reasoning tokens are output.
    cached_in_per_mtok, cache_write_per_mtok
        Input read from, and written to, the provider's cache; None: billed as any other input.
    note
        Where the price comes from.

    Raises
    ------
    PlanError
        Where a price is not a number of at least 0.
    """

    in_per_mtok: float
    out_per_mtok: float
    cached_in_per_mtok: float | None = None
    cache_write_per_mtok: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no price."""
        for name in ("in_per_mtok", "out_per_mtok", "cached_in_per_mtok", "cache_write_per_mtok"):
            value = getattr(self, name)
            if value is None and name.startswith("cache"):
                continue
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value < 0:
                raise PlanError("price", f"{name} is {value!r}", "Give USD per million tokens, at least 0.")

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Price:
        """Return the price written in a study file.

        Raises
        ------
        PlanError
            Where a name is unknown or missing, or a value is no price.
        """
        known = [item.name for item in fields(cls)]
        for name in mapping:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(known)}."
                raise PlanError("price", f"there is no field {name!r}", hint)
        for name in ("in_per_mtok", "out_per_mtok"):
            if name not in mapping:
                raise PlanError("price", f"{name} is missing", "Give both in_per_mtok and out_per_mtok.")
        return cls(**dict(mapping))

    def cost_usd(self, usage: Usage) -> float:
        """Return the cost of this usage in USD."""
        cached = self.in_per_mtok if self.cached_in_per_mtok is None else self.cached_in_per_mtok
        written = self.in_per_mtok if self.cache_write_per_mtok is None else self.cache_write_per_mtok
        return (
            usage.tokens_in_uncached * self.in_per_mtok
            + usage.tokens_in_cached * cached
            + usage.tokens_in_cache_write * written
            + usage.tokens_out * self.out_per_mtok
        ) / MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """What tokens cost.

    Parameters
    ----------
    declared
        Prices by a model's name, as a person writes it or as its endpoint knows it; they win over the
        bundled data.
    date
        The day whose prices count, ISO 8601; empty: an attempt's own day, or today.
    id
        Which prices these are: version of the data, digest of the declared, day if one is fixed.
    """

    declared: Mapping[str, Price] = field(default_factory=dict)
    date: str = ""
    id: str = field(init=False)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Mapping[str, Any]], *, date: str = "") -> PriceBook:
        """Return the book whose declared prices are written in a study file, by model."""
        return cls(declared={name: Price.from_mapping(price) for name, price in mapping.items()}, date=date)

    def __post_init__(self) -> None:
        """Reckon the id once: every attempt carries it."""
        parts = [f"genai-prices {version('genai-prices')}"]
        if self.declared:
            content = {name: asdict(price) for name, price in self.declared.items()}
            parts.append(f"declared {digest(content)[:12]}")
        if self.date:
            try:
                datetime.fromisoformat(self.date)
            except ValueError:
                raise PlanError(
                    "price book", f"its date is {self.date!r}", "Write it as 2026-01-31."
                ) from None
            parts.append(self.date)
        object.__setattr__(self, "id", " + ".join(parts))

    def cost_usd(
        self,
        model: ModelRef | str,
        usage: Usage | None,
        service_tier: str | None = None,
        at: float | None = None,
    ) -> float | None:
        """Return the cost in USD; None where the price or the usage is unknown.

        Parameters
        ----------
        model
            A model, or its name ``provider/model``. A model is looked up by its origin, since another
            endpoint may sell the same name at another price.
        service_tier
            As the endpoint reports it; a tier other than the standard one whose price is not in the data
            is unknown.
        at
            Seconds since the epoch: prices of that moment; None: the book's date, or now.
        """
        if usage is None:
            return None
        names = (model,) if isinstance(model, str) else (model.name, model.model)
        for name in names:
            if name in self.declared:
                return self.declared[name].cost_usd(usage) if service_tier in STANDARD_TIERS else None
        return self._bundled(model, usage, service_tier, at)

    def _bundled(
        self, model: ModelRef | str, usage: Usage, service_tier: str | None, at: float | None
    ) -> float | None:
        from genai_prices import Usage as BundledUsage
        from genai_prices.data_snapshot import get_snapshot

        if isinstance(model, str):
            provider, _, name = model.partition("/")
            where: tuple[str | None, str | None] = (provider, None) if name else (None, None)
            name = name or model
        else:
            # An origin is a URL; of a model known by its name only, it is the provider's.
            where = (None, model.origin) if "://" in model.origin else (model.origin, None)
            name = model.model
        when = self._moment(at)
        try:
            seller, known = get_snapshot().find_provider_model(name, None, *where)
        except LookupError:
            return None
        context = _context(known, service_tier, when)
        if context is None:
            return None
        price = known.get_prices(when, context)
        # A model that is listed without a price would otherwise cost 0.
        if (price.input_mtok is None and usage.tokens_in) or (price.output_mtok is None and usage.tokens_out):
            return None
        billed = BundledUsage(
            input_tokens=usage.tokens_in,
            cache_read_tokens=usage.tokens_in_cached,
            cache_write_tokens=usage.tokens_in_cache_write,
            output_tokens=usage.tokens_out,
        )
        result = known.calc_price(billed, seller, genai_request_timestamp=when, price_context=context)
        return float(result.total_price)

    def _moment(self, at: float | None) -> datetime:
        if self.date:
            return datetime.fromisoformat(self.date).replace(tzinfo=UTC)
        return datetime.now(tz=UTC) if at is None else datetime.fromtimestamp(at, tz=UTC)

    def price(self, attempt: Attempt, model: ModelRef) -> Attempt:
        """Return the attempt with its cost by this book.

        Parameters
        ----------
        model
            The model that was asked; an attempt that names another (a fallback, a judge) goes by its own. The
            price of what was served counts; where the book does not know it, that of what was requested.

        Notes
        -----
        An attempt that failed without reporting usage costs nothing known: its cost is None where the
        endpoint may have worked on it (a timeout, a broken connection, a malformed reply), and 0 where it
        refused with a status or was never sent, which a usage of no token says.
        """
        model = attempt.ref or model
        if attempt.error_kind is not None and attempt.usage in (None, NO_TOKEN):
            unknown = attempt.http_status is None and attempt.error_kind in ("timeout", "connection")
            unknown = unknown or attempt.error_kind in ("malformed", "canceled", "internal")
            unknown = unknown and attempt.usage is None
            return replace(attempt, cost_usd=None if unknown else 0.0, price_book=self.id)
        asked = (
            model if attempt.model == model.model else replace(model, name=attempt.model, model=attempt.model)
        )
        cost = None
        declared = asked.name in self.declared or asked.model in self.declared
        if attempt.model_served is not None and not declared:
            served = replace(asked, name=attempt.model_served, model=attempt.model_served)
            cost = self.cost_usd(served, attempt.usage, attempt.service_tier, attempt.started_at)
        if cost is None:
            cost = self.cost_usd(asked, attempt.usage, attempt.service_tier, attempt.started_at)
        return replace(attempt, cost_usd=cost, price_book=self.id)

    def price_trial(self, trial: Trial, model: ModelRef) -> Trial:
        """Return the trial with each attempt and their sum priced by this book; None where any is unknown."""
        attempts = tuple(self.price(attempt, model) for attempt in trial.attempts)
        return replace(trial, attempts=attempts, cost_usd=total_usd(attempts), price_book=self.id)


def total_usd(attempts: tuple[Attempt, ...]) -> float | None:
    """Return the sum of the attempts' costs in USD; None where any of them, or every one, is unknown."""
    costs = [attempt.cost_usd for attempt in attempts]
    if not costs or any(cost is None for cost in costs):
        return None
    return math.fsum(cost for cost in costs if cost is not None)


def _context(known: Any, service_tier: str | None, when: datetime) -> dict[str, str] | None:
    """Return the bundled data's words for a tier; None where the model has no price for it."""
    if service_tier in STANDARD_TIERS:
        return {"service_tier": "default"}
    context = {"processing": "batch"} if service_tier == "batch" else {"service_tier": str(service_tier)}
    for variant in known.price_variants or ():
        active = variant.constraint is None or variant.constraint.active(when)
        if active and variant.when.items() <= context.items():
            return context
    return None
