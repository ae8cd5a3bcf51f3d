"""The card of a plan: what it will cost, and what it can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.view import figures, tables
from workbench.view.curves import curve_details
from workbench.view.fragments import bullets, card, numbers, paragraph, table

if TYPE_CHECKING:
    from workbench.plan.plan import Plan


__all__ = [
    "plan_card",
]


def plan_card(plan: Plan) -> str:
    """Return a plan: calls, tokens, USD, minutes as low to high, and the smallest difference it can show."""
    estimate = plan.estimate
    cost = estimate.cost_usd
    money = "unknown" if cost is None else figures.span(*map(figures.usd, cost))
    budget = "no budget set" if plan.budget_usd is None else f"budget {figures.usd(plan.budget_usd)}"
    budget += "" if plan.budget_tokens is None else f"; {figures.count(plan.budget_tokens)} tokens"
    reused = estimate.cells - estimate.calls
    tokens = figures.span(*map(figures.count, estimate.tokens_in))
    tokens_out = figures.span(*map(figures.count, estimate.tokens_out))
    minutes = figures.span(*(figures.elapsed(60 * minute) for minute in estimate.minutes))
    smallest = plan.power.smallest_difference
    shows = "nothing" if smallest is None else f"{smallest:.3g}"
    pairs = [
        (
            "Calls",
            figures.count(estimate.calls),
            f"{reused:,} of {len(plan):,} trials need none" if reused else "",
        ),
        ("Tokens in", tokens, f"out {tokens_out}"),
        ("USD", money, f"no price for {', '.join(estimate.unpriced)}" if cost is None else budget),
        ("Time", minutes, f"{estimate.concurrency} calls at a time"),
        (
            f"Smallest difference in {plan.gate.score}",
            shows,
            f"{plan.power.power:.0%} power; {plan.power.basis}",
        ),
    ]
    size = (
        f"{len(plan.arms)} arms × {len(plan.cases):,} cases × {plan.repeats} repeats = {len(plan):,} trials"
    )
    return card(
        f"Plan · {plan.study}",
        size,
        numbers(pairs),
        table(tables.plan_table(plan)),
        curve_details(plan.curve),
        bullets(plan.notes),
        paragraph(f"Prices: {estimate.price_book}. Nothing is spent yet.", faint=True),
    )
