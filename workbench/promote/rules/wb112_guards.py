"""WB112: guards do not find too much in the challenger's answers."""

from __future__ import annotations

from workbench.core.table import score_names
from workbench.promote.rules.finding import Facts, Finding

__all__ = ["GUARD", "check"]

CODE, NAME = "WB112", "findings of the guards"

GUARD = "guard_"
"""A score whose name begins like this is a guard's: 1 where it found nothing, below 1 where it did."""


def check(facts: Facts) -> Finding:
    """Return whether, for every guard, the observed share of answers with a finding is in the limit."""
    limit, trials = facts.gate.max_guard_share, facts.trials
    if limit is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate sets no limit", "")
    guards = [] if trials is None else [name for name in score_names(trials) if name.startswith(GUARD)]
    looked = {name: scores for name in guards if len(scores := facts.scores(name))}
    if not looked:
        return facts.finding(
            CODE, NAME, "unclear", "limit", "no guard looked at the answers", "Add a guard to the scorers."
        )
    found = {name: (int((scores < 1).sum()), len(scores)) for name, scores in looked.items()}
    over = any(hits / count > limit for hits, count in found.values())
    words = ", ".join(f"{name.removeprefix(GUARD)} {hits} of {n}" for name, (hits, n) in found.items())
    return facts.finding(
        CODE,
        NAME,
        "fail" if over else "pass",
        "limit",
        f"findings: {words}; limit {limit:.1%} of the answers",
        "Read what was found; forbid it in the prompt, or put the guard before the answer.",
    )
