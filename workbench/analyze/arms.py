"""What each arm did: denominators, quality, money, tokens, latency."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.analyze.cells import scores, scores_with_failures, weights
from workbench.analyze.intervals import mean_interval, t_interval
from workbench.analyze.latency import of_one_workload, percentile_interval, timed
from workbench.analyze.pairs import Scale

__all__ = ["ARM_COLUMNS", "FALLBACK", "arm_table"]

ARM_COLUMNS = (
    "arm",
    "variant",
    "model",
    "variant_hash",
    "cases",
    "attempted",
    "answered",
    "scored",
    "quality_mean",
    "quality_low",
    "quality_high",
    "quality_if_failures_wrong",
    "quality_reason",
    "cost_usd_per_1000",
    "cost_low",
    "cost_high",
    "cost_known",
    "tokens_in_mean",
    "tokens_out_mean",
    "latency_p50_s",
    "latency_p95_s",
    "latency_p99_s",
    "latency_p95_low_s",
    "latency_p95_high_s",
    "error_share",
    "served_models",
)
"""Columns of an arm's row; costs in USD per 1,000 requests, times in seconds."""


FALLBACK = "(fallback)"
"""Follows a served model's name where it stood in for the arm's own."""


def arm_table(
    frame: pd.DataFrame, score: str, clusters: pd.Series, *, scale: Scale, alpha: float = 0.05
) -> pd.DataFrame:
    """Return one row an arm, in the order in which the arms first occur.

    Every case counts once, whatever number of its repeats was answered. `cost_*` rests on the `cost_known`
    trials whose cost is known and is NaN where none is; it is the cost of the calls when they were made,
    failed ones included. `error_share` is the share of attempted trials that were not answered, for
    whatever reason. Latency is that of interactive trials where there are any, else of batch ones.

    Parameters
    ----------
    frame
        A validated trial table.
    clusters
        Cluster of each case, indexed by case.
    scale
        Of the score.
    alpha
        1 - confidence of each interval.
    """
    wide = frame.assign(
        value=scores(frame, score),
        wrong=scores_with_failures(frame, score),
        cluster=frame["case_id"].map(clusters),
    )
    rows = []
    for arm in wide["arm"].unique():
        own = wide[wide["arm"] == arm]
        rows.append(
            {"arm": arm} | _counts(own) | _quality(own, scale, alpha) | _cost(own, alpha) | _speed(own, alpha)
        )
    return pd.DataFrame(rows, columns=list(ARM_COLUMNS))


def _counts(own: pd.DataFrame) -> dict[str, Any]:
    answered = int((own["status"] == "ok").sum())
    served = own["model_served"] + own["fell_back"].map({True: f" {FALLBACK}", False: ""})
    return {
        **{name: own[name].iloc[0] for name in ("variant", "model", "variant_hash")},
        "cases": own["case_id"].nunique(),
        "attempted": len(own),
        "answered": answered,
        "scored": int(own["value"].notna().sum()),
        "error_share": 1 - answered / len(own),
        "served_models": ", ".join(sorted(served.dropna().unique())),
        "tokens_in_mean": float(own["tokens_in"].astype("float64").mean()),
        "tokens_out_mean": float(own["tokens_out"].astype("float64").mean()),
    }


def _quality(own: pd.DataFrame, scale: Scale, alpha: float) -> dict[str, Any]:
    scored, wrong = own[own["value"].notna()], own[own["wrong"].notna()]
    found = mean_interval(
        scored["value"],
        scored["cluster"].to_numpy(),
        weights=weights(scored),
        binary=scale.binary,
        bounds=scale.bounds,
        alpha=alpha,
    )
    share = weights(wrong)
    return {
        "quality_mean": found.mean,
        "quality_low": found.low,
        "quality_high": found.high,
        "quality_reason": found.reason,
        "quality_if_failures_wrong": float((wrong["wrong"] * share).sum() / share.sum())
        if len(wrong)
        else float("nan"),
    }


def _cost(own: pd.DataFrame, alpha: float) -> dict[str, Any]:
    known = own[own["cost_usd"].notna()]
    found = t_interval(
        1000 * known["cost_usd"], known["cluster"].to_numpy(), weights=weights(known), alpha=alpha
    )
    return {
        "cost_usd_per_1000": found.mean,
        "cost_low": found.low,
        "cost_high": found.high,
        "cost_known": len(known),
    }


def _speed(own: pd.DataFrame, alpha: float) -> dict[str, Any]:
    rows = of_one_workload(timed(own))
    seconds, cases = rows["latency_s"].to_numpy(), rows["cluster"].to_numpy()
    found = {at: percentile_interval(seconds, at, cases, alpha=alpha) for at in (50, 95, 99)}
    return {
        **{f"latency_p{at}_s": interval.mean for at, interval in found.items()},
        "latency_p95_low_s": found[95].low,
        "latency_p95_high_s": found[95].high,
    }
