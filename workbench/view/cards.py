"""Cards: how each result shows itself in a notebook, as one static HTML fragment.

`renderers` maps types to functions; the façade registers it with `core.show`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from workbench.view import charts, figures, tables
from workbench.view.fragments import bullets, card, details, meter, numbers, paragraph, picture, pill, table

if TYPE_CHECKING:
    from workbench.analyze.compare import Comparison
    from workbench.define.dataset import Dataset
    from workbench.define.variant import Variant
    from workbench.plan.plan import Plan
    from workbench.promote.decision import Decision
    from workbench.promote.history import History, Release
    from workbench.run.handle import Run
    from workbench.run.progress import Progress

__all__ = [
    "comparison_card",
    "dataset_card",
    "decision_card",
    "history_card",
    "plan_card",
    "progress_card",
    "release_card",
    "renderers",
    "run_card",
    "settle",
    "variant_card",
    "verdict_words",
]


def variant_card(variant: Variant) -> str:
    """Return a variant: its messages as they are stored, what is bound, what a case must have."""
    return card("Variant", variant.name, paragraph(variant.summary), table(variant.frame))


def dataset_card(dataset: Dataset) -> str:
    """Return a dataset: its size, its labels, its first rows."""
    return card(
        "Dataset",
        f"{len(dataset):,} cases",
        paragraph(dataset.summary),
        table(dataset.frame.head(5), "First rows"),
    )


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
        bullets(plan.notes),
        paragraph(f"Prices: {estimate.price_book}. Nothing is spent yet.", faint=True),
    )


def progress_numbers(at: Progress, budget_usd: float | None = None) -> list[tuple[str, str, str]]:
    """Return the key figures of a run as (name, figure, note); `budget_usd` None: no budget was set."""
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(at.errors.items()))
    money = [f"of {figures.usd(budget_usd)}"] if budget_usd is not None else []
    left = "" if at.left_s is None else f"about {figures.elapsed(at.left_s)} left"
    open_ends = ((at.unpriced, "at unknown cost"), (at.in_doubt, "calls possibly billed twice"))
    money += [f"{count:,} {words}" for count, words in open_ends if count]
    spent = "unknown" if at.unpriced and not at.usd else figures.usd(at.usd)
    return [
        ("Trials", f"{at.done:,} of {at.planned:,}", f"{at.reused:,} reused" if at.reused else ""),
        ("Tokens in / out", f"{figures.count(at.tokens_in)} / {figures.count(at.tokens_out)}", ""),
        ("USD", spent, ", ".join(money)),
        ("Failed", f"{at.failed:,}", kinds),
        ("Time", figures.elapsed(at.elapsed_s), left),
    ]


def progress_words(at: Progress) -> str:
    """Return a run's state and how far it is, in words."""
    return f"{at.state}: {at.done:,} of {at.planned:,} trials"


def progress_card(at: Progress, *, name: str = "", budget_usd: float | None = None) -> str:
    """Return where a run stands: progress, tokens, USD, errors, time. It does not move by itself.

    Parameters
    ----------
    at
        The snapshot.
    name
        What runs; empty: its execution id.
    budget_usd
        What it may spend; None: no budget was set.
    """
    label = progress_words(at)
    return card(
        f"Run · {name or at.execution_id}",
        label,
        meter(at.done, at.planned, label),
        numbers(progress_numbers(at, budget_usd)),
        *(paragraph(line) for line in ((at.reason,) if at.reason else at.endpoints)),
        tone="bad" if at.state in ("failed", "budget") else "neutral",
    )


def run_name(run: Run) -> str:
    """Return what a run is called: its study and its execution."""
    return f"{run.plan.study} · {run.execution_id}"


def run_card(run: Run) -> str:
    """Return a run as it stands now."""
    return progress_card(run.progress, name=run_name(run), budget_usd=run.plan.budget_usd)


def _quality_cost_words(comparison: Comparison) -> str:
    rows = tables.arms_table(comparison)
    each = [
        f"{row['arm']}: {row[comparison.score]} at {row['USD per 1,000']}" for row in rows.to_dict("records")
    ]
    return f"Quality ({comparison.score}) against cost in USD per 1,000 requests. " + "; ".join(each)


def _difference_words(comparison: Comparison) -> str:
    rows = tables.differences_table(comparison).to_dict("records")
    column = f"difference in {comparison.score}"
    each = [f"{row['challenger']}: {row[column]}, {row['verdict']}" for row in rows]
    return f"Paired differences from {comparison.incumbent}. " + "; ".join(each)


def quality_cost_picture(comparison: Comparison) -> str:
    """Return the quality-cost chart as an image whose alternative text says all its figures."""
    return picture(charts.quality_cost(comparison), _quality_cost_words(comparison))


def differences_picture(comparison: Comparison) -> str:
    """Return the forest of differences as an image whose alternative text says all its figures."""
    if comparison.differences.empty:
        return ""
    return picture(charts.differences(comparison), _difference_words(comparison))


def comparison_card(comparison: Comparison) -> str:
    """Return a comparison: quality against cost, differences from the incumbent, both as tables too."""
    return card(
        "Comparison",
        f"{comparison.score}, {len(comparison.arms)} arms, incumbent {comparison.incumbent}",
        paragraph(comparison.summary),
        quality_cost_picture(comparison),
        differences_picture(comparison),
        table(tables.arms_table(comparison), "Arms"),
        table(tables.differences_table(comparison), "Differences from the incumbent, case by case"),
    )


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
    return [
        details(f"Rule by rule: {arm}", table(tables.findings_table(decision, arm)), opened=index == 0)
        for index, arm in enumerate(arms)
    ]


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
        quality_cost_picture(decision.comparison),
        details("Differences from the incumbent", differences_picture(decision.comparison)),
        paragraph(identity, faint=True),
        tone=decision.verdict,
    )


def release_card(release: Release) -> str:
    """Return a move of an alias: what moved where, by whom and why, and what a rollback would do."""
    back = (
        f"version {release.back_to}" if release.back_to is not None else "nowhere: there is no version before"
    )
    heading = f"{release.alias} is now version {release.to_version}" + (
        f": {release.arm}" if release.arm else ""
    )
    return card(
        f"{release.action.capitalize()} · {release.study}",
        heading,
        paragraph(release.summary),
        paragraph(f"A rollback leads to {back}{f' ({release.back_to_arm})' if release.back_to_arm else ''}."),
        tone="promote" if release.action == "promote" else "keep",
    )


def history_card(history: History) -> str:
    """Return the moves of aliases, oldest first."""
    return card(
        "Release history", f"{len(history.moves):,} moves", paragraph(history.summary), table(history.frame)
    )


def renderers() -> Mapping[type, Callable[[Any], str]]:
    """Return the function that draws each result type; the loader for `core.show.register`."""
    from workbench.analyze.compare import Comparison
    from workbench.define.dataset import Dataset
    from workbench.define.variant import Variant
    from workbench.plan.plan import Plan
    from workbench.promote.decision import Decision
    from workbench.promote.history import History, Release
    from workbench.run.handle import Run
    from workbench.run.progress import Progress

    return {
        Comparison: comparison_card,
        Dataset: dataset_card,
        Decision: decision_card,
        History: history_card,
        Plan: plan_card,
        Progress: progress_card,
        Release: release_card,
        Run: run_card,
        Variant: variant_card,
    }
