"""The report: one HTML file that says everything about a study, without a network and without a script.

Its content security policy forbids scripts and anything fetched; every text is escaped. It opens in a
browser, in MLflow's artifact viewer and from a mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.view import charts, figures, tables
from workbench.view.comparisons import differences_picture, quality_cost_picture
from workbench.view.decisions import decision_parts, verdict_words
from workbench.view.fragments import attribute, bullets, details, escape, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.analyze.compare import Comparison
    from workbench.plan.plan import Plan
    from workbench.promote.decision import Decision
    from workbench.run.handle import Run

__all__ = ["POLICY", "report_html"]

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Content security policy of the file: pictures that are in it and its own styles, nothing else."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5b6472; --line: #d9dee6; --ground: #fff;
  --panel: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #a9b2c0; --line: #3a4250;
  --ground: #14171d; --panel: #1c2129; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 960px; padding: 32px 24px 64px; background: var(--ground);
  color: var(--ink); font: 15px/1.55 system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
header { border-bottom: 1px solid var(--line); padding-bottom: 18px; margin-bottom: 8px; }
.eyebrow { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
h1 { font-size: 30px; line-height: 1.2; margin: 4px 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 34px 0 8px; }
table { border-collapse: collapse; font-size: 13px; margin: 8px 0; width: 100%;
  font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
td { overflow-wrap: break-word; }
pre { background: var(--panel); border-radius: 8px; padding: 10px 14px; white-space: pre-wrap;
  overflow-wrap: anywhere; font-size: 12.5px; margin: 6px 0; }
.role { color: var(--soft); font-size: 12px; margin-top: 10px; }
a { color: inherit; }
@media print { body { max-width: none; } details { display: block; } }
"""


def _section(heading: str, *parts: str) -> str:
    inside = "".join(parts)
    return f"<section><h2>{escape(heading)}</h2>{inside}</section>" if inside else ""


def _method(plan: Plan, comparison: Comparison) -> str:
    challengers = len(plan.arms) - 1
    level = f"{100 * (1 - comparison.alpha):g} %"
    params = ", ".join(f"{name} {value}" for name, value in plan.params.items())
    scorers = ", ".join(scorer.name for scorer in plan.scorers)
    return bullets(
        [
            f"Each of {len(plan.cases):,} cases was asked of each of {len(plan.arms)} arms,"
            f" repeats: {plan.repeats} ({len(plan):,} trials), in an order drawn with seed {plan.seed}"
            + (f"; parameters: {params}." if params else "."),
            f"Scored by {scorers or 'nothing'}. Quality is the mean of {comparison.score} over cases, each"
            " case's repeats averaged first.",
            "A failed, refused, truncated or empty answer is missing, not wrong: it is left out of the mean"
            " and counted. The column “if failures count as wrong” shows the other reading.",
            f"Differences are paired by case against {comparison.incumbent}; their {level} intervals hold for"
            f" all challengers ({challengers}) at once.",
            f"A loss of up to {comparison.margin:g} counts as not worse (the margin, set before the run).",
            "Cost is that of all attempts, retries included, by the price book below; an unknown price stays"
            " unknown.",
        ]
    )


def _limits(comparison: Comparison) -> str:
    return bullets(
        [
            *comparison.notes,
            "It holds for cases like these, for these model versions, at these prices and parameters.",
            "Intervals tell of chance in drawing cases and answers, not of whether the score is right.",
        ]
    )


def _prompts(plan: Plan) -> str:
    parts = []
    for arm in plan.arms:
        messages = "".join(
            f'<div class="role">{escape(message.role)}</div><pre>{escape(message.content)}</pre>'
            for message in arm.variant.chat
        )
        bound = "".join(
            f'<div class="role">{escape(name)} is bound to</div><pre>{escape(value)}</pre>'
            for name, value in arm.variant.constants.items()
        )
        parts.append(details(f"{arm.name} (hash {arm.variant.hash[:12]})", messages, bound))
    return "".join(parts)


def _identity(plan: Plan, decision: Decision | None) -> str:
    rows = {
        "execution": plan.execution_id,
        "plan": plan.hash,
        "dataset": f"{plan.cases.name}, {len(plan.cases):,} cases, digest {plan.cases.digest}",
        "gate": plan.gate.hash if decision is None else decision.gate_hash,
        "price book": plan.estimate.price_book,
        "draw": f"seed {plan.seed}, sample {plan.sample}",
    }
    return table(pd.DataFrame({"what": list(rows), "identity": list(rows.values())}))


def _latency(run: Run | None) -> str:
    if run is None:
        return ""
    words = (
        "Share of calls answered within a time, by arm. The arms table gives the 50th and 95th percentiles."
    )
    return picture(charts.latency(run.frame), words)


def report_html(
    plan: Plan,
    comparison: Comparison,
    decision: Decision | None = None,
    run: Run | None = None,
    *,
    question: str = "",
) -> str:
    """Return the report of a study as one self-contained HTML document.

    Parameters
    ----------
    plan, comparison
        What was asked and what came out.
    decision
        The verdict; None where none was taken yet.
    run
        For the distribution of latency; None leaves it out.
    question
        What the study wants to know, in words.
    """
    heading = plan.study if decision is None else verdict_words(decision)
    challengers = [arm.name for arm in plan.arms if arm.name != comparison.incumbent]
    asked = question or f"Is one of {', '.join(challengers)} to replace {comparison.incumbent}?"
    body = [
        f'<header><div class="eyebrow">{escape(f"Prompt study · {plan.study} · {plan.execution_id}")}</div>'
        f"<h1>{escape(heading)}</h1>{paragraph(asked)}</header>",
        _section("Decision", *(decision_parts(decision) if decision is not None else [])),
        _section(
            "Quality against cost",
            quality_cost_picture(comparison, None if decision is None else decision.chosen),
            table(tables.arms_table(comparison)),
        ),
        _section(
            "Differences from the incumbent",
            differences_picture(comparison),
            table(tables.differences_table(comparison)),
        ),
        _section("Latency", _latency(run)),
        _section("Method", _method(plan, comparison)),
        _section("Limits", _limits(comparison)),
        _section("Prompts", _prompts(plan)),
        _section("Identity", _identity(plan, decision)),
    ]
    name = figures.shorten(f"{plan.study}: {heading}", 120)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{attribute(name)}</title><style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )
