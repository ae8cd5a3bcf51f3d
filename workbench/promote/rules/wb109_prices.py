"""WB109: what the arms cost is known."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB109", "prices known"


def check(facts: Facts) -> Finding:
    """Return whether the cost of every trial of both arms is known; quality may decide alone."""
    known = [f"{row['cost_known']} of {row['attempted']}" for row in (facts.arm, facts.incumbent)]
    whole = all(row["cost_known"] == row["attempted"] for row in (facts.arm, facts.incumbent))
    return facts.finding(
        CODE,
        NAME,
        "pass" if whole else "fail",
        "advice",
        f"cost known for {known[0]} trials, of the incumbent's for {known[1]}",
        "Declare the model's price in the study; unknown is not zero.",
    )
