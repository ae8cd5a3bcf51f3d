"""`bench.cache_study`: what a semantic cache would do with a log of requests, and to each arm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.analyze.compare import Comparison
from workbench.core.protocols import Embedder
from workbench.define.variant import Variant
from workbench.errors import InputError
from workbench.semantic.approximate import EXACT_UP_TO, approximate_neighbors
from workbench.semantic.curve import THRESHOLDS, CacheCurve, cache_curve
from workbench.semantic.economics import cache_economics
from workbench.semantic.embed import SentenceEmbedder
from workbench.semantic.neighbors import Neighbors, neighbors
from workbench.semantic.policy import CachePolicy
from workbench.semantic.study import RENDERED_COLUMNS, CacheStudy, answer_groups, storable_share
from workbench.semantic.threshold import safe_threshold
from workbench.semantic.traffic import Traffic
from workbench.store.embeddings import EmbeddingStore

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["RENDERED", "cache_study"]

RENDERED = 100
"""Requests whose rendered prompts are embedded, to show what that would do."""


def cache_study(
    bench: Bench,
    traffic: Traffic | None = None,
    result: Comparison | None = None,
    *,
    text: str = "text",
    thresholds: Sequence[float] = THRESHOLDS,
    policy: CachePolicy | None = None,
    budget: float = 0.01,
    permutations: int = 20,
    rendered: int = RENDERED,
    lookup_usd_per_1000: float = 0.0,
    lookup_s: float = 0.0,
    wrong_usd: float | None = None,
    embedder: Embedder | None = None,
    seed: int = 1,
) -> CacheStudy:
    """Replay a log through a semantic cache, choose a threshold for a budget, and say what it is worth.

    Nothing is asked of a model. Vectors are kept in the project's folder: the same log again embeds nothing.

    Parameters
    ----------
    traffic
        The log. There is no cache curve without one: evaluation cases are chosen not to repeat, and repeats
        are the same question on purpose, so neither says how often people ask the same.
    result
        Of `bench.compare`: its arms become curves of cost and quality. None: the log alone.
    text
        The variable of the variants' templates that the log's texts fill.
    thresholds
        The sweep, in raw cosine.
    policy
        Of the cache; None: store on a miss, for ever, without limit.
    budget
        Wrong answers ÷ all requests that may be, in (0, 1).
    permutations
        How many other orders of the log are replayed, for the range due to order.
    rendered
        How many of the first cacheable requests are embedded as rendered prompts too, for comparison; 0:
        none. Each is as long as a prompt.
    lookup_usd_per_1000, lookup_s, wrong_usd
        As `cache_economics` takes them.
    embedder
        Makes the vectors; None: the packaged MiniLM.
    seed
        Of permutations, of the split on which the threshold is chosen, and of who fails.

    Raises
    ------
    InputError
        Without a log, or where a figure is out of range.
    """
    log = _checked(traffic)
    with EmbeddingStore(bench.home.vectors) as store:
        encoder = embedder or SentenceEmbedder(store=store)
        near = _near(encoder, log, min(thresholds))
        curve = cache_curve(log, near, thresholds, policy, permutations=permutations, seed=seed)
        safe = safe_threshold(curve, answer_groups(log), budget, seed=seed)
        alone = CacheStudy(traffic=log, curve=curve, safe=safe, embedder=_name(encoder), recall=near.recall)
        if result is None:
            return alone
        curves = _by_arm(result.arms, log, near, curve, seed)
        own, first = _variants(bench, result), log.rows[log.cacheable].head(rendered)
        prompts = _rendered(own, text, first, alone.shown_at, encoder, policy)
    worth = cache_economics(
        result.arms,
        curves,
        lookup_usd_per_1000=lookup_usd_per_1000,
        lookup_s=lookup_s,
        wrong_usd=wrong_usd,
    )
    found = replace(alone, curves=curves, economics=worth, rendered=prompts)
    return replace(found, score=result.score, points=result.points)


def _checked(traffic: Traffic | None) -> Traffic:
    if not isinstance(traffic, Traffic):
        raise InputError(
            "cache study",
            "there is no cache curve without a traffic log: cases and repeats do not say what is asked twice",
            "Give a log: wb.Traffic.from_csv('traffic.csv', text=…, at=…, user=…, answer=…).",
        )
    return traffic


def _name(encoder: Embedder) -> str:
    return str(getattr(encoder, "model_id", type(encoder).__name__))


def _near(encoder: Embedder, traffic: Traffic, floor: float) -> Neighbors:
    vectors = encoder.embed(list(traffic.texts))
    if len(vectors) <= EXACT_UP_TO:
        return neighbors(vectors, traffic.partitions, floor=floor)
    return approximate_neighbors(vectors, traffic.partitions, floor=floor)


def _by_arm(
    arms: pd.DataFrame, traffic: Traffic, near: Neighbors, curve: CacheCurve, seed: int
) -> dict[str, CacheCurve]:
    """Return each arm's curve: one for all arms that fail equally often."""
    made = {0.0: curve}
    shares = {str(row["arm"]): float(row["error_share"]) for row in arms.to_dict("records")}
    for share in shares.values():
        if share not in made:
            kept = storable_share(len(traffic), share, seed)
            sweep = curve.table["threshold"].tolist()
            made[share] = cache_curve(traffic, near, sweep, curve.policy, storable=kept)
    return {arm: made[share] for arm, share in shares.items()}


