"""WB106: the difference survives counting failures as wrong."""

from __future__ import annotations

from workbench.analyze.wording import signed
from workbench.promote.rules.finding import Facts, Finding

__all__ = ["check"]

CODE, NAME = "WB106", "holds with failures counted as wrong"


def check(facts: Facts) -> Finding:
    """Return whether the verdict is the same when what was not answered counts as wrong."""
    row = facts.difference
    if (
        facts.arm["answered"] == facts.arm["attempted"]
        and facts.incumbent["answered"] == facts.incumbent["attempted"]
    ):
        return facts.finding(CODE, NAME, "not applicable", "evidence", "nothing failed", "")
    same = row["verdict"] == row["verdict_if_failures_wrong"]
    plain, counted = (
        signed(row[name], points=facts.points) for name in ("difference", "difference_if_failures_wrong")
    )
    return facts.finding(
        CODE,
        NAME,
        "pass" if same else "fail",
        "evidence",
        f"{row['verdict']} ({plain}), with failures as wrong {row['verdict_if_failures_wrong']} ({counted})",
        "Resume the run, so that failed cells are asked again.",
    )
