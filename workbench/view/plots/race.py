"""A race over time: what was known of each challenger after so many cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.view import figures
from workbench.view.plots.canvas import short_names, values, words
from workbench.view.plots.forest import LABEL
from workbench.view.theme import BLUE, GREY, INK, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.analyze.race import Race

__all__ = ["race"]

MOST_ARMS = 12
"""Panels that are drawn; `Race.sequence` has the others."""

LOOKS = 80
_COLORS = {"winner": BLUE, "contender": GREY, "eliminated": VERMILLION}


def race(found: Race) -> alt.TopLevelMixin:
    """Return a panel a challenger: its difference from the incumbent over the cases seen, with the interval.

    The interval holds at every look at once: wherever it leaves zero, that may be believed. A panel ends
    where its arm was dropped.

    Parameters
    ----------
    found
        What `bench.race` returns.
    """
    names = [str(arm) for arm in found.arms["arm"] if arm != found.incumbent]
    if not len(found.scores):
        return words("No case is complete yet, so there is no race to draw.")
    status = found.arms.set_index("arm")["status"]
    points = found.span == 1
    rows, heads = [], []
    labels = short_names(names)
    for arm in names[:MOST_ARMS]:
        head = f"{labels[arm]}: {status[arm]}"
        heads.append(head)
        rows += [
            {"panel": head, "status": status[arm], **_look(row, points)}
            for row in found.sequence(arm, LOOKS).to_dict("records")
        ]
    left = f"{len(names) - MOST_ARMS} more: see .sequence(arm)" if len(names) > MOST_ARMS else ""
    level = 100 * (1 - found.alpha)
    lines = [
        f"incumbent: {figures.shorten(found.incumbent)}; above zero is better",
        f"bands: {level:.0f} % intervals that hold at every look and for all challengers at once",
        f"{found.calls:,} of {found.grid:,} calls, {found.seen:,} of {found.planned:,} cases seen",
        left,
    ]
    chart = _panels(rows, heads, points)
    return themed(chart.properties(title=title("The race", lines)))


def _look(row: dict[Any, Any], points: bool) -> dict[str, Any]:
    factor = 100 if points else 1
    return {"cases": row["cases"]} | {name: factor * row[name] for name in ("estimate", "low", "high")}


def _panels(rows: list[dict[str, Any]], heads: list[str], points: bool) -> Any:
    import altair as alt

    unit = "Difference (points)" if points else "Difference"
    x = alt.X("cases:Q", title="Cases", axis=alt.Axis(tickCount=4))
    ticks = alt.Axis(tickCount=5, format="+~f", labelExpr=LABEL)
    y = alt.Y("estimate:Q", title=unit, axis=ticks)
    color = alt.Color(
        "status:N", legend=None, scale=alt.Scale(domain=list(_COLORS), range=list(_COLORS.values()))
    )
    base = alt.Chart().encode(x=x, color=color)
    layers = [
        base.mark_area(opacity=0.22).encode(y=alt.Y("low:Q", title=unit, axis=ticks), y2="high:Q"),
        base.mark_line(strokeWidth=2).encode(y=y),
        alt.Chart().mark_rule(color=INK, strokeWidth=1).encode(y=alt.datum(0)),
    ]
    panel = alt.layer(*layers, data=values(rows)).properties(width=205, height=120)
    return panel.facet(alt.Facet("panel:N", title=None, sort=heads), columns=3)
