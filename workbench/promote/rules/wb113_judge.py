"""WB113: the judge that gives the deciding score agrees with people."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding, Outcome

__all__ = ["check"]

CODE, NAME = "WB113", "judge trustworthy"


def check(facts: Facts) -> Finding:
    """Return whether the whole interval of the judge's agreement with people reaches what the gate asks.

    Without a calibration the rule does not apply, unless the gate asks for one: then it is unclear.
    """
    least, judge = facts.gate.min_judge_agreement, facts.evidence.judge
    if least is None:
        return facts.finding(CODE, NAME, "not applicable", "evidence", "the gate asks for no agreement", "")
    remedy = "Label outputs by hand until the interval is narrow, or mend the judge's question."
    if judge is None or judge.score != facts.gate.score:
        return facts.finding(
            CODE, NAME, "unclear", "evidence", f"{facts.gate.score} was not held against people", remedy
        )
    outcome: Outcome = "unclear"
    if judge.low >= least:
        outcome = "pass"
    elif judge.high < least:
        outcome = "fail"
    return facts.finding(
        CODE,
        NAME,
        outcome,
        "evidence",
        f"{judge.measure} {judge.agreement:.2f} ({judge.low:.2f} to {judge.high:.2f}) on {judge.labels}"
        f" labels, at least {least:.2f} wanted",
        remedy,
    )
