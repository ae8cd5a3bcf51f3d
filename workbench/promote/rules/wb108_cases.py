"""WB108: enough cases are scored for both arms."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB108", "enough cases"


def check(facts: Facts) -> Finding:
    """Return whether the pair has at least the gate's number of common cases."""
    n, least = facts.difference["n_cases"], facts.gate.min_cases
    return facts.finding(
        CODE,
        NAME,
        "pass" if n >= least else "fail",
        "evidence",
        f"{n} cases scored for both arms, at least {least} wanted",
        f"Add {max(0, least - n)} cases.",
    )
