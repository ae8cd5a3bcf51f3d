"""WB113: the judge that gives the deciding score agrees with people."""

from __future__ import annotations

from workbench.promote.rules.finding import Facts, Finding, Outcome

__all__ = ["TRUSTED", "check"]

CODE, NAME = "WB113", "judge trustworthy"

TRUSTED = 0.4
"""What the agreement must reach where the gate names no figure: below it, agreement beyond chance is no more
than fair (Landis & Koch 1977, Biometrics 33:159)."""


def check(facts: Facts) -> Finding:
    """Return whether the whole interval of the judge's agreement with people reaches what the gate asks.

    A score that people's labels correct is right whatever the judge is worth: the rule does not apply. Nor
    does it to a score that no model gives, unless the gate asks for agreement. A model's score that was not
    held against people, or whose judge is another by now, is unclear.
    """
    least, judge = facts.gate.min_judge_agreement, facts.evidence.judge
    if facts.labels is not None:
        said = f"{facts.labels:,} labels of people correct {facts.gate.score}"
        return facts.finding(CODE, NAME, "not applicable", "evidence", said, "")
    if judge is not None and judge.score != facts.gate.score:
        judge = None
    if least is None and judge is None:
        said = f"{facts.gate.score} is by no model, and the gate asks for no agreement"
        return facts.finding(CODE, NAME, "not applicable", "evidence", said, "")
    least = TRUSTED if least is None else least
    remedy = "Label outputs by hand until the interval is narrow, or mend the judge's question."
    if judge is None or not judge.labels:
        said = f"{facts.gate.score} was not held against people"
        return facts.finding(CODE, NAME, "unclear", "evidence", said, remedy)
    if judge.stale:
        said = f"the judge of {facts.gate.score} is not the one that was held against people"
        return facts.finding(CODE, NAME, "unclear", "evidence", said, "Hold the judge of now against labels.")
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
