"""WB104: not too many of the challenger's calls stay unanswered."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB104", "share of unanswered calls"


def check(facts: Facts) -> Finding:
    """Return whether the observed share of errors, refusals, truncated and empty replies is in the limit.

    Above it the challenger is not to be promoted. Where the incumbent stays unanswered as often, it may
    be no fault of the challenger's (an endpoint that was down): evidence is lacking, not against it.
    """
    share, limit = facts.arm["error_share"], facts.gate.max_error_share
    both = share <= facts.incumbent["error_share"]
    missed = facts.arm["attempted"] - facts.arm["answered"]
    return facts.finding(
        CODE,
        NAME,
        "pass" if share <= limit else "fail",
        "evidence" if both and share > limit else "limit",
        f"{missed} of {facts.arm['attempted']} unanswered ({share:.1%}), limit {limit:.1%}"
        + (", the incumbent as often" if both and share > limit else ""),
        "See the error column of the trial table; resume the run where the failures were the endpoint's.",
    )
