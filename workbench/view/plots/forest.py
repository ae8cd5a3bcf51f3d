"""A forest: an interval a row, its figures in words beside it, zero and a limit as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.wording import with_bounds
from workbench.view import figures
from workbench.view.plots.canvas import Axis, values
from workbench.view.theme import INK, SOFT, VERDICT_COLORS, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

__all__ = ["LABEL", "MOST_ROWS", "Row", "first_rows", "forest"]

MOST_ROWS = 24
"""Rows of a forest that can have very many; what is left out is counted in the subtitle."""

WIDTH, ROW = 360, 42
LABEL = "datum.value == 0 ? '0' : datum.label"
"""Zero carries no sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a forest.

    Parameters
    ----------
    label
        What it is of.
    value, low, high
        In the score's unit; missing ones are not drawn.
    verdict
        A key of the forest's colors.
    words
        Below the figures, at the right.
    tips
        What a tooltip says besides.
    """

    label: str
    value: float
    low: float
    high: float
    verdict: str
    words: str
    tips: Mapping[str, Any] = field(default_factory=dict)


def first_rows(rows: Sequence[Row], of: str) -> tuple[Sequence[Row], str]:
    """Return at most `MOST_ROWS` rows, and a line on what is left out; the line is empty where nothing is."""
    if len(rows) <= MOST_ROWS:
        return rows, ""
    return rows[:MOST_ROWS], f"drawn: the first {MOST_ROWS} of {len(rows):,} {of}"


def forest(
    rows: Sequence[Row],
    *,
    axis: str,
    heading: str,
    lines: Sequence[str],
    points: bool,
    alpha: float,
    margin: float = 0.0,
    colors: Mapping[str, str] = VERDICT_COLORS,
) -> alt.TopLevelMixin:
    """Return a forest chart, first row on top.

    Parameters
    ----------
    rows
        At least one.
    axis
        Title of the axis; its unit is put behind it.
    heading, lines
        Title and subtitle.
    points
        Whether the score lies in [0, 1], so that it is drawn in points of 100.
    alpha
        Two-sided error of the intervals.
    margin
        Where above 0, a line at minus it.
    colors
        By verdict; every one stands in words as well.
    """
    import altair as alt

    factor = 100 if points else 1
    drawn = [_drawn(row, factor, points, alpha) for row in rows]
    ends = [row[name] for row in drawn for name in ("value", "low", "high") if row[name] is not None]
    scale = Axis.over(pd.Series([*ends, 0.0, -factor * margin], dtype="float64"), WIDTH).scale()

    def x(name: str) -> Any:
        unit = "percentage points" if points else "in its own unit"
        ticks = alt.Axis(format="+~f", labelExpr=LABEL, tickCount=7)
        return alt.X(name, title=f"{axis} ({unit})", scale=scale, axis=ticks)

    chart = alt.layer(*_rows(drawn, x, colors), *_lines(-factor * margin, margin, x))
    head = title(heading, lines)
    if margin > 0:
        head["offset"] = 24
    return themed(chart.properties(width=WIDTH, height=ROW * len(rows), title=head))


def _drawn(row: Row, factor: int, points: bool, alpha: float) -> dict[str, Any]:
    ends = {name: getattr(row, name) for name in ("value", "low", "high")}
    return {
        "label": row.label,
        **{name: None if figures.missing(end) else factor * end for name, end in ends.items()},
        "verdict": row.verdict,
        "words": row.words,
        "figures": with_bounds(row.value, row.low, row.high, points=points, alpha=alpha),
        **row.tips,
    }


def _lines(at: float, margin: float, x: Any) -> list[Any]:
    import altair as alt

    zero = alt.Chart(values([{"at": 0.0}])).mark_rule(color=INK, strokeWidth=1.2).encode(x=x("at:Q"))
    if margin <= 0:
        return [zero]
    limit = alt.Chart(values([{"at": at, "name": "margin"}]))
    rule = limit.mark_rule(color=VERMILLION, strokeDash=[5, 4], strokeWidth=1.5).encode(x=x("at:Q"))
    name = limit.mark_text(color=VERMILLION, align="center", baseline="bottom", dy=-3, fontSize=11)
    return [zero, rule, name.encode(x=x("at:Q"), y=alt.value(0), text="name:N")]


def _rows(rows: list[dict[str, Any]], x: Any, colors: Mapping[str, str]) -> list[Any]:
    import altair as alt

    order = list(dict.fromkeys(row["label"] for row in rows))
    y = alt.Y(
        "label:N", sort=order, title=None, axis=alt.Axis(labelFontSize=12, labelColor=INK, labelLimit=260)
    )
    present = [word for word in colors if word in {row["verdict"] for row in rows}]
    color = alt.Color(
        "verdict:N",
        legend=None,
        scale=alt.Scale(domain=present, range=[colors[word] for word in present]),
    )
    base = alt.Chart(values(rows))
    bars = alt.Chart(values([row for row in rows if row["low"] is not None and row["high"] is not None]))
    drawn = alt.Chart(values([row for row in rows if row["value"] is not None]))
    own = [name for name in rows[0] if name not in ("label", "value", "low", "high", "words")]
    tips = [alt.Tooltip(f"{name}:N") for name in own]
    beside: dict[str, Any] = {"align": "left", "baseline": "middle", "dx": 14}
    return [
        bars.mark_rule(strokeWidth=3, opacity=0.6).encode(y=y, x=x("low:Q"), x2="high:Q", color=color),
        drawn.mark_point(filled=True, size=110, opacity=1).encode(
            y=y, x=x("value:Q"), color=color, tooltip=tips
        ),
        base.mark_text(**beside, dy=-8, fontSize=12, color=INK).encode(
            y=y, x=alt.value(WIDTH), text="figures:N"
        ),
        base.mark_text(**beside, dy=8, fontSize=11, color=SOFT).encode(
            y=y, x=alt.value(WIDTH), text="words:N"
        ),
    ]
