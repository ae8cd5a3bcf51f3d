"""The cards of doubt: is it the same model, does a decision follow from its artifacts, does the gate hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.view import charts, figures
from workbench.view.fragments import card, paragraph, picture, pill, table

if TYPE_CHECKING:
    from workbench.analyze.drift import Recheck
    from workbench.promote.equal import EqualArms
    from workbench.promote.verify import Verification

__all__ = ["equal_card", "recheck_card", "verification_card"]


def _change(row: Mapping[Any, Any]) -> str:
    if figures.missing(row["score_change"]):
        return figures.MISSING
    middle = f"{row['score_change']:+.3g}"
    if figures.missing(row["score_low"]) or figures.missing(row["score_high"]):
        return middle
    return f"{middle} ({row['score_low']:.3g} to {row['score_high']:.3g})"


def recheck_card(recheck: Recheck) -> str:
    """Return whether the models behind the names have changed, arm by arm, and by which sign."""
    rows = [
        {
            "arm": row["arm"],
            "verdict": row["verdict"],
            "why": row["why"],
            "answers agree, then / now and then": " / ".join(
                figures.share(row[name], 0) for name in ("agreement_within", "agreement_across")
            ),
            f"{recheck.score} changed by": _change(row),
            "cases": figures.count(row["n_cases"]),
            "draws, then / now": f"{figures.count(row['draws_before'])} / {figures.count(row['draws_now'])}",
            "served, then / now": f"{row['served_before'] or figures.MISSING} /"
            f" {row['served_now'] or figures.MISSING}",
        }
        for row in recheck.arms.to_dict("records")
    ]
    changed = len(recheck.changed)
    words = "No sign of a change" if not changed else f"{changed} of {len(rows)} arms changed"
    return card(
        "Recheck · the same cases, asked again",
        words,
        pill("changed" if changed else "no sign of a change", "bad" if changed else "neutral"),
        paragraph(recheck.summary),
        table(pd.DataFrame(rows)),
        paragraph(f"Error {recheck.alpha:g} over all arms and measures together.", faint=True),
        tone="bad" if changed else "neutral",
    )


def verification_card(found: Verification) -> str:
    """Return what came of recomputing a decision: how many figures, and each that is another one."""
    word = "all equal" if found.ok else f"{len(found.differences):,} not equal"
    return card(
        f"Verification · decision {found.run_id}",
        f"{found.checked:,} figures recomputed from {found.trials:,} trials: {word}",
        pill(word, "promote" if found.ok else "bad"),
        paragraph(found.summary),
        table(found.frame, "What is not as it was recorded"),
        tone="promote" if found.ok else "bad",
    )


def equal_card(found: EqualArms) -> str:
    """Return how often equal arms are promoted: by the gate, and by what one might do instead."""
    rows = pd.DataFrame(
        [
            {
                "rule": row["rule"],
                "promotes an arm in": figures.interval(
                    *(figures.share(row[name]) for name in ("share", "low", "high"))
                ),
                "studies": f"{row['promoted']:,} of {row['studies']:,}",
            }
            for row in found.frame.to_dict("records")
        ]
    )
    each = (f"{row['rule']}: {row['promotes an arm in']}" for row in rows.to_dict("records"))
    gate = found.frame.iloc[-1]
    words = "Studies in which an arm is promoted that is not better. " + "; ".join(each)
    return card(
        f"Equal arms · {found.score}",
        f"The gate promotes an arm in {figures.share(gate['share'])} of studies where none is better",
        paragraph(found.summary),
        picture(charts.equal(found), words),
        table(rows),
    )
