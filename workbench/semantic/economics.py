"""What a cache is worth to each arm: cheaper, faster, and through wrong answers worse."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.semantic.curve import CacheCurve

__all__ = ["ECONOMICS_COLUMNS", "CacheEconomics", "cache_economics"]

ECONOMICS_COLUMNS = (
    "arm",
    "threshold",
    "hit_rate",
    "wrong_of_all",
    "wrong_of_all_high",
    "quality_mean",
    "quality_low",
    "quality_high",
    "cost_usd_per_1000",
    "cost_low",
    "cost_high",
    "saved_usd_per_1000",
    "saved_s_per_request",
    "break_even_hit_rate",
    "net_usd_per_1000",
)
"""Columns, USD per 1,000 requests. The row of threshold NaN is the arm without a cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEconomics(Shown):
    """Every arm as a curve over the threshold. Made by `cache_economics`.

    Parameters
    ----------
    table
        One row an arm and threshold, and one without a cache: `ECONOMICS_COLUMNS`.
    lookup_usd_per_1000, lookup_s
        What embedding and looking up costs each cacheable request.
    wrong_usd
        What one wrong answer costs; None: nobody said, and there is no net benefit.
    """

    table: pd.DataFrame
    lookup_usd_per_1000: float
    lookup_s: float
    wrong_usd: float | None

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm and threshold."""
        return self.table

    def at(self, threshold: float) -> pd.DataFrame:
        """Return one row an arm at the nearest threshold of its sweep."""
        known = self.table[self.table["threshold"].notna()]
        nearest = (known["threshold"] - threshold).abs().groupby(known["arm"]).idxmin()
        return known.loc[nearest.to_numpy()].reset_index(drop=True)

    @property
    def summary(self) -> str:
        """A line an arm: what it costs without a cache, and what the widest and the safest one make of it."""
        lines = []
        for arm, rows in self.table.groupby("arm", sort=False):
            plain, cached = rows[rows["threshold"].isna()].iloc[0], rows[rows["threshold"].notna()]
            ends = (cached.iloc[0], cached.iloc[-1])
            lines.append(
                f"{arm}: {plain['cost_usd_per_1000']:.4g} USD per 1,000 without a cache; "
                + "; ".join(
                    f"at cosine {row['threshold']:g} {row['cost_usd_per_1000']:.4g} with "
                    f"{row['wrong_of_all']:.2%} wrong"
                    for row in ends
                )
            )
        return "\n".join(lines)


def cache_economics(
    arms: pd.DataFrame,
    curves: Mapping[str, CacheCurve],
    *,
    lookup_usd_per_1000: float = 0.0,
    lookup_s: float = 0.0,
    wrong_usd: float | None = None,
) -> CacheEconomics:
    """Return each arm's cost and quality under the cache, by threshold.

    A hit costs no call. A right answer from the cache is as good as the arm's own (it *is* the arm's own, to
    a question with the same answer); a wrong one is worth nothing; what is not known widens the interval. So
    quality is the arm's times (1 - wrong), from its lower bound with all unknown hits wrong to its upper
    bound with none. Costs are the arm's mean: the log is taken to be made of requests like the study's cases.

    Parameters
    ----------
    arms
        A comparison's table of arms.
    curves
        Arm -> its cache curve.
    lookup_usd_per_1000, lookup_s
        Of every request that is looked up, hit or miss.
    wrong_usd
        What one wrong answer costs; None: not said.

    Raises
    ------
    InputError
        Where an arm has no curve.
    """
    rows = []
    for arm in arms.to_dict("records"):
        name = str(arm["arm"])
        if name not in curves:
            raise InputError(f"cache of arm {name!r}", "it has no curve", "Give a curve for every arm.")
        plain = {column: arm[column] for column in _OWN}
        first = pd.DataFrame([{**plain, "hit_rate": 0.0, "wrong_of_all": 0.0, "wrong_of_all_high": 0.0}])
        cached = _cached(arm, curves[name].table, lookup_usd_per_1000, lookup_s, wrong_usd)
        rows.append(pd.concat([first, cached], ignore_index=True).assign(arm=name))
    joined = pd.concat(rows, ignore_index=True).reindex(columns=list(ECONOMICS_COLUMNS))
    return CacheEconomics(
        table=joined, lookup_usd_per_1000=lookup_usd_per_1000, lookup_s=lookup_s, wrong_usd=wrong_usd
    )


_OWN = ("quality_mean", "quality_low", "quality_high", "cost_usd_per_1000", "cost_low", "cost_high")


def _cached(
    arm: Mapping[Hashable, Any],
    table: pd.DataFrame,
    lookup_usd_per_1000: float,
    lookup_s: float,
    wrong_usd: float | None,
) -> pd.DataFrame:
    looked_up = 1 - table["uncacheable"] / table["requests"]
    hit, wrong, high = table["hit_rate"], table["wrong_of_all"], table["wrong_of_all_high"]
    cost, fee = arm["cost_usd_per_1000"], lookup_usd_per_1000 * looked_up
    saved = hit * cost - fee
    return pd.DataFrame(
        {
            "threshold": table["threshold"],
            "hit_rate": hit,
            "wrong_of_all": wrong,
            "wrong_of_all_high": high,
            "quality_mean": arm["quality_mean"] * (1 - wrong),
            "quality_low": arm["quality_low"] * (1 - high),
            "quality_high": arm["quality_high"] * (1 - wrong),
            "cost_usd_per_1000": cost - saved,
            "cost_low": arm["cost_low"] * (1 - hit) + fee,
            "cost_high": arm["cost_high"] * (1 - hit) + fee,
            "saved_usd_per_1000": saved,
            "saved_s_per_request": hit * arm["latency_p50_s"] - lookup_s * looked_up,
            "break_even_hit_rate": fee / cost if cost > 0 else np.nan,
            "net_usd_per_1000": np.nan if wrong_usd is None else saved - 1000 * wrong * wrong_usd,
        }
    )
