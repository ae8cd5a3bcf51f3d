"""The card of flips: how many cases were fixed and broken, and word by word what changed in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.view import figures
from workbench.view.fragments import card, details, escape, numbers, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.analyze.flips import Flips
    from workbench.analyze.worddiff import Piece

__all__ = ["MOST_CASES", "MOST_LETTERS", "diff_html", "flips_card"]

MOST_CASES = 20
"""Cases of a kind that a card writes out; `Flips.frame` and `Flips.diff` have all."""

MOST_LETTERS = 4_000
"""Letters of a diff that a card writes out."""

_MARKS = {
    "removed": ("del", "background:rgba(166,54,3,.18);text-decoration:line-through"),
    "added": ("ins", "background:rgba(0,114,178,.18);text-decoration:underline"),
}


def diff_html(pieces: Iterable[Piece]) -> str:
    """Return a word diff as escaped HTML; what was removed is struck out, what was added underlined.

    Neither is told by color alone. Above `MOST_LETTERS` letters the rest is left out, and that is said.
    """
    out, left = [], MOST_LETTERS
    for piece in pieces:
        if left <= 0:
            out.append(escape(" … (longer: see diff)"))
            break
        text = escape(piece.text[:left])
        left -= len(piece.text)
        if piece.kind in _MARKS:
            name, style = _MARKS[piece.kind]
            text = f'<{name} style="{style}">{text}</{name}>'
        out.append(text)
    return (
        '<div style="white-space:pre-wrap;overflow-wrap:anywhere;font-family:monospace;font-size:.9em;'
        f'margin:.2em 0 .8em">{"".join(out)}</div>'
    )


def flips_card(flips: Flips) -> str:
    """Return what a challenger fixed and broke: the counts, and each case with both its outputs."""
    counts = flips.counts
    known = len(flips.table) - counts["unknown"]
    pairs = [
        (kind, figures.count(counts[kind]), "no score in one arm" if kind == "unknown" else f"of {known:,}")
        for kind in counts
        if kind != "unknown" or counts[kind]
    ]
    return card(
        "Flips",
        f"{flips.incumbent} → {flips.challenger}",
        numbers(pairs),
        paragraph(flips.summary),
        *(_cases(flips, kind) for kind in ("broken", "fixed")),
    )


def _cases(flips: Flips, kind: str) -> str:
    """Return the cases of one kind, each with its scores, its expected answer and its word diff."""
    rows = flips.table[flips.table["kind"] == kind]
    parts = []
    for row in rows.head(MOST_CASES).to_dict("records"):
        scores = pd.DataFrame(
            [
                {
                    "case": row["case_id"],
                    "expected": row["expected"],
                    flips.incumbent: f"{row['score_incumbent']:.2g} (n {row['n_incumbent']})",
                    flips.challenger: f"{row['score_challenger']:.2g} (n {row['n_challenger']})",
                }
            ]
        )
        parts += [table(scores), diff_html(flips.diff(str(row["case_id"])))]
    if len(rows) > MOST_CASES:
        parts.append(paragraph(f"{len(rows) - MOST_CASES:,} more: see .frame", faint=True))
    return details(f"{len(rows):,} {kind}", *parts, opened=kind == "broken")
