"""WB102: the challenger costs no more than the limit."""

from __future__ import annotations

from workbench.analyze.wording import usd
from workbench.promote.rules.finding import Facts, Finding, Outcome

__all__ = ["check"]

CODE, NAME = "WB102", "cost below the limit"


def check(facts: Facts) -> Finding:
    """Return whether the cost's interval is at or below the limit; an unknown cost is unclear, not zero."""
    limit, row = facts.gate.max_cost_usd_per_1000, facts.arm
    if limit is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate sets no limit", "")
    outcome: Outcome = "unclear"
    if row["cost_high"] <= limit:
        outcome = "pass"
    elif row["cost_low"] > limit:
        outcome = "fail"
    bounds = f"{usd(row['cost_low'])} to {usd(row['cost_high'])}"
    figures = f"{usd(row['cost_usd_per_1000'])} per 1,000 requests ({bounds})"
    unpriced = row["cost_known"] == 0
    return facts.finding(
        CODE,
        NAME,
        outcome,
        "limit",
        f"cost unknown, limit {usd(limit)}" if unpriced else f"{figures}, limit {usd(limit)}",
        "Declare the model's price."
        if unpriced
        else "Shorten the prompt, or ask more cases where it is close.",
    )
