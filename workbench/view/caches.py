"""The cards of a semantic cache: its curve, the safe threshold, and what it makes of each arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.semantic.study import MEANING
from workbench.view import figures
from workbench.view.fragments import card, details, numbers, paragraph, picture, table
from workbench.view.plots.cache import cache_frontier, cache_rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.semantic.curve import CacheCurve
    from workbench.semantic.study import CacheStudy
    from workbench.semantic.threshold import Safe

__all__ = [
    "MOST_PAIRS",
    "MOST_ROWS",
    "cache_curve_card",
    "cache_study_card",
    "pairs_table",
    "safe_card",
    "threshold_numbers",
    "worth_table",
]

MOST_ROWS = 12
"""Thresholds that a card writes out; `.frame` has all."""

MOST_PAIRS = 20
"""Pairs that a card or an explorer writes out, wrong ones first; `pairs` has all."""


def _between(row: pd.Series, low: str, high: str, write: Callable[[float], str]) -> str:
    return figures.span(write(row[low]), write(row[high]))


def _share(value: float) -> str:
    return figures.share(value, 2)


def curve_table(curve: CacheCurve) -> pd.DataFrame:
    """Return some thresholds of a curve, both ends among them, as written figures."""
    places = np.unique(np.linspace(0, len(curve.table) - 1, MOST_ROWS).round().astype(int))
    return pd.DataFrame(
        [
            {
                "cosine": f"{row['threshold']:g}",
                "served": figures.share(row["hit_rate"]),
                "exact": figures.count(row["exact_hits"]),
                "semantic": figures.count(row["semantic_hits"]),
                "wrong": figures.count(row["wrong"]),
                "not known": figures.count(row["unknown"]),
                "wrong ÷ all": _between(row, "wrong_of_all", "wrong_of_all_high", _share),
                "wrong ÷ hits": _between(row, "wrong_of_hits", "wrong_of_hits_high", figures.share),
            }
            for _, row in curve.table.iloc[places].iterrows()
        ]
    )


def threshold_numbers(study: CacheStudy, threshold: float) -> list[tuple[str, str, str]]:
    """Return the key figures of a study at one of its thresholds as (name, figure, note)."""
    curve = study.curve
    row = curve.table.iloc[int((curve.table["threshold"] - threshold).abs().argmin())]
    asked = f"of {int(row['requests']):,} requests"
    return [
        ("Served", figures.share(row["hit_rate"]), asked),
        ("Wrong", figures.count(row["wrong"]), f"{figures.share(row['wrong_of_all'], 2)} of all"),
        ("Not known", figures.count(row["unknown"]), "right or wrong"),
        ("Wrong of served", _between(row, "wrong_of_hits", "wrong_of_hits_high", figures.share), ""),
        ("Never cached", figures.count(row["uncacheable"]), "personal or volatile"),
    ]


def worth_table(study: CacheStudy, threshold: float) -> pd.DataFrame:
    """Return what a cache makes of each arm at a threshold, as written figures; empty without arms."""
    if study.economics is None:
        return pd.DataFrame()
    told = study.economics.wrong_usd is not None
    rows = []
    for row in study.economics.at(threshold).to_dict("records"):
        written = {
            "arm": row["arm"],
            study.score or "quality": figures.interval(
                *(
                    figures.quality(row[f"quality_{end}"], as_share=study.points)
                    for end in ("mean", "low", "high")
                )
            ),
            "USD per 1,000": figures.usd(row["cost_usd_per_1000"]),
            "saved": figures.usd(row["saved_usd_per_1000"]),
            "pays from": figures.share(row["break_even_hit_rate"]),
        }
        if told:
            written["net of wrong answers"] = figures.usd(row["net_usd_per_1000"])
        rows.append(written)
    return pd.DataFrame(rows)


def pairs_table(study: CacheStudy, threshold: float, most: int = MOST_PAIRS) -> pd.DataFrame:
    """Return who would be served by whom, wrong and unknown ones first, then the least similar."""
    pairs = study.pairs(threshold)
    pairs = pairs[~pairs["exact"]]
    rank = pairs["truth"].map({"wrong": 0, "unknown": 1, "right": 2})
    shown = pairs.assign(rank=rank).sort_values(["rank", "cosine"]).head(most)
    return pd.DataFrame(
        {
            "truth": shown["truth"].astype(str),
            "cosine": [f"{cosine:.3f}" for cosine in shown["cosine"]],
            "asked": shown["text"].astype(str),
            "answered as if asked": shown["served_text"].astype(str),
        }
    )


def _rates_words(curve: CacheCurve, safe: Safe | None = None) -> str:
    each = [
        f"cosine {row['cosine']}: {row['served']} served, wrong {row['wrong ÷ all']} of all"
        for row in curve_table(curve).to_dict("records")
    ]
    chosen = "" if safe is None else f" Safe: {safe.summary}."
    return f"Hit rate and wrong rate by threshold.{chosen} " + "; ".join(each)


def _frontier_words(study: CacheStudy) -> str:
    each = [
        ", ".join(f"{name} {value}" for name, value in row.items())
        for row in worth_table(study, study.shown_at).to_dict("records")
    ]
    return f"Quality against cost with a cache at cosine {study.shown_at:g}. " + "; ".join(each)


def cache_curve_card(curve: CacheCurve) -> str:
    """Return a curve: the picture, and some of its thresholds in figures."""
    return card(
        "Semantic cache",
        curve.log,
        paragraph(curve.summary),
        picture(cache_rates(curve), _rates_words(curve)),
        table(curve_table(curve), "By threshold"),
    )


def safe_card(safe: Safe) -> str:
    """Return the choice of a threshold for a budget, or that none is safe."""
    found = safe.threshold is not None
    heading = f"Safe threshold: {safe.threshold:g}" if found else "No safe threshold"
    return card(
        "Semantic cache", heading, paragraph(safe.summary), tone="neutral" if safe.confirmed else "bad"
    )


def rendered_table(study: CacheStudy) -> pd.DataFrame:
    """Return what the cache would do if the rendered prompt were embedded, as written figures."""
    return pd.DataFrame(
        [
            {
                "variant": row["variant"],
                "embedded": row["embedded"],
                "requests": figures.count(row["requests"]),
                "two requests' cosine (median)": figures.MISSING
                if figures.missing(row["cosine_median"])
                else f"{row['cosine_median']:.2f}",
                "served": figures.share(row["hit_rate"]),
                "wrong ÷ all": figures.share(row["wrong_of_all"]),
                "reason": row["reason"],
            }
            for row in study.rendered.to_dict("records")
        ]
    )


def cache_study_card(study: CacheStudy) -> str:
    """Return a study of a cache: rates, the choice, the arms as curves, the pairs behind, what to embed."""
    at, safe = study.shown_at, study.safe
    none = f"no threshold is safe for {safe.budget:.2%}"
    heading = f"{study.curve.log}: " + (none if safe.threshold is None else f"cosine {at:g} is safe")
    arms = worth_table(study, at)
    return card(
        "Semantic cache",
        heading,
        numbers(threshold_numbers(study, at)),
        paragraph(study.choice),
        paragraph(MEANING, faint=True),
        picture(cache_rates(study.curve, safe), _rates_words(study.curve, safe)),
        "" if arms.empty else picture(cache_frontier(study), _frontier_words(study)),
        table(arms, f"Arms at cosine {at:g}"),
        table(rendered_table(study), f"If the rendered prompt were embedded, at cosine {at:g}"),
        details("By threshold", table(curve_table(study.curve))),
        details(
            f"Served by another question's answer at cosine {at:g}, wrong ones first",
            table(pairs_table(study, at)),
        ),
        tone="neutral" if safe.confirmed else "bad",
    )
