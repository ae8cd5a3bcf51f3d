"""WB117: looks at the result are few, or counted."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB117", "looks counted"


def check(facts: Facts) -> Finding:
    """Return whether the evidence holds for as often as the result was looked at.

    One look at what was planned needs nothing. Evidence of a race, or of a plan extended after its result was
    shown, needs an interval that holds at any time, or a confirmation on cases that nobody had looked at.
    """
    looks = facts.evidence.looks
    if looks is None:
        return facts.finding(CODE, NAME, "not applicable", "evidence", "looks were not counted", "")
    return facts.finding(
        CODE,
        NAME,
        "pass" if looks.once or looks.settled_by is not None else "fail",
        "evidence",
        looks.words,
        "Compare with the anytime-valid interval, or confirm on new cases.",
    )
