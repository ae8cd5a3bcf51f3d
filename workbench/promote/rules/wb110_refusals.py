"""WB110: the challenger does not refuse too often."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB110", "share of refusals"


def check(facts: Facts) -> Finding:
    """Return whether the observed share of attempted trials that the model refused is in the limit."""
    limit, trials = facts.gate.max_refusal_share, facts.trials
    if limit is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate sets no limit", "")
    if trials is None:
        return facts.finding(
            CODE, NAME, "unclear", "limit", "no trial table was given", "Decide from a run's own trials."
        )
    refused = int((trials["status"] == "refused").sum())
    share = refused / len(trials)
    return facts.finding(
        CODE,
        NAME,
        "pass" if share <= limit else "fail",
        "limit",
        f"{refused} of {len(trials)} refused ({share:.1%}), limit {limit:.1%}",
        "Read what was refused, and say in the prompt what the task is for.",
    )
