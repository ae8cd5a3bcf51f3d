"""What a rule is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pandas as pd

from workbench.analyze.compare import Comparison
from workbench.analyze.wording import usd, with_bounds
from workbench.plan.gate import Gate
from workbench.promote.evidence import Evidence

__all__ = ["Facts", "Finding", "Outcome", "Rule", "Severity"]

Outcome = Literal["pass", "fail", "not applicable", "unclear"]
"""How a rule came out; ``unclear`` where the evidence does not settle it."""

Severity = Literal["limit", "evidence", "advice"]
"""What a failure means: the arm must not be promoted (keep the incumbent); the data do not carry a promotion
(not enough evidence); good to know, and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's answer on one challenger.

    Parameters
    ----------
    code, name
        Of the rule, ``WB101`` and a few words.
    arm
        The challenger.
    outcome, severity
        How it came out, and what a failure means.
    evidence
        The figures it rests on, beginning with the arm's name.
    remedy
        What would change the outcome; empty where it passed or does not apply.
    """

    code: str
    name: str
    arm: str
    outcome: Outcome
    severity: Severity
    evidence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one challenger.

    Parameters
    ----------
    arm, incumbent
        Their rows of `Comparison.arms`.
    difference
        The challenger's row of `Comparison.differences`.
    gate
        The limits.
    points
        Whether differences are said in points of 100.
    evidence
        What is known beside the comparison.
    labels
        People's labels that correct the score; None: the score is as its scorer gave it.
    """

    arm: Mapping[str, Any]
    incumbent: Mapping[str, Any]
    difference: Mapping[str, Any]
    gate: Gate
    points: bool
    evidence: Evidence
    labels: int | None = None

    @classmethod
    def of(cls, comparison: Comparison, name: str, gate: Gate, evidence: Evidence | None = None) -> Facts:
        """Return the facts on one challenger of a comparison."""
        return cls(
            arm=_row(comparison.arms, name),
            incumbent=_row(comparison.arms, comparison.incumbent),
            difference=_row(comparison.differences, name),
            gate=gate,
            points=comparison.points,
            evidence=evidence or Evidence(),
            labels=comparison.labels,
        )

    @property
    def name(self) -> str:
        """The challenger's name."""
        return str(self.arm["arm"])

    @property
    def trials(self) -> pd.DataFrame | None:
        """The challenger's own trials; None where no table was given."""
        table = self.evidence.trials
        return None if table is None else table[table["arm"] == self.name]

    def scores(self, name: str) -> pd.Series:
        """Return the challenger's scores of a name, without the missing ones; empty where there are none."""
        own, column = self.trials, f"score_{name}"
        if own is None or column not in own:
            return pd.Series(dtype="float64")
        return own[column].dropna()

    @property
    def cheaper(self) -> bool | None:
        """Whether the challenger costs less per request; None where that is not known for sure."""
        if self.difference["cost_high"] < 0:
            return True
        return False if self.difference["cost_low"] >= 0 else None

    @property
    def gain(self) -> str:
        """The difference in quality with its interval, in words."""
        row = self.difference
        return with_bounds(
            row["difference"], row["low"], row["high"], points=self.points, alpha=self.gate.alpha
        )

    @property
    def price(self) -> str:
        """The difference in cost, in words."""
        change = float(self.difference["cost_difference_usd_per_1000"])
        if change != change:  # NaN: unknown
            return "its cost compared is unknown"
        if change == 0:
            return "costs the same"
        return f"costs {usd(abs(change))} {'more' if change > 0 else 'less'} per 1,000 requests"

    def finding(
        self, code: str, name: str, outcome: Outcome, severity: Severity, evidence: str, remedy: str
    ) -> Finding:
        """Return a finding on this challenger; a remedy is kept only where there is something to mend."""
        mend = outcome in ("fail", "unclear")
        return Finding(
            code=code,
            name=name,
            arm=self.name,
            outcome=outcome,
            severity=severity,
            evidence=f"{self.name}: {evidence}",
            remedy=remedy if mend else "",
        )


class Rule(Protocol):
    """A gate rule: facts in, one finding out."""

    def __call__(self, facts: Facts) -> Finding:
        """Return the finding on one challenger."""
        ...


def _row(table: pd.DataFrame, arm: str) -> dict[str, Any]:
    return {str(column): value for column, value in table[table["arm"] == arm].iloc[0].items()}
