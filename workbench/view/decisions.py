"""The card of a decision: the verdict in big words, why, rule by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.view import figures, tables
from workbench.view.comparisons import differences_picture, quality_cost_picture
from workbench.view.fragments import bullets, card, details, paragraph, pill, table

if TYPE_CHECKING:
    from workbench.promote.decision import Decision


__all__ = [
    "decision_card",
    "decision_parts",
    "rules_parts",
    "settle",
    "verdict_words",
]


def verdict_words(decision: Decision) -> str:
    """Return the verdict in a few big words: what to do with which arm."""
    if decision.verdict == "promote":
        return f"Promote {decision.chosen}"
    if decision.verdict == "keep":
        return f"Keep {decision.incumbent}"
    return "Not enough evidence"


def settle(decision: Decision) -> list[str]:
    """Return what would settle the challengers that are still open; empty where nothing is open."""
    lines = []
    for row in decision.verdicts.to_dict("records"):
        if row["verdict"] != "not enough evidence":
            continue
        if figures.missing(row["more_cases"]):
            remedies = [
                one.remedy for one in decision.findings if one.arm == row["arm"] and one.severity != "advice"
            ]
            lines.append(f"{row['arm']}: {' '.join(dict.fromkeys(filter(None, remedies)))}")
            continue
        known = not figures.missing(row["more_cost_usd"])
        price = f"for about {figures.usd(row['more_cost_usd'])}" if known else "at an unknown price"
        lines.append(f"{row['arm']}: about {figures.count(row['more_cases'])} more cases, {price}")
    return lines


def rules_parts(decision: Decision) -> list[str]:
    """Return every rule on every challenger: the chosen one first and open, or the first one."""
    arms = sorted(dict.fromkeys(one.arm for one in decision.findings), key=lambda arm: arm != decision.chosen)
    parts = []
    for index, arm in enumerate(arms):
        idle = tables.findings_table(decision, arm, applicable=False)
        rules = table(tables.findings_table(decision, arm, applicable=True))
        others = details(f"{len(idle)} rules that do not apply", table(idle))
        parts.append(details(f"Rule by rule: {arm}", rules, others, opened=index == 0))
    return parts


def decision_parts(decision: Decision) -> list[str]:
    """Return a decision's verdict, reasons, what would settle it, and every rule: without its pictures."""
    open_ones = settle(decision)
    head = '<div style="font-weight:600;margin-top:1em">What would settle it</div>' if open_ones else ""
    several = len(decision.verdicts) > 1
    return [
        pill(decision.verdict, decision.verdict),
        bullets(decision.reasons),
        head + bullets(open_ones),
        table(tables.verdicts_table(decision), "Verdict on each challenger") if several else "",
        *rules_parts(decision),
    ]


def decision_card(decision: Decision) -> str:
    """Return a decision: the verdict in big words, why, rule by rule, and the quality-cost picture."""
    identity = f"gate {decision.gate_hash[:12]} · plan {decision.plan_hash[:12]}"
    return card(
        f"Decision · {decision.study} · {decision.execution_id}",
        verdict_words(decision),
        *decision_parts(decision),
        quality_cost_picture(decision.comparison, decision.chosen),
        details("Differences from the incumbent", differences_picture(decision.comparison)),
        paragraph(identity, faint=True),
        tone=decision.verdict,
    )
