"""Paired differences against the incumbent: a forest, with zero and the margin drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.wording import signed
from workbench.view import figures
from workbench.view.plots.canvas import Axis, arm_labels, values, words
from workbench.view.tables import difference
from workbench.view.theme import INK, SOFT, VERDICT_COLORS, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.analyze.compare import Comparison

__all__ = ["differences"]

WIDTH, ROW = 360, 42
LABEL = "datum.value == 0 ? '0' : datum.label"
"""Zero carries no sign."""


def _row(comparison: Comparison, row: Mapping[Any, Any], label: str) -> dict[str, Any]:
    factor = 100 if comparison.points else 1
    return {
        "label": label,
        "difference": None if figures.missing(row["difference"]) else factor * row["difference"],
        "low": None if figures.missing(row["low"]) else factor * row["low"],
        "high": None if figures.missing(row["high"]) else factor * row["high"],
        "verdict": str(row["verdict"]),
        "words": f"{row['verdict']}, {figures.count(row['n_cases'])} cases",
        "figures": difference(comparison, row),
        "arm": row["arm"],
        "n_cases": row["n_cases"],
    }


def _rows(comparison: Comparison) -> list[dict[str, Any]]:
    labels = arm_labels(comparison.arms)
    frame = comparison.differences.sort_values("difference", ascending=False, na_position="last")
    return [
        _row(comparison, row, labels.get(str(row["arm"]), figures.shorten(row["arm"])))
        for row in frame.to_dict("records")
    ]


def _lines(at: float, margin: float, x: Any) -> list[Any]:
    import altair as alt

    zero = alt.Chart(values([{"at": 0.0}])).mark_rule(color=INK, strokeWidth=1.2).encode(x=x("at:Q"))
    if margin <= 0:
        return [zero]
    limit = alt.Chart(values([{"at": at, "name": "margin"}]))
    rule = limit.mark_rule(color=VERMILLION, strokeDash=[5, 4], strokeWidth=1.5).encode(x=x("at:Q"))
    name = limit.mark_text(color=VERMILLION, align="center", baseline="bottom", dy=-3, fontSize=11)
    return [zero, rule, name.encode(x=x("at:Q"), y=alt.value(0), text="name:N")]


def _forest(rows: list[dict[str, Any]], x: Any) -> list[Any]:
    import altair as alt

    order = [row["label"] for row in rows]
    y = alt.Y(
        "label:N", sort=order, title=None, axis=alt.Axis(labelFontSize=12, labelColor=INK, labelLimit=220)
    )
    present = [word for word in VERDICT_COLORS if word in {row["verdict"] for row in rows}]
    color = alt.Color(
        "verdict:N",
        legend=None,
        scale=alt.Scale(domain=present, range=[VERDICT_COLORS[word] for word in present]),
    )
    base = alt.Chart(values(rows))
    bars = alt.Chart(values([row for row in rows if row["low"] is not None and row["high"] is not None]))
    drawn = alt.Chart(values([row for row in rows if row["difference"] is not None]))
    tips = [alt.Tooltip(f"{name}:N") for name in ("arm", "figures", "verdict", "n_cases")]
    beside: dict[str, Any] = {"align": "left", "baseline": "middle", "dx": 14}
    return [
        bars.mark_rule(strokeWidth=3, opacity=0.6).encode(y=y, x=x("low:Q"), x2="high:Q", color=color),
        drawn.mark_point(filled=True, size=110, opacity=1).encode(
            y=y, x=x("difference:Q"), color=color, tooltip=tips
        ),
        base.mark_text(**beside, dy=-8, fontSize=12, color=INK).encode(
            y=y, x=alt.value(WIDTH), text="figures:N"
        ),
        base.mark_text(**beside, dy=8, fontSize=11, color=SOFT).encode(
            y=y, x=alt.value(WIDTH), text="words:N"
        ),
    ]


def differences(comparison: Comparison) -> alt.TopLevelMixin:
    """Return the paired differences against the incumbent: an interval a challenger, zero, and the margin.

    Right of zero the challenger is better. Intervals hold for all challengers at once. A challenger whose
    interval lies right of the margin is not worse by more than the margin.

    Parameters
    ----------
    comparison
        What `bench.compare` returns.
    """
    import altair as alt

    if comparison.differences.empty:
        return words("Only the incumbent ran, so there is no difference to draw.")
    as_share = comparison.points
    rows = _rows(comparison)
    at = -(100 if as_share else 1) * comparison.margin
    ends = [row[name] for row in rows for name in ("difference", "low", "high") if row[name] is not None]
    axis = Axis.over(pd.Series([*ends, 0.0, at], dtype="float64"), WIDTH)

    def x(field: str) -> Any:
        unit = "percentage points" if as_share else "in its own unit"
        name = f"Difference in {figures.shorten(comparison.score)} from the incumbent ({unit})"
        return alt.X(
            field, title=name, scale=axis.scale(), axis=alt.Axis(format="+~f", labelExpr=LABEL, tickCount=7)
        )

    level = 100 * (1 - comparison.alpha)
    labels = arm_labels(comparison.arms)
    lines = [
        f"incumbent: {labels.get(comparison.incumbent, comparison.incumbent)}; right of zero is better",
        f"bars: {level:.0f} % intervals by case, adjusted so that they hold for all challengers at once",
        f"margin: {signed(-comparison.margin, points=as_share)}" if comparison.margin > 0 else "",
    ]
    chart = alt.layer(*_forest(rows, x), *_lines(at, comparison.margin, x))
    heading = title("Differences, case by case", lines)
    if comparison.margin > 0:
        heading["offset"] = 24
    return themed(chart.properties(width=WIDTH, height=ROW * len(rows), title=heading))
