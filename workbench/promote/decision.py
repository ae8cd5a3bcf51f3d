"""The decision: promote, keep, or not enough evidence, rule by rule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from workbench.analyze.compare import Comparison
from workbench.analyze.size import cases_needed
from workbench.analyze.wording import usd
from workbench.core.identity import digest
from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.plan.gate import Gate
from workbench.promote.evidence import Evidence
from workbench.promote.rulebook import RULES
from workbench.promote.rules.finding import Facts, Finding, Rule
from workbench.promote.rules.wb101_quality import closing_line

__all__ = ["Decision", "Verdict", "decide"]

Verdict = Literal["promote", "keep", "not enough evidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(Shown):
    """What the evidence is enough for. Made by `decide`.

    Parameters
    ----------
    study, execution_id
        What was run.
    incumbent
        The arm that stays unless a challenger is promoted.
    chosen
        The arm to promote; None where the verdict is not ``promote``.
    verdict
        On the whole.
    reasons
        Why, in sentences: the chosen arm first, then every other challenger.
    findings
        Every rule on every challenger.
    verdicts
        One row a challenger: arm, verdict, why, more_cases, more_cost_usd. The last two say how many more
        cases would probably settle it and what asking them of both arms costs; NaN where cases would not
        help, or the price is unknown.
    gate, gate_hash, plan_hash
        The limits, their identity, and that of the plan.
    comparison
        The evidence.
    alias, alias_version
        The alias to be moved, and the version it pointed to when this was decided (None: to none). A
        promotion is refused where it has moved since.
    """

    study: str
    execution_id: str
    incumbent: str
    chosen: str | None
    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    verdicts: pd.DataFrame
    gate: Gate
    gate_hash: str
    plan_hash: str
    comparison: Comparison
    alias: str = "production"
    alias_version: int | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """One row a challenger."""
        return self.verdicts

    @property
    def hash(self) -> str:
        """Identity of what was decided, on what evidence: what an approval is for."""
        return digest(self.to_mapping())

    @property
    def regressions(self) -> tuple[str, ...]:
        """The challengers shown to be worse, but for those shown to lose less than the margin."""
        rows = self.comparison.differences
        return tuple(rows.loc[rows["verdict"] == "worse", "arm"])

    @property
    def summary(self) -> str:
        """The verdict and its reasons."""
        head = {
            "promote": f"Promote {self.chosen}",
            "keep": f"Keep {self.incumbent}",
            "not enough evidence": "Not enough evidence",
        }[self.verdict]
        return "\n".join([f"{self.study}: {head}", *(f"- {reason}" for reason in self.reasons)])

    def to_mapping(self) -> dict[str, Any]:
        """Return everything but the comparison's tables as plain JSON values; NaN becomes None."""
        rows = [
            {
                name: None if isinstance(value, float) and math.isnan(value) else value
                for name, value in row.items()
            }
            for row in self.verdicts.to_dict("records")
        ]
        plain = ("study", "execution_id", "incumbent", "chosen", "verdict", "gate_hash", "plan_hash")
        return {
            **{name: getattr(self, name) for name in plain},
            "alias": self.alias,
            "alias_version": self.alias_version,
            "reasons": list(self.reasons),
            "verdicts": rows,
            "findings": [asdict(finding) for finding in self.findings],
            "gate": asdict(self.gate),
        }


def decide(
    comparison: Comparison,
    gate: Gate,
    *,
    study: str,
    execution_id: str,
    plan_hash: str,
    evidence: Evidence | None = None,
    rules: Sequence[Rule] = RULES,
    planned_gate_hash: str | None = None,
    alias: str = "production",
    alias_version: int | None = None,
) -> Decision:
    """Decide on every challenger, and on the whole.

    A challenger's verdict, from the findings of the rules:

    - ``keep`` (the incumbent) where a limit fails: it is shown not to be good enough, too dear, too slow or
      too often unanswered.
    - ``promote`` where every rule but advice passes or does not apply.
    - ``not enough evidence`` else.

    On the whole: ``promote`` where a challenger is to be promoted; ``keep`` where it is ``keep`` for all;
    ``not enough evidence`` else. Of several to be promoted the one of highest quality is chosen; those
    within the margin of it count as equal, and of equals the cheapest is chosen (an unknown cost comes last).

    With arms that are no better and no cheaper, some arm is promoted in at most `gate.alpha` of all studies:
    half of it through quality (all challengers' lower bounds hold together), half through cost.

    Parameters
    ----------
    comparison
        Made with the gate's score, margin and alpha.
    gate
        The limits.
    study, execution_id, plan_hash
        What was run.
    evidence
        What is known beside the comparison; None: nothing, and rules that need it do not apply, or are
        unclear where the gate asks for them.
    rules
        Each looks at every challenger, in this order.
    planned_gate_hash
        Identity of the gate when the run was planned; a change since is a reason shown. None: not looked at.
    alias, alias_version
        The alias that a promotion would move, and the version it points to now (None: to none).

    Raises
    ------
    InputError
        Where the comparison was made by another score, margin or alpha than the gate's.
    """
    _agree(comparison, gate)
    facts = [Facts.of(comparison, name, gate, evidence) for name in comparison.differences["arm"]]
    findings = {fact.name: tuple(rule(fact) for rule in rules) for fact in facts}
    rows = [_row(fact, findings[fact.name], len(facts)) for fact in facts]
    verdicts = pd.DataFrame(rows, columns=["arm", "verdict", "why", "more_cases", "more_cost_usd"])
    chosen = _choose([fact for fact, row in zip(facts, rows, strict=True) if row["verdict"] == "promote"])
    closed = all(row["verdict"] == "keep" for row in rows)
    reasons = _reasons(rows, chosen, comparison.incumbent)
    if planned_gate_hash is not None and planned_gate_hash != gate.hash:
        reasons.append("the gate was changed after the run was planned: the evidence is weaker than it looks")
    return Decision(
        study=study,
        execution_id=execution_id,
        incumbent=comparison.incumbent,
        chosen=chosen,
        verdict="promote" if chosen is not None else "keep" if closed else "not enough evidence",
        reasons=tuple(reasons),
        findings=tuple(finding for fact in facts for finding in findings[fact.name]),
        verdicts=verdicts,
        gate=gate,
        gate_hash=gate.hash,
        plan_hash=plan_hash,
        comparison=comparison,
        alias=alias,
        alias_version=alias_version,
    )


