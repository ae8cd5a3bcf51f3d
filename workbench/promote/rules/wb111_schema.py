"""WB111: the challenger's answers are the JSON that was asked for."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB111", "answers fit the schema"


def check(facts: Facts) -> Finding:
    """Return whether the observed share of valid answers, of those checked, reaches the limit.

    What was refused, truncated or failed is not checked, and counted by WB104.
    """
    limit, name = facts.gate.min_valid_share, facts.gate.valid_score
    if limit is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate sets no limit", "")
    checked = facts.scores(name)
    if not len(checked):
        return facts.finding(
            CODE,
            NAME,
            "unclear",
            "limit",
            f"there is no score {name!r}",
            "Add validity() to the scorers, or name the score in the gate as valid_score.",
        )
    valid = int((checked >= 1).sum())
    share = valid / len(checked)
    return facts.finding(
        CODE,
        NAME,
        "pass" if share >= limit else "fail",
        "limit",
        f"{valid} of {len(checked)} answers valid ({share:.1%}), at least {limit:.1%} wanted",
        "Give the variant a schema, or reask.",
    )
