"""The card of a race: who is left, since when the others are not, and what it saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from workbench.analyze.wording import with_bounds
from workbench.view import charts, figures
from workbench.view.fragments import card, numbers, paragraph, picture, table

if TYPE_CHECKING:
    from workbench.analyze.race import Race

__all__ = ["race_card"]


def race_card(race: Race) -> str:
    """Return a race: its winner or who is left, calls of the grid, each challenger over time, the table."""
    rows = pd.DataFrame(
        [
            {
                "arm": row["arm"],
                "status": row["status"] + (f" by {row['dropped_by']}" if row["dropped_by"] else ""),
                "cases": figures.count(row["cases"]),
                race.score: figures.quality(row["quality"], as_share=race.span == 1),
                "difference, at any look": "the incumbent"
                if row["arm"] == race.incumbent
                else with_bounds(
                    row["estimate"], row["low"], row["high"], points=race.span == 1, alpha=race.alpha
                ),
                "calls": figures.count(row["calls"]),
            }
            for row in race.arms.to_dict("records")
        ]
    )
    each = (
        f"{row['arm']}: {row['status']}, {row['difference, at any look']}" for row in rows.to_dict("records")
    )
    share = race.calls / race.grid if race.grid else 0.0
    heading = f"{race.winner} is left" if race.winner else f"{len(race.contenders)} arms are left"
    return card(
        f"Race · {race.score}",
        heading,
        numbers(
            [
                ("Calls", figures.count(race.calls), f"{share:.0%} of the grid's {race.grid:,}"),
                ("Cases seen", figures.count(race.seen), f"of {race.planned:,}"),
                ("Ended", race.ended, ""),
            ]
        ),
        paragraph(race.summary),
        picture(charts.race(race), f"Differences from {race.incumbent} over time. " + "; ".join(each)),
        table(rows, "Arms"),
    )
