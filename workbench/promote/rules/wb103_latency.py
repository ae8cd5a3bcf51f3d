"""WB103: the challenger's 95th percentile of latency is within the limit."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding, Outcome

__all__ = ["check"]

CODE, NAME = "WB103", "p95 latency below the limit"


def check(facts: Facts) -> Finding:
    """Return whether the percentile's interval is at or below the limit; NaN bounds are unclear."""
    limit, row = facts.gate.max_p95_s, facts.arm
    if limit is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate sets no limit", "")
    low, high = row["latency_p95_low_s"], row["latency_p95_high_s"]
    outcome: Outcome = "unclear"
    if high <= limit:
        outcome = "pass"
    elif low > limit:
        outcome = "fail"
    bounds = [f"{bound:.3g}" if bound == bound else "unknown" for bound in (low, high)]
    point = f"{row['latency_p95_s']:.3g} s" if row["latency_p95_s"] == row["latency_p95_s"] else "unknown"
    return facts.finding(
        CODE,
        NAME,
        outcome,
        "limit",
        f"p95 {point} ({bounds[0]} to {bounds[1]}), limit {limit:g} s",
        "Use a faster model, or measure more calls where it is close.",
    )