def _variants(bench: Bench, result: Comparison) -> tuple[Variant, ...]:
    """Return the prompts of a comparison; none where it is of a loaded table."""
    known = bench.results.get(id(result))
    if known is None or known.run is None:
        return ()
    return tuple({arm.variant.name: arm.variant for arm in known.run.plan.arms}.values())


def _rendered(
    variants: Iterable[Variant],
    text: str,
    rows: pd.DataFrame,
    threshold: float,
    encoder: Embedder,
    policy: CachePolicy | None,
) -> pd.DataFrame:
    """Return what the cache would do with some requests, by their texts and by each variant's prompts."""
    found: list[dict[str, Any]] = []
    if rows.empty:
        return pd.DataFrame(found, columns=list(RENDERED_COLUMNS))
    plain = _replayed(rows, threshold, encoder, policy)
    for variant in variants:
        found.append({"variant": variant.name, "embedded": "text", **plain, "reason": ""})
        more = [name for name in variant.variables if name != text]
        if more:
            why = f"it needs {', '.join(more)}, which the log does not have"
            found.append({"variant": variant.name, "embedded": "rendered prompt", "reason": why})
            continue
        prompts = ["\n\n".join(each.content for each in variant.messages({text: t})) for t in rows["text"]]
        seen = _replayed(rows.assign(text=prompts), threshold, encoder, policy)
        found.append({"variant": variant.name, "embedded": "rendered prompt", **seen, "reason": ""})
    return pd.DataFrame(found, columns=list(RENDERED_COLUMNS))


def _replayed(
    rows: pd.DataFrame, threshold: float, encoder: Embedder, policy: CachePolicy | None
) -> dict[str, Any]:
    """Return rates at one threshold, and how near two different texts of the log are to each other."""
    log = Traffic.from_frame(rows, at="at_s", partition=["partition"], answer="answer", rules=())
    vectors = encoder.embed(list(log.texts))
    near = neighbors(vectors, log.partitions, floor=threshold)
    # Without a guard: the question is what the vectors tell apart.
    rule = None if policy is None else replace(policy, guard=None)
    row = cache_curve(log, near, [threshold], rule).table.iloc[0]
    cosines = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    rates = {name: row[name] for name in ("threshold", "hit_rate", "wrong_of_all", "wrong_of_hits")}
    return {
        "requests": len(log),
        **rates,
        "cosine_median": float(np.median(cosines)) if len(cosines) else np.nan,
    }