def _agree(comparison: Comparison, gate: Gate) -> None:
    for name in ("score", "margin", "alpha"):
        made, wanted = getattr(comparison, name), getattr(gate, name)
        if made != wanted:
            raise InputError(
                "decision",
                f"the comparison was made with {name} {made!r}, the gate says {wanted!r}",
                "Compare again with what the gate says.",
            )


def _row(facts: Facts, findings: Sequence[Finding], challengers: int) -> dict[str, Any]:
    open_ones = [one for one in findings if one.outcome in ("fail", "unclear") and one.severity != "advice"]
    closed = [one for one in open_ones if one.severity == "limit" and one.outcome == "fail"]
    verdict: Verdict = "keep" if closed else "not enough evidence" if open_ones else "promote"
    why = f"{facts.gain}, {facts.price}"
    others = [_short(one) for one in (closed or open_ones) if one.code != "WB101"]
    more = math.nan
    if verdict == "not enough evidence":
        more = _more_cases(facts, {one.code for one in open_ones}, challengers)
    return {
        "arm": facts.name,
        "verdict": verdict,
        "why": "; ".join([why, *others]),
        "more_cases": more,
        "more_cost_usd": more * _cost_of_a_case(facts),
    }


def _short(finding: Finding) -> str:
    return f"{finding.code} {finding.evidence.removeprefix(f'{finding.arm}: ')}"


def _more_cases(facts: Facts, codes: set[str], challengers: int) -> float:
    """Return how many more cases would settle what is open, with 80 % power; NaN where cases would not.

    Reckoned as if the difference and spread seen were the true ones, towards the nearest settlement:
    better, not worse and cheaper, or kept.
    """
    row, gate = facts.difference, facts.gate
    n, seen, sd = int(row["n_cases"]), float(row["difference"]), float(row["sd"])
    lacking = max(0, gate.min_cases - n) if "WB108" in codes else 0
    if "WB101" not in codes:
        return lacking or math.nan
    distances = [seen, closing_line(facts) - seen]
    if facts.cheaper:
        distances.append(seen + gate.margin)
    sizes = [cases_needed(sd, gap, gate.alpha, arms=challengers) for gap in distances if gap > 0]
    known = [size for size in sizes if size is not None]
    return float(max(lacking, min(known) - n, 1)) if known else math.nan


def _cost_of_a_case(facts: Facts) -> float:
    """Return the USD that one more case costs on both arms, all repeats; NaN where a price is unknown."""
    pair = (facts.arm, facts.incumbent)
    return float(sum(row["cost_usd_per_1000"] / 1000 * row["attempted"] / row["cases"] for row in pair))


def _choose(fit: Sequence[Facts]) -> str | None:
    if not fit:
        return None
    best = max(fact.arm["quality_mean"] for fact in fit)
    equal = [fact for fact in fit if fact.arm["quality_mean"] >= best - fact.gate.margin]

    def order(fact: Facts) -> tuple[float, float, str]:
        cost = fact.arm["cost_usd_per_1000"]
        return (math.inf if math.isnan(cost) else cost, -fact.arm["quality_mean"], fact.name)

    return min(equal, key=order).name


def _reasons(rows: Sequence[dict[str, Any]], chosen: str | None, incumbent: str) -> list[str]:
    if not rows:
        return [f"there is no challenger to {incumbent}"]
    out = []
    for row in sorted(rows, key=lambda row: row["arm"] != chosen):
        if row["arm"] == chosen:
            out.append(f"promote {row['arm']}: {row['why']}")
        elif row["verdict"] == "promote":
            out.append(f"{row['arm']} would do as well: {row['why']}")
        elif row["verdict"] == "keep":
            out.append(f"not {row['arm']}: {row['why']}")
        else:
            out.append(f"not enough evidence on {row['arm']}: {row['why']}{_settled_by(row)}")
    return out


def _settled_by(row: dict[str, Any]) -> str:
    if math.isnan(row["more_cases"]):
        return ""
    price = "" if math.isnan(row["more_cost_usd"]) else f", for about {usd(row['more_cost_usd'])}"
    return f"; about {row['more_cases']:,.0f} more cases would settle it{price}"
