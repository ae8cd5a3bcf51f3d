"""WB115: the challenger breaks no slice that the gate watches."""

from __future__ import annotations

from workbench.analyze.wording import with_bounds
from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB115", "no slice broken"


def check(facts: Facts) -> Finding:
    """Return whether no slice is shown to be worse, all slices and challengers being one family.

    The column is stated in the gate beforehand; a slice too small to be tested is counted and not judged.
    """
    by, found = facts.gate.slice_by, facts.evidence.slices
    if by is None:
        return facts.finding(CODE, NAME, "not applicable", "limit", "the gate watches no column", "")
    if found is None or found.by != by:
        return facts.finding(
            CODE, NAME, "unclear", "limit", f"not compared by {by}", "Decide from a run's own trials."
        )
    own = found.table[found.table["arm"] == facts.name]
    broken = own[own["verdict"] == "worse"]
    small = int(own["reason"].notna().sum())
    words = [
        f"{row['slice']} (n {row['n_cases']}) "
        + with_bounds(row["difference"], row["low"], row["high"], points=facts.points, alpha=found.alpha)
        for row in broken.to_dict("records")
    ]
    tested = f"{len(own) - small} slices of {by} tested" + (f", {small} too small" if small else "")
    return facts.finding(
        CODE,
        NAME,
        "fail" if words else "pass",
        "limit",
        f"{tested}; worse in {'; '.join(words)}" if words else f"{tested}, none worse",
        "Mend the variant for the broken slices, or route them to the incumbent.",
    )
