"""Percentiles of latency, with intervals that assume no shape."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.analyze.intervals import Clusters, Interval, clustered_mean
from workbench.core.show import Shown
from workbench.core.table import validate

__all__ = ["PERCENTILES", "Latency", "latency", "of_one_workload", "percentile_interval", "timed"]

PERCENTILES = (50, 95, 99)
"""The percentiles of every table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(Shown):
    """Percentiles of each arm's latency, by workload.

    Parameters
    ----------
    table
        Columns arm, workload, percentile, latency_s, low_s, high_s, n, reason.
    alpha
        1 - confidence of each interval.
    """

    table: pd.DataFrame
    alpha: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm, workload and percentile; seconds."""
        return self.table

    @property
    def summary(self) -> str:
        """What the table holds, and how many calls it rests on."""
        calls = int(self.table.drop_duplicates(["arm", "workload"])["n"].sum())
        return f"Latency of {calls:,} calls in seconds, {1 - self.alpha:.0%} intervals by order statistics"


def timed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose latency counts: answered, measured, each call of an arm once.

    A trial that shares its call with another repeats one measurement; a semantic hit has none.
    """
    rows = frame[(frame["status"] == "ok") & frame["latency_s"].notna() & (frame["source"] != "semantic")]
    shared = rows["call_key"].notna() & rows.duplicated(["arm", "call_key"])
    return rows[~shared]


def of_one_workload(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one arm's interactive rows where it has any, else its batch rows."""
    live = rows[rows["workload"] == "interactive"]
    return live if len(live) else rows


def percentile_interval(
    values: ArrayLike, percentile: float, clusters: Clusters = None, *, alpha: float = 0.05
) -> Interval:
    """Return a percentile with an interval between two order statistics.

    How many of n values lie below the true percentile is binomial, whatever their distribution (David &
    Nagaraja 2003, "Order Statistics", 7.1). With clusters the binomial is that of the effective sample size
    (Woodruff 1952, JASA 47:635), never above n. The point is numpy's linear percentile.

    Parameters
    ----------
    values
        Shape (n,); NaN are left out.
    percentile
        In (0, 100).
    clusters
        Shape (n,); None: all values are independent.

    Returns
    -------
    Interval
        A bound is NaN where n values cannot give it: the 99th percentile has an upper 95 % bound from 368 on.
    """
    from scipy.stats import binom

    x = np.asarray(values, dtype=float)
    keep = ~np.isnan(x)
    x, groups = x[keep], None if clusters is None else np.asarray(clusters)[keep]
    n, share = len(x), percentile / 100
    if n == 0:
        return Interval(
            mean=math.nan,
            low=math.nan,
            high=math.nan,
            n=0,
            clusters=0,
            method="",
            reason="no latency was measured",
        )
    point = float(np.percentile(x, percentile))
    below = clustered_mean((x <= point).astype(float), groups)
    plain = share * (1 - share) / n
    inflation = 1.0 if groups is None or not below.se > 0 else max(1.0, below.se**2 / plain)
    size = max(1, math.floor(n / inflation))
    first, last = binom.ppf(alpha / 2, size, share), binom.ppf(1 - alpha / 2, size, share) + 1
    ordered = np.sort(x)
    low = float(ordered[math.floor(first * n / size) - 1]) if first >= 1 else math.nan
    high = float(ordered[math.ceil(last * n / size) - 1]) if last <= size else math.nan
    short = math.isnan(low) or math.isnan(high)
    return Interval(
        mean=point,
        low=low,
        high=high,
        n=n,
        clusters=below.clusters,
        method="order statistics",
        reason=f"{size} independent values are too few for both bounds" if short else None,
    )


def latency(frame: pd.DataFrame, *, alpha: float = 0.05) -> Latency:
    """Return percentiles of service time (queueing and backoff are apart) by arm and workload.

    Parameters
    ----------
    frame
        A trial table. Repeats of a case are one cluster.
    alpha
        1 - confidence of each interval, in (0, 1).
    """
    rows = []
    for (arm, workload), group in timed(validate(frame)).groupby(
        ["arm", "workload"], sort=True, dropna=False
    ):
        for percentile in PERCENTILES:
            found = percentile_interval(
                group["latency_s"].to_numpy(), percentile, group["case_id"].to_numpy(), alpha=alpha
            )
            rows.append([arm, workload, percentile, found.mean, found.low, found.high, found.n, found.reason])
    columns = ["arm", "workload", "percentile", "latency_s", "low_s", "high_s", "n", "reason"]
    return Latency(table=pd.DataFrame(rows, columns=columns), alpha=alpha)
