"""The card of a comparison, and its two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.view import charts, tables
from workbench.view.fragments import card, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.analyze.compare import Comparison


__all__ = [
    "comparison_card",
    "differences_picture",
    "quality_cost_picture",
]


def _quality_cost_words(comparison: Comparison, chosen: str | None) -> str:
    rows = tables.arms_table(comparison)
    each = [
        f"{row['arm']}: {row[comparison.score]} at {row['USD per 1,000']}" for row in rows.to_dict("records")
    ]
    each += [f"to promote: {chosen}"] if chosen is not None else []
    return f"Quality ({comparison.score}) against cost in USD per 1,000 requests. " + "; ".join(each)


def _difference_words(comparison: Comparison) -> str:
    rows = tables.differences_table(comparison).to_dict("records")
    column = f"difference in {comparison.score}"
    each = [f"{row['challenger']}: {row[column]}, {row['verdict']}" for row in rows]
    return f"Paired differences from {comparison.incumbent}. " + "; ".join(each)


def quality_cost_picture(comparison: Comparison, chosen: str | None = None) -> str:
    """Return the quality-cost chart as an image whose alternative text says all its figures.

    Parameters
    ----------
    chosen
        The arm that a decision promotes, marked in it; None: none.
    """
    return picture(charts.quality_cost(comparison, chosen), _quality_cost_words(comparison, chosen))


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
