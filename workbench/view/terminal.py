"""A decision for the terminal: a plain-text card at most 100 columns wide, without color or control codes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workbench.view import figures, tables
from workbench.view.decisions import settle, verdict_words

if TYPE_CHECKING:
    from workbench.promote.decision import Decision

__all__ = ["WIDTH", "terminal"]

WIDTH = 100
"""Columns of the card, its frame included."""


def _plain(text: Any) -> str:
    """Return text in one line without control characters: a model's text cannot steer the terminal."""
    return " ".join(figures.printable(text).split())


def _wrapped(text: Any, inner: int, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        _plain(text), inner, initial_indent=first, subsequent_indent=rest, break_long_words=True
    ) or [first]


def _bullets(lines: Iterable[Any], inner: int) -> list[str]:
    return [part for line in lines for part in _wrapped(line, inner, "- ", "  ")]


def _arms(decision: Decision, inner: int) -> list[str]:
    comparison = decision.comparison
    as_share = comparison.points
    longest = comparison.arms["latency_p95_s"].max()
    rows = [("arm", comparison.score, "interval", "USD/1,000", "p95", "scored")]
    for row in comparison.arms.to_dict("records"):
        mark = "* " if row["arm"] == decision.chosen else "  "
        low, high = (figures.quality(row[f"quality_{end}"], as_share=as_share) for end in ("low", "high"))
        rows.append(
            (
                mark + figures.shorten(row["arm"], 34),
                figures.quality(row["quality_mean"], as_share=as_share),
                figures.MISSING if figures.MISSING in (low, high) else f"{low} to {high}",
                "unknown"
                if figures.missing(row["cost_usd_per_1000"])
                else figures.usd(row["cost_usd_per_1000"]),
                figures.seconds(row["latency_p95_s"], longest),
                f"{figures.count(row['scored'])}/{figures.count(row['attempted'])}",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(wide) if column == 0 else cell.rjust(wide)
            for column, (cell, wide) in enumerate(zip(row, widths, strict=True))
        )[:inner]
        for row in rows
    ]


def _findings(decision: Decision, arm: str, inner: int) -> list[str]:
    """Return every rule on the chosen arm or the only challenger; of another what it does not pass."""
    whole = arm == decision.chosen or len(decision.verdicts) == 1
    lines = _wrapped(arm, inner)
    for finding in decision.findings:
        unpassed = finding.outcome in ("fail", "unclear")
        if finding.arm != arm or not (whole or unpassed):
            continue
        sign = tables.OUTCOME_SIGNS[finding.outcome][0]
        words = f"{finding.code} {finding.name}: {finding.evidence.removeprefix(f'{arm}: ')}"
        lines += _wrapped(words, inner, f"{sign} ", "  ")
        if unpassed and finding.remedy:
            lines += _wrapped(finding.remedy, inner, "    → ", "      ")
    return lines if len(lines) > 1 else []


def _headline(decision: Decision) -> str:
    """Return the verdict with its word in capitals, all that a terminal has for big letters."""
    words = verdict_words(decision)
    verb = words.split(" ")[0] if decision.verdict != "not enough evidence" else words
    return verb.upper() + words[len(verb) :]


def terminal(decision: Decision) -> str:
    """Return a decision as a framed text card.

    The verdict, its reasons, the arms, the rules with ✓ (pass), ✗ (fail), – (not applicable) or ? (unclear),
    and what would settle an open one.

    Parameters
    ----------
    decision
        What `bench.decide` returns.
    """
    inner = WIDTH - 4
    open_ones = settle(decision)

    def others(arm: str) -> bool:
        return arm != decision.chosen

    blocks = [
        _wrapped(f"{decision.study} · {decision.execution_id}", inner),
        _wrapped(_headline(decision), inner),
        _bullets(decision.reasons, inner),
        _arms(decision, inner),
        *(_findings(decision, arm, inner) for arm in sorted(decision.verdicts["arm"], key=others)),
        ["What would settle it:", *_bullets(open_ones, inner)] if open_ones else [],
    ]
    rule = f"├{'─' * (WIDTH - 2)}┤"
    body = []
    for block in (block for block in blocks if block):
        body += [rule, *(f"│ {line.ljust(inner)} │" for line in block)]
    text = "\n".join([f"╭{'─' * (WIDTH - 2)}╮", *body[1:], f"╰{'─' * (WIDTH - 2)}╯"])
    return text.replace("\u00a0", " ")
