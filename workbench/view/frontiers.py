"""The cards of the front and of all pairs: who stands where, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.wording import signed, with_bounds
from workbench.view import charts, figures
from workbench.view.fragments import card, details, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.analyze.all_pairs import AllPairs
    from workbench.analyze.frontier import Frontier

__all__ = ["all_pairs_card", "frontier_card"]

MOST_ARMS = 12
"""Arms whose differences are written out as a square; `AllPairs.matrix` has all."""


def frontier_card(frontier: Frontier) -> str:
    """Return each arm's place between quality, cost and latency: by tests, and by probability."""
    rows = [
        {
            "arm": row["arm"],
            frontier.score: figures.quality(row["quality_mean"], as_share=frontier.points),
            "USD per 1,000": figures.usd(row["cost_usd_per_1000"]),
            "p95": figures.seconds(row["latency_p95_s"]),
            "on the front": figures.share(row["p_front"], 0),
            "cheapest good one": figures.share(row["p_cheapest"], 0),
            "shown to be": row["status"],
            "latency counted": _said(row["p_front_with_latency"], row["status_with_latency"]),
            "cases": figures.count(row["cases"]),
        }
        for row in frontier.table.to_dict("records")
    ]
    how = (
        f"Probabilities: shares of {frontier.draws:,} bootstrap draws of whole cases, seed {frontier.seed}."
        f" Good: not worse than the best by more than {signed(frontier.margin, points=frontier.points)[1:]}."
        f" Shown to be: by tests of all pairs at once, error {frontier.alpha:g}."
    )
    return card(
        "Frontier",
        f"{frontier.score} against cost and latency, {len(rows)} arms",
        paragraph(frontier.summary),
        table(pd.DataFrame(rows), "Cheapest first"),
        paragraph(how, faint=True),
    )


def _said(probability: float, status: str) -> str:
    return status if figures.missing(probability) else f"{figures.share(probability, 0)}, {status}"


def all_pairs_card(found: AllPairs) -> str:
    """Return every arm against every other: a forest of intervals, the square of differences, the table."""
    rows = pd.DataFrame(
        [
            {
                "arm": row["arm"],
                "against": row["against"],
                f"difference in {found.score}": with_bounds(
                    row["difference"], row["low"], row["high"], points=found.points, alpha=found.alpha
                ),
                "verdict": row["verdict"],
                "cost difference, USD per 1,000": figures.interval(
                    *map(
                        figures.usd, (row["cost_difference_usd_per_1000"], row["cost_low"], row["cost_high"])
                    )
                ),
                "cases": figures.count(row["n_cases"]),
            }
            for row in found.table.to_dict("records")
        ]
    )
    each = (
        f"{row['arm']} against {row['against']}: {row[f'difference in {found.score}']}, {row['verdict']}"
        for row in rows.to_dict("records")
    )
    return card(
        "All pairs",
        f"{found.score}, {len(found.arms)} arms, {len(rows)} pairs",
        paragraph(found.summary),
        picture(charts.pairs(found), f"Differences in {found.score} of all pairs. " + "; ".join(each)),
        details("Row minus column, best first", table(_square(found))),
        details("Every pair", table(rows)),
    )


def _square(found: AllPairs) -> pd.DataFrame:
    """Return the differences as a square for eyes; empty where there are too many arms."""
    if len(found.arms) > MOST_ARMS:
        return pd.DataFrame()
    matrix = found.matrix
    rows = [
        {"": arm}
        | {
            other: "" if arm == other else signed(matrix[other][arm], points=found.points)
            for other in found.arms
        }
        for arm in found.arms
    ]
    return pd.DataFrame(rows)
