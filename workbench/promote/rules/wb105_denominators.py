"""WB105: both arms were answered and scored equally often."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB105", "equal denominators"


def check(facts: Facts) -> Finding:
    """Return whether the answered and the scored shares differ by no more than the gate allows."""
    gap, limit = facts.difference["share_gap"], facts.gate.max_share_gap
    shares = [f"{row['scored']}/{row['answered']}/{row['attempted']}" for row in (facts.arm, facts.incumbent)]
    return facts.finding(
        CODE,
        NAME,
        "pass" if abs(gap) <= limit + 1e-12 else "fail",
        "evidence",
        f"scored/answered/attempted {shares[0]} against {shares[1]}, gap {100 * gap:+.1f} points,"
        f" limit {100 * limit:.1f}",
        "Resume the run, so that failed cells are asked again; what is missing is not missing by chance.",
    )
