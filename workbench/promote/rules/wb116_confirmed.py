"""WB116: the choice holds on cases that took no part in it."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB116", "confirmed on held-out cases"


def check(facts: Facts) -> Finding:
    """Return whether one part of the cases chose this challenger and the other part confirms it."""
    share, found = facts.gate.confirm_share, facts.evidence.confirmation
    if share is None:
        return facts.finding(CODE, NAME, "not applicable", "evidence", "the gate asks for no second part", "")
    if found is None:
        return facts.finding(
            CODE, NAME, "unclear", "evidence", "the cases were not split", "Decide from a run's own trials."
        )
    holds = found.chosen == facts.name and found.confirmed
    other = f"the choosing cases chose {found.chosen}"
    return facts.finding(
        CODE,
        NAME,
        "pass" if holds else "fail",
        "evidence",
        found.summary.partition("\n")[0] if found.chosen == facts.name else other,
        "Ask more cases, or drop the arms that are out and decide on new cases.",
    )
