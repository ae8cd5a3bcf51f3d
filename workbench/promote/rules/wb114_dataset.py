"""WB114: the cases are still those of the plan."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB114", "dataset unchanged"


def check(facts: Facts) -> Finding:
    """Return whether the dataset at the time of the decision has the digest that the plan wrote down."""
    planned, now = facts.evidence.cases_planned, facts.evidence.cases_now
    if planned is None or now is None:
        return facts.finding(CODE, NAME, "not applicable", "evidence", "the dataset was not looked at", "")
    same = planned == now
    return facts.finding(
        CODE,
        NAME,
        "pass" if same else "fail",
        "evidence",
        f"cases {now[:12]} as planned" if same else f"planned on cases {planned[:12]}, now {now[:12]}",
        "Run the study again on the cases of today, or bring back those of the plan.",
    )
