"""The cards of what a comparison was asked further: slices, variance, the winner confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.variance import WAYS
from workbench.analyze.wording import with_bounds
from workbench.view import charts, figures
from workbench.view.fragments import card, details, numbers, paragraph, picture, pill, table

if TYPE_CHECKING:
    from workbench.analyze.selection import Confirmation
    from workbench.analyze.slices import Slices
    from workbench.analyze.variance import VarianceSplit

__all__ = ["confirmation_card", "slices_card", "variance_card"]


def slices_card(slices: Slices) -> str:
    """Return the differences slice by slice, and which slice a verdict hangs on."""
    rows = pd.DataFrame(
        [
            {
                slices.by: row["slice"],
                "challenger": row["arm"],
                "incumbent's": figures.quality(row["quality_incumbent"], as_share=slices.points),
                "challenger's": figures.quality(row["quality"], as_share=slices.points),
                f"difference in {slices.score}": _found(row, slices),
                "verdict": figures.said(row["reason"]) or row["verdict"],
                "cases": figures.count(row["n_cases"]),
            }
            for row in slices.table.to_dict("records")
        ]
    )
    each = (
        f"{row[slices.by]}, {row['challenger']}: {row[f'difference in {slices.score}']}, {row['verdict']}"
        for row in rows.to_dict("records")
    )
    return card(
        "Slices",
        f"{slices.score} by {slices.by}, against {slices.incumbent}",
        paragraph(slices.summary),
        picture(charts.slices(slices), f"Differences by {slices.by}. " + "; ".join(each)),
        details("Slice by slice", table(rows)),
        details("Each slice left out", table(_left_out(slices))),
        tone="bad" if len(slices.broken) else "neutral",
    )


def _found(row: Mapping[Any, Any], of: Slices | Confirmation) -> str:
    return with_bounds(row["difference"], row["low"], row["high"], points=of.points, alpha=of.alpha)


def _left_out(slices: Slices) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                f"{slices.by} left out": row["slice"],
                "challenger": row["arm"],
                f"difference in {slices.score}": _found(row, slices),
                "verdict on all": row["verdict_all"],
                "verdict without": row["verdict_without"] + (" (another one)" if row["flips"] else ""),
                "cases left": figures.count(row["n_left"]),
            }
            for row in slices.left_out.to_dict("records")
        ]
    )


def variance_card(split: VarianceSplit) -> str:
    """Return what a difference scatters by, and what the same money would buy."""
    parts = [
        {
            "of": "the difference" if row["of"] == "difference" else row["of"],
            "part": row["part"],
            "share of the variance": figures.share(row["share"], 0),
            "standard deviation of a single one": figures.quality(row["sd_single"], as_share=False),
            "": figures.said(row["reason"]),
        }
        for row in split.parts.to_dict("records")
    ]
    options = [
        {
            "buy": row["buy"],
            "for the same money": figures.MISSING
            if figures.said(row["reason"])
            else f"{row['more']:,.3g} more {WAYS[str(row['buy'])]}",
            "expected width": figures.said(row["reason"]) or _width(row["width"], split.points),
        }
        for row in split.options.to_dict("records")
    ]
    advice = "cannot be told" if split.advice is None else f"buy {split.advice}"
    figure = _width(split.width, split.points)
    shares = [
        (row["part"].capitalize(), figures.share(row["share"], 0), "of the difference's variance")
        for row in split.parts[split.parts["of"] == "difference"].to_dict("records")
    ]
    return card(
        "Variance",
        f"{split.challenger} minus {split.incumbent}: {advice}",
        numbers([*shares, ("Width of the interval now", figure, f"{split.n_cases:,} cases")]),
        paragraph(split.summary.partition("\n")[0]),
        table(pd.DataFrame(options), f"What {split.price} would buy"),
        details("Part by part", table(pd.DataFrame(parts))),
    )


def _width(width: float, points: bool) -> str:
    if figures.missing(width):
        return figures.MISSING
    return f"{100 * width:.1f} points" if points else f"{width:.3g}"


def confirmation_card(found: Confirmation) -> str:
    """Return the winner chosen on some cases and tested on the others, beside what it seemed to be."""
    rows = pd.DataFrame(
        [
            {
                "estimate": row["estimate"],
                "arm": row["arm"],
                f"difference in {found.score}": _found(row, found),
                "verdict": figures.said(row["reason"]) or figures.said(row["verdict"]) or figures.MISSING,
                "cases": figures.count(row["n_cases"]),
            }
            for row in found.table.to_dict("records")
        ]
    )
    each = (
        f"{row['estimate']}, {row['arm']}: {row[f'difference in {found.score}']}"
        for row in rows.to_dict("records")
    )
    word = "confirmed" if found.confirmed else "not confirmed"
    return card(
        f"Confirmation · chosen on {found.share:.0%} of the cases, seed {found.seed}",
        f"{found.chosen}: {word}",
        pill(found.verdict, "promote" if found.confirmed else "not enough evidence"),
        paragraph(found.summary),
        picture(charts.confirmation(found), f"Difference from {found.incumbent}. " + "; ".join(each)),
        table(rows),
    )
