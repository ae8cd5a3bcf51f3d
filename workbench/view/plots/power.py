"""The power curve: how many cases a true difference needs, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.view import figures
from workbench.view.plots.canvas import Axis, values, words
from workbench.view.theme import BLUE, GREY, INK, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.plan.curve import Curve

__all__ = ["power"]

WIDTH, HEIGHT = 560, 300


def power(curve: Curve, *, points: bool = False) -> alt.TopLevelMixin:
    """Return cases needed by true difference, each with the price of its new calls; the plan's own marked.

    Both axes are logarithmic: half the difference needs about four times the cases.

    Parameters
    ----------
    curve
        What `plan.curve` is.
    points
        Whether the score lies in [0, 1], so that differences are said in points of 100.
    """
    import altair as alt

    rows = _rows(curve, points)
    if not rows:
        return words("No feasible number of cases shows a difference, so there is no curve to draw.")
    factor = 100 if points else 1
    own = [row for row in rows if row["role"] == "this plan"]
    unit = "percentage points" if points else "in units of the score"
    # Room at the right end for the last label.
    reach = [row["difference"] for row in rows]
    x_axis = Axis.over(pd.Series([*reach, 1.6 * max(reach)]), WIDTH, log=True)
    y_axis = Axis.over(pd.Series([row["cases"] for row in rows], dtype="float64"), HEIGHT, log=True)
    ticks = alt.Axis(values=[row["difference"] for row in rows if row not in own], format="~g", grid=True)
    x = alt.X("difference:Q", title=f"True difference ({unit})", scale=x_axis.scale(), axis=ticks)
    y = alt.Y(
        "cases:Q",
        title="Cases",
        scale=y_axis.scale(),
        axis=alt.Axis(format=",", tickCount=5),
    )
    layers = _layers(rows, own, x, y)
    about = curve.power
    shown = f"{factor * (about.smallest_difference or 0):.3g}{' points' if points else ''}"
    lines = [
        f"two-sided error {about.alpha:g} over {about.challengers} challengers, {about.power:.0%} power,"
        f" repeats: {about.repeats}; {about.basis}",
        f"diamond: this plan, {about.cases:,} cases show {shown}" if own else "",
        "beside each: cases, and the price of the calls that are not answered yet",
    ]
    heading = title("Cases needed for a difference", lines)
    return themed(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=heading))


def _layers(rows: list[dict[str, Any]], own: list[dict[str, Any]], x: Any, y: Any) -> list[Any]:
    import altair as alt

    tips = [alt.Tooltip(f"{name}:N") for name in ("difference", "cases", "calls", "price", "role")]
    base = alt.Chart(values(rows))
    others = alt.Chart(values([row for row in rows if row not in own]))
    layers = [
        base.mark_line(color=GREY, strokeWidth=1.5).encode(x=x, y=y),
        others.mark_point(filled=True, size=70, opacity=1, color=BLUE).encode(x=x, y=y, tooltip=tips),
        others.mark_text(align="left", dx=8, dy=-6, fontSize=11, color=INK).encode(x=x, y=y, text="words:N"),
    ]
    if own:
        mark = alt.Chart(values(own))
        diamond = mark.mark_point(filled=True, size=220, shape="diamond", color=VERMILLION, opacity=1)
        # Below the line, where no other label stands.
        label = mark.mark_text(align="right", dx=-10, dy=10, fontSize=11, color=INK)
        layers += [diamond.encode(x=x, y=y, tooltip=tips), label.encode(x=x, y=y, text="words:N")]
    return layers


def _rows(curve: Curve, points: bool) -> list[dict[str, Any]]:
    rows = []
    for point in curve.points:
        if point.size is None:
            continue
        cost = point.size.cost_usd
        price = "price unknown" if cost is None else figures.span(*map(figures.usd, cost))
        rows.append(
            {
                "difference": (100 if points else 1) * point.difference,
                "cases": point.size.cases,
                "calls": figures.count(point.size.calls_new),
                "price": price,
                "words": f"{point.size.cases:,} · {price}",
                "role": "this plan"
                if point.difference == curve.power.smallest_difference
                else "another size",
            }
        )
    return rows
