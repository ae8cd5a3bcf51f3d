"""Quality against cost: a point an arm, intervals on both axes, the front, the incumbent marked."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.view import figures
from workbench.view.plots.canvas import Axis, arm_labels, denominators, values, words
from workbench.view.plots.placement import Box, Place, place
from workbench.view.theme import FRONT_COLORS, GREY, INK, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.analyze.compare import Comparison

__all__ = ["quality_cost"]

WIDTH, HEIGHT = 600, 340
LOG_FROM = 20.0
"""Costs whose largest is this many times their smallest are drawn on a logarithmic axis."""


def _drawn(comparison: Comparison, chosen: str | None) -> pd.DataFrame:
    arms: pd.DataFrame = comparison.arms
    frame = arms[arms["quality_mean"].notna() & arms["cost_usd_per_1000"].notna()].copy()
    as_share = comparison.points
    labels = arm_labels(arms)
    roles = {comparison.incumbent: "incumbent"} | ({} if chosen is None else {chosen: "to promote"})
    frame["label"] = [
        labels[arm] + (f" ({roles[arm]})" if arm in roles else "") for arm in frame["arm"].astype(str)
    ]
    frame["role"] = [roles.get(arm, "challenger") for arm in frame["arm"].astype(str)]
    for column in ("cost_low", "cost_high"):
        frame[column] = frame[column].fillna(frame["cost_usd_per_1000"])
    for column in ("quality_low", "quality_high"):
        frame[column] = frame[column].fillna(frame["quality_mean"])
    rows = frame.to_dict("records")
    frame["quality_text"] = [
        figures.interval(
            *(figures.quality(row[f"quality_{end}"], as_share=as_share) for end in ("mean", "low", "high"))
        )
        for row in rows
    ]
    frame["cost_text"] = [
        figures.interval(*(figures.usd(row[name]) for name in ("cost_usd_per_1000", "cost_low", "cost_high")))
        for row in rows
    ]
    return frame


def _left_out(comparison: Comparison, drawn: pd.DataFrame) -> str:
    absent = comparison.arms[~comparison.arms["arm"].isin(drawn["arm"])]
    if absent.empty:
        return ""
    why = ["price unknown" if figures.missing(c) else "no score" for c in absent["cost_usd_per_1000"]]
    names = [figures.shorten(arm) for arm in absent["arm"]]
    return "not drawn: " + ", ".join(f"{name} ({reason})" for name, reason in zip(names, why, strict=True))


def _front_line(comparison: Comparison, x: Axis) -> list[dict[str, float]]:
    """Return the corners of the front: at each cost the best quality that any arm gives for it."""
    corners = [
        {"cost": float(row["cost_usd_per_1000"]), "quality": float(row["quality_mean"])}
        for row in comparison.front.to_dict("records")
    ]
    return [*corners, {"cost": x.high, "quality": corners[-1]["quality"]}] if corners else []


def _labelled(frame: pd.DataFrame, corners: list[dict[str, float]], x: Axis, y: Axis) -> list[dict[str, Any]]:
    rows = frame.to_dict("records")
    spots = [(x.pixel(row["cost_usd_per_1000"]), y.pixel(row["quality_mean"])) for row in rows]
    bars = []
    for row, (px, py) in zip(rows, spots, strict=True):
        left, right = x.pixel(row["cost_low"]), x.pixel(row["cost_high"])
        top, bottom = y.pixel(row["quality_high"]), y.pixel(row["quality_low"])
        bars += [Box(left=left, top=py - 2, right=right, bottom=py + 2)]
        bars += [Box(left=px - 2, top=top, right=px + 2, bottom=bottom)]
    for start, end in pairwise(corners):
        left, right, level = x.pixel(start["cost"]), x.pixel(end["cost"]), y.pixel(start["quality"])
        bars += [Box(left=left, top=level - 1, right=right, bottom=level + 1)]
        bars += [Box(left=right - 1, top=y.pixel(end["quality"]), right=right + 1, bottom=level)]
    labels = [row["label"] for row in rows]
    places: list[Place] = place(spots, labels, bars, width=x.length, height=y.length)
    return [
        {
            "label": row["label"],
            "x": x.value(spot.x),
            "y": y.value(spot.y),
            "align": spot.align,
            "far": spot.far,
            "cost": row["cost_usd_per_1000"],
            "quality": row["quality_mean"],
        }
        for row, spot in zip(rows, places, strict=True)
    ]


def _text_layers(rows: list[dict[str, Any]], x: Any, y: Any) -> list[Any]:
    import altair as alt

    far = [row for row in rows if row["far"]]
    leaders = (
        alt.Chart(values(far))
        .mark_rule(color=GREY, strokeWidth=0.7, opacity=0.7)
        .encode(x=x("x:Q"), y=y("y:Q"), x2="cost:Q", y2="quality:Q")
    )
    layers = [leaders] if far else []
    for align in ("left", "right", "center"):
        some = [row for row in rows if row["align"] == align]
        if some:
            style: dict[str, Any] = {"align": align, "baseline": "middle", "fontSize": 12}
            base = alt.Chart(values(some)).encode(x=x("x:Q"), y=y("y:Q"), text="label:N")
            layers.append(base.mark_text(**style, color="white", stroke="white", strokeWidth=4, opacity=0.85))
            layers.append(base.mark_text(**style, color=INK))
    return layers


def _by_role() -> dict[str, Any]:
    """Return how the incumbent and the arm to promote are told from the others, without color."""
    import altair as alt

    roles = ["incumbent", "challenger", "to promote"]
    shapes = alt.Scale(domain=roles, range=["diamond", "circle", "triangle-up"])
    border = alt.when(alt.datum.role == "to promote").then(alt.value(INK)).otherwise(alt.value("white"))
    return {
        "shape": alt.Shape("role:N", legend=None, scale=shapes),
        "size": alt.Size("role:N", legend=None, scale=alt.Scale(domain=roles, range=[280, 130, 480])),
        "stroke": border,
    }


def _point_layers(frame: pd.DataFrame, x: Any, y: Any) -> list[Any]:
    import altair as alt

    base = alt.Chart(values(frame.to_dict("records")))
    present = [name for name in FRONT_COLORS if name in set(frame["front"])]
    color = alt.Color(
        "front:N",
        title="place on the front",
        scale=alt.Scale(domain=present, range=[FRONT_COLORS[name] for name in present]),
    )
    tips = [
        alt.Tooltip(f"{name}:N", title=name.removesuffix("_text"))
        for name in (
            "arm",
            "model",
            "role",
            "front",
            "quality_text",
            "cost_text",
            "attempted",
            "answered",
            "scored",
        )
    ]
    rule = base.mark_rule(strokeWidth=2, opacity=0.55)
    return [
        rule.encode(x=x("cost_low:Q"), x2="cost_high:Q", y=y("quality_mean:Q"), color=color),
        rule.encode(x=x("cost_usd_per_1000:Q"), y=y("quality_low:Q"), y2="quality_high:Q", color=color),
        base.mark_point(filled=True, opacity=1, strokeWidth=1.2).encode(
            x=x("cost_usd_per_1000:Q"),
            y=y("quality_mean:Q"),
            color=color,
            tooltip=tips,
            **_by_role(),
        ),
    ]


def _front_layers(corners: list[dict[str, float]], x: Any, y: Any) -> list[Any]:
    import altair as alt

    style: dict[str, Any] = {"color": GREY, "strokeDash": [5, 4], "strokeWidth": 1.5}
    line = alt.Chart(values(corners)).mark_line(interpolate="step-after", **style)
    return [line.encode(x=x("cost:Q"), y=y("quality:Q"))] if corners else []


def quality_cost(comparison: Comparison, chosen: str | None = None) -> alt.TopLevelMixin:
    """Return quality against cost: a point an arm, intervals on both axes, the front, the incumbent marked.

    Up and to the left is better. An arm whose price or quality is unknown cannot be placed and is named in
    the subtitle. The cost axis is logarithmic where the dearest arm costs 20 times the cheapest.

    Parameters
    ----------
    comparison
        What `bench.compare` returns.
    chosen
        The arm that a decision promotes, marked by a triangle; None: none.
    """
    import altair as alt

    frame = _drawn(comparison, chosen)
    if frame.empty:
        return words("No arm has both a known price and a score, so there is no quality-cost picture.")
    costs = pd.concat([frame["cost_low"], frame["cost_high"]]).astype(float)
    log = bool(costs.min() > 0 and costs.max() / costs.min() >= LOG_FROM)
    x_axis = Axis.over(costs, WIDTH, log=log)
    y_axis = Axis.over(
        pd.concat([frame["quality_low"], frame["quality_high"]]).astype(float), HEIGHT, flip=True
    )
    as_share = comparison.points

    def x(field: str) -> Any:
        name = "Cost (USD per 1,000 requests" + (", logarithmic)" if log else ")")
        return alt.X(
            field, title=name, scale=x_axis.scale(), axis=alt.Axis(format="$,~f", tickCount=7, grid=True)
        )

    def y(field: str) -> Any:
        unit = "mean, %" if as_share else "mean"
        axis = alt.Axis(format="~%" if as_share else ",~f", tickCount=6)
        return alt.Y(
            field,
            title=f"Quality: {figures.shorten(comparison.score)} ({unit})",
            scale=y_axis.scale(),
            axis=axis,
        )

    corners = _front_line(comparison, x_axis)
    level = 100 * (1 - comparison.alpha)
    about = (
        f"up and left is better; bars: {level:.0f} % intervals; diamond: the incumbent; "
        + ("triangle: to promote; " if chosen is not None else "")
        + "dashed line: the front by point estimates"
    )
    lines = [about, denominators(comparison.arms), _left_out(comparison, frame)]
    labels = _labelled(frame, corners, x_axis, y_axis)
    layers = [*_front_layers(corners, x, y), *_point_layers(frame, x, y), *_text_layers(labels, x, y)]
    chart = alt.layer(*layers).properties(
        width=WIDTH, height=HEIGHT, title=title("Quality against cost", lines)
    )
    return themed(chart)
