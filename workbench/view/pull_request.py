"""A decision for a pull request: Markdown, with nothing in it that its page would act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from workbench.view import tables
from workbench.view.decisions import settle, verdict_words
from workbench.view.figures import printable
from workbench.view.fragments import escape

if TYPE_CHECKING:
    from workbench.promote.decision import Decision

__all__ = ["markdown"]


def _plain(text: object) -> str:
    """Return text that means nothing to Markdown: no markup, no link, no mention, one line."""
    one_line = " ".join(printable(text).split())
    marked = escape(re.sub(r"([\\`*_\[\]#|~])", r"\\\1", one_line))
    # A mention or an issue is seen in rendered text: a letter without width keeps it from being one.
    return re.sub(r"(?<![\w/])@", "@\u200b", marked).replace("://", ":\u200b//")


def _table(frame: pd.DataFrame) -> list[str]:
    head = " | ".join(_plain(name) for name in frame.columns)
    rows = [" | ".join(_plain(cell) for cell in row) for row in frame.itertuples(index=False)]
    return [f"| {line} |" for line in (head, " | ".join("---" for _ in frame.columns), *rows)]


def markdown(decision: Decision, ground: str = "") -> str:
    """Return a decision as Markdown: verdict, reasons, differences, what would settle it, rules folded up.

    Parameters
    ----------
    decision
        What `bench.decide` returns.
    ground
        On what it rests: run just now, resumed, read; empty: not said.
    """
    open_ones = settle(decision)
    lines = [f"## {_plain(decision.study)}: {_plain(verdict_words(decision))}", ""]
    lines += [f"- {_plain(reason)}" for reason in decision.reasons]
    lines += [f"- **Regression**: {_plain(arm)} is worse than the incumbent" for arm in decision.regressions]
    if len(decision.verdicts):
        lines += ["", *_table(tables.differences_table(decision.comparison))]
    if open_ones:
        lines += ["", "What would settle it:", "", *(f"- {_plain(one)}" for one in open_ones)]
    if decision.comparison.notes:
        lines += ["", *(f"> {_plain(note)}\n>" for note in decision.comparison.notes)]
    for arm in dict.fromkeys(one.arm for one in decision.findings):
        lines += ["", f"<details><summary>Rule by rule: {escape(arm)}</summary>", ""]
        rules = tables.findings_table(decision, arm)
        lines += [
            *_table(rules[rules["outcome"] != tables.OUTCOME_SIGNS["not applicable"]]),
            "",
            "</details>",
        ]
    identity = f"execution {decision.execution_id} · gate {decision.gate_hash[:12]}"
    lines += ["", f"<sub>{escape(' · '.join(part for part in (ground, identity) if part))}</sub>", ""]
    return "\n".join(lines)
