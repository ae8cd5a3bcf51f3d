"""WB107: each arm was answered by one model, its own."""

from __future__ import annotations

from workbench.analyze.arms import FALLBACK
from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB107", "one served model an arm"


def check(facts: Facts) -> Finding:
    """Return whether challenger and incumbent were each answered by one served model, no fallback."""
    served = {row["arm"]: row["served_models"] for row in (facts.incumbent, facts.arm)}
    mixed = [f"{arm} by {models}" for arm, models in served.items() if ", " in models or FALLBACK in models]
    if facts.gate.allow_mixed_models:
        return facts.finding(CODE, NAME, "not applicable", "evidence", "the gate allows mixed models", "")
    return facts.finding(
        CODE,
        NAME,
        "fail" if mixed else "pass",
        "evidence",
        f"answered by several models, or by another than its own: {'; '.join(mixed)}"
        if mixed
        else f"answered by {served[facts.name] or 'none'}",
        "Name a dated model version and draw anew without a fallback, or set allow_mixed_models in the gate.",
    )
