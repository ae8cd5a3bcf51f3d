"""How a cell and what came of it become a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

from workbench.core.protocols import Scorer
from workbench.core.records import Attempt, ModelRef, Reply, Score, Source, Trial, Usage
from workbench.core.redact import redact
from workbench.errors import ModelError
from workbench.plan.plan import Cell, Plan
from workbench.plan.prices import PriceBook

__all__ = ["answered", "failed", "judges_of", "price_scores"]


def _identity(plan: Plan, cell: Cell) -> dict[str, Any]:
    return {
        "trial_id": cell.trial_id,
        "execution_id": plan.execution_id,
        "study": plan.study,
        "arm": cell.arm.name,
        "variant": cell.arm.variant.name,
        "variant_hash": cell.arm.variant.hash,
        "model": cell.arm.model.name,
        "params": cell.arm.params,
        "case_id": cell.case.case_id,
        "case": cell.case.values,
        "expected": cell.case.expected,
        "repeat": cell.repeat,
        "sample": plan.sample,
        "workload": plan.workload,
        "call_key": cell.key,
        "messages": cell.request.messages,
        "price_book": plan.book.id,
    }


def _usage(attempts: Sequence[Attempt]) -> Usage | None:
    known = [attempt.usage for attempt in attempts if attempt.usage is not None]
    return reduce(add, known) if known else None


def _total(attempts: Sequence[Attempt]) -> float | None:
    costs = [attempt.cost_usd for attempt in attempts]
    if any(cost is None for cost in costs):
        return None
    return math.fsum(cost for cost in costs if cost is not None)


def answered(
    plan: Plan,
    cell: Cell,
    reply: Reply,
    *,
    source: Source,
    in_doubt: bool = False,
    before: tuple[Attempt, ...] = (),
) -> Trial:
    """Return the row of a cell that got a reply.

    Parameters
    ----------
    source
        Whether this trial's own call brought it.
    in_doubt
        Whether an earlier process began the same call and never finished it.
    before
        Attempts of earlier runs for this cell, already priced.
    """
    made = tuple(plan.book.price(attempt, cell.arm.model) for attempt in reply.attempts)
    attempts = before + made
    last = made[-1] if made else None
    if made:
        usage, cost = _usage(attempts), _total(attempts)
    elif reply.source in ("semantic", "guard"):  # nothing was asked: no price needs to be known
        usage, cost = reply.usage, 0.0
    else:  # a model that tells of no attempts: what it tells of the reply must do
        usage, cost = reply.usage, plan.book.cost_usd(cell.arm.model, reply.usage)
    text = reply.answer if reply.answer or reply.refusal is None else reply.refusal
    return Trial(
        **_identity(plan, cell),
        status=reply.status,
        model_served=reply.model_served,
        output=redact(text) or None,
        finish_reason=reply.finish_reason,
        usage=usage,
        cost_usd=cost,
        attempts=attempts,
        source=source,
        similarity=reply.similarity,
        source_call=reply.source_call,
        in_doubt=in_doubt,
        started_at=attempts[0].started_at if attempts else None,
        latency_s=None if last is None else last.latency_s,
        wait_s=None if last is None else last.wait_s,
        ttft_s=None if last is None else last.ttft_s,
    )


def failed(
    plan: Plan,
    cell: Cell,
    error: ModelError,
    *,
    in_doubt: bool = False,
    before: tuple[Attempt, ...] = (),
) -> Trial:
    """Return the row of a cell whose call failed; the parameters are those of `answered`."""
    attempts = before + tuple(plan.book.price(attempt, cell.arm.model) for attempt in error.attempts)
    last = attempts[-1] if attempts else None
    return Trial(
        **_identity(plan, cell),
        status="error",
        model_served=None if last is None else last.model_served,
        error_kind=error.kind,
        error=redact(str(error)),
        usage=_usage(attempts),
        cost_usd=_total(attempts),
        attempts=attempts,
        in_doubt=in_doubt,
        started_at=attempts[0].started_at if attempts else None,
        latency_s=None if last is None else last.latency_s,
        wait_s=None if last is None else last.wait_s,
    )


def judges_of(scorers: Sequence[Scorer]) -> dict[str, tuple[ModelRef, ...]]:
    """Return by name the scorers that ask models, and which: such a scorer has ``refs``, or one ``ref``."""
    found = {}
    for scorer in scorers:
        refs = getattr(scorer, "refs", None) or (getattr(scorer, "ref", None),)
        found[scorer.name] = tuple(ref for ref in refs if isinstance(ref, ModelRef))
    return {name: refs for name, refs in found.items() if refs}


def price_scores(scores: Sequence[Score], scorers: Sequence[Scorer], book: PriceBook) -> list[Score]:
    """Return the scores with the judges' calls priced."""
    refs = judges_of(scorers)
    priced = []
    for score in scores:
        asked = refs.get(score.scorer)
        if score.attempts and asked:  # of several judges, each attempt names its own
            score = replace(score, attempts=tuple(book.price(one, asked[0]) for one in score.attempts))
        priced.append(score)
    return priced
