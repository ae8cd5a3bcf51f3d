"""Trial tables for the tests of this room: made from a seed, small, in the real columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd


def trial_table(
    arms: Mapping[str, tuple[float, float]],
    *,
    cases: int = 60,
    repeats: int = 3,
    seed: int = 1,
    failing: float = 0.0,
    agreement: float = 1.0,
) -> pd.DataFrame:
    """Return a yes/no trial table; an arm is (share right, USD a call), cases are hard for all arms alike.

    `agreement` is the weight of the case's own difficulty against chance in each trial; `failing` the share
    of trials that end in an error.
    """
    rng = np.random.default_rng(seed)
    hardness = rng.normal(size=cases)
    rows = []
    for arm, (right, cost) in arms.items():
        line = np.sqrt(1 + agreement**2) * _normal_quantile(right)
        for case in range(cases):
            for repeat in range(repeats):
                failed = rng.random() < failing
                value = float(agreement * hardness[case] + rng.normal() < line)
                rows.append(
                    {
                        "arm": arm,
                        "variant": arm,
                        "variant_hash": f"hash of {arm}",
                        "model": "m",
                        "model_served": "m-1",
                        "case_id": f"c{case}",
                        "repeat": repeat,
                        "call_key": f"{arm} {case} {repeat}",
                        "status": "error" if failed else "ok",
                        "source": "call",
                        "workload": "batch",
                        "score_exact": np.nan if failed else value,
                        "cost_usd": cost * (1 + 0.1 * rng.random()),
                        "latency_s": rng.exponential(),
                        "tokens_in": 10,
                        "tokens_out": 2,
                    }
                )
    return pd.DataFrame(rows)


def _normal_quantile(share: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(share)
