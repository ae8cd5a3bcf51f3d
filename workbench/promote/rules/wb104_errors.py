"""WB104: not too many of the challenger's calls stay unanswered."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB104", "share of unanswered calls"


def check(facts: Facts) -> Finding:
    """Return whether the observed share of errors, refusals, truncated and empty replies is in the limit."""
    share, limit = facts.arm["error_share"], facts.gate.max_error_share
    missed = facts.arm["attempted"] - facts.arm["answered"]
    return facts.finding(
        CODE,
        NAME,
        "pass" if share <= limit else "fail",
        "limit",
        f"{missed} of {facts.arm['attempted']} unanswered ({share:.1%}), limit {limit:.1%}",
        "See the error column of the trial table; resume the run where the failures were the endpoint's.",
    )
