"""WB101: the challenger is better, or not worse by more than the margin and cheaper."""

from __future__ import annotations

from workbench.analyze.wording import signed
from workbench.promote.rules.finding import Facts, Finding, Outcome

__all__ = ["carries", "check", "closing_line"]

CODE, NAME = "WB101", "better, or as good and cheaper"


def carries(verdict: str, low: float, cheaper: bool, margin: float) -> bool:
    """Return whether a difference carries a promotion: better, or above -margin and known to be cheaper."""
    return verdict == "better" or (cheaper and low > -margin)


def closing_line(facts: Facts) -> float:
    """Return the difference below which the interval must lie for the incumbent to be kept.

    The margin for a challenger that is known to be no cheaper: it can at most gain what does not matter.
    Minus the margin for one that is or may be cheaper: it loses more than is allowed.
    """
    return facts.gate.margin if facts.cheaper is False else -facts.gate.margin


def check(facts: Facts) -> Finding:
    """Return whether the difference carries a promotion.

    - pass: `carries`: ``better`` under the family-wise level; or the lower bound is above -margin and the
      upper bound of the cost difference is below 0.
    - fail: the upper bound lies below `closing_line`.
    - unclear: else.
    """
    row, margin = facts.difference, facts.gate.margin
    if carries(row["verdict"], row["low"], facts.cheaper is True, margin):
        outcome: Outcome = "pass"
    else:
        outcome = "fail" if row["high"] < closing_line(facts) else "unclear"
    allowed = signed(-margin, points=facts.points)
    unpriced = row["cost_difference_usd_per_1000"] != row["cost_difference_usd_per_1000"]
    if outcome == "fail":
        remedy = "Improve the variant; more cases would not change this."
    elif unpriced and row["low"] > -margin:
        remedy = "It is as good; declare the prices, so that it can be known whether it is cheaper."
    else:
        remedy = "Ask more cases."
    return facts.finding(
        CODE,
        NAME,
        outcome,
        "limit",
        f"{facts.gain}, {facts.price}; needs above 0, or above {allowed} and cheaper",
        remedy,
    )
