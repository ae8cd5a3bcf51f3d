"""The cards of what a difference takes: the curve of a plan, and a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.view import charts, figures
from workbench.view.fragments import card, details, numbers, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.plan.curve import Curve, Size
    from workbench.plan.proposal import Proposal

__all__ = ["curve_card", "curve_details", "proposal_card"]


def _price(size: Size | None) -> str:
    if size is None:
        return figures.MISSING
    return "unknown" if size.cost_usd is None else figures.span(*map(figures.usd, size.cost_usd))


def _table(curve: Curve) -> pd.DataFrame:
    rows = [
        {
            "true difference": f"{point.difference:.3g}"
            + (" (this plan)" if point.difference == curve.power.smallest_difference else ""),
            "cases": "no feasible number" if point.size is None else figures.count(point.size.cases),
            "calls": figures.MISSING if point.size is None else figures.count(point.size.calls),
            "new calls": figures.MISSING if point.size is None else figures.count(point.size.calls_new),
            "USD for the new calls": _price(point.size),
        }
        for point in curve.points
    ]
    return pd.DataFrame(rows)


def _picture(curve: Curve) -> str:
    each = (
        f"{row['true difference']}: {row['cases']} cases, USD {row['USD for the new calls']}"
        for row in _table(curve).to_dict("records")
    )
    return picture(charts.power(curve), "Cases needed by true difference. " + "; ".join(each))


def curve_card(curve: Curve) -> str:
    """Return how many cases a difference needs and what they cost: drawn, and as a table."""
    power = curve.power
    shows = power.smallest_difference
    return card(
        "Power",
        "Nothing can be shown with so few cases"
        if shows is None
        else f"{power.cases:,} cases show a difference of {shows:.3g}",
        paragraph(curve.summary),
        _picture(curve),
        table(_table(curve)),
    )


def curve_details(curve: Curve) -> str:
    """Return the curve as a part of another card: folded, the table only."""
    return details(
        "Cases that other differences need, and their price",
        table(_table(curve)),
        paragraph("Drawn: plan.curve. The cheapest grid for one: plan.for_difference(0.03).", faint=True),
    )


def proposal_card(proposal: Proposal) -> str:
    """Return cases and repeats that show a difference, and every other way to do it."""
    size = proposal.chosen
    if size is None:
        return card(
            "Proposal", f"No feasible grid shows {proposal.difference:g}", paragraph(proposal.summary)
        )
    lacking = f"{proposal.more_cases:,} more than at hand" if proposal.more_cases else "all at hand"
    rows = [
        {
            "repeats": figures.count(option.repeats) + (" (proposed)" if option is size else ""),
            "cases": figures.count(option.cases),
            "more than at hand": figures.count(max(0, option.cases - proposal.at_hand)),
            "new calls": figures.count(option.calls_new),
            "USD": _price(option),
        }
        for option in proposal.options
    ]
    return card(
        "Proposal",
        f"To show a difference of {proposal.difference:g}: {size.cases:,} cases × {size.repeats} repeats",
        numbers(
            [
                ("Cases", figures.count(size.cases), lacking),
                ("New calls", figures.count(size.calls_new), f"of {size.calls:,}"),
                ("USD", _price(size), "for the new calls"),
            ]
        ),
        paragraph(proposal.summary),
        details("Every number of repeats", table(pd.DataFrame(rows))),
    )
