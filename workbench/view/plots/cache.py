"""A semantic cache by threshold: who is served and how wrongly; and every arm as a curve on the frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.view import figures
from workbench.view.plots.canvas import Axis, values, words
from workbench.view.theme import BLUE, GREEN, GREY, INK, PALETTE, SOFT, VERMILLION, themed, title

if TYPE_CHECKING:
    import altair as alt

    from workbench.semantic.curve import CacheCurve
    from workbench.semantic.study import CacheStudy
    from workbench.semantic.threshold import Safe

__all__ = ["cache_frontier", "cache_rates"]

WIDTH, HEIGHT, LOW_HEIGHT, FRONT_HEIGHT = 600, 210, 150, 340
LOG_FROM = 20.0
"""Costs whose largest is this many times their smallest are drawn on a logarithmic axis."""


def cache_rates(curve: CacheCurve, safe: Safe | None = None) -> alt.TopLevelMixin:
    """Return hit rate and wrong rate by threshold, both of all requests; the safe threshold marked.

    Bands: the hit rate's range over other orders of the log; the wrong rate's from what is known to be wrong
    to what is not known to be right.

    Parameters
    ----------
    curve
        Of a log.
    safe
        The choice of a threshold; None: none was made.
    """
    import altair as alt

    table = curve.table
    x = alt.X(
        "threshold:Q",
        title="Threshold (raw cosine)",
        scale=alt.Scale(domain=[float(table["threshold"].min()), 1.0], nice=False),
        axis=alt.Axis(format=".2f", tickCount=8),
    )
    upper = alt.layer(*_hit_layers(curve, x), *_mark(safe, x)).properties(width=WIDTH, height=HEIGHT)
    lower = alt.layer(*_wrong_layers(table, x, safe), *_mark(safe, x, name=False))
    panels = alt.vconcat(upper, lower.properties(width=WIDTH, height=LOW_HEIGHT), spacing=6)
    return themed(panels.properties(title=title(f"Cache by threshold: {curve.log}", _said(curve, safe))))


def _said(curve: CacheCurve, safe: Safe | None) -> list[str]:
    done = curve.replay
    orders = (
        f"upper band: the range over {curve.permutations:,} other orders of the log"
        if curve.permutations
        else ""
    )
    chosen = ""
    if safe is not None:
        none = f"no threshold is safe for {safe.budget:.2%} wrong of all requests"
        chosen = none if safe.threshold is None else f"green: the safe threshold for {safe.budget:.2%} wrong"
    return [
        f"shares of all {done.requests:,} requests, {done.bypassed:,} of them never cached",
        orders,
        "lower band: from known to be wrong to not known to be right",
        chosen,
    ]


def _share_axis(field: str, name: str, top: float) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[0, top], nice=False)
    return alt.Y(field, title=name, scale=scale, axis=alt.Axis(format="~%", tickCount=5))


def _hit_layers(curve: CacheCurve, x: Any) -> list[Any]:
    import altair as alt

    levels = {"a cache without error": curve.ceiling, "repeated word for word": curve.floor}
    known = {name: share for name, share in levels.items() if not figures.missing(share)}
    top = 1.08 * max(0.01, float(curve.table["hit_rate"].max()), *known.values())

    def y(field: str) -> Any:
        return _share_axis(field, "Served from the cache (%)", top)

    rows = alt.Chart(values(curve.table.to_dict("records")))
    marks = alt.Chart(values([{"name": name, "share": share} for name, share in known.items()]))
    text: dict[str, Any] = {"align": "left", "baseline": "bottom", "dx": 4, "dy": -2, "fontSize": 11}
    tips = [alt.Tooltip(f"{name}:Q") for name in ("threshold", "hit_rate", "exact_hits", "semantic_hits")]
    layers = [
        marks.mark_rule(color=GREY, strokeDash=[3, 4]).encode(y=y("share:Q")),
        marks.mark_text(**text, color=SOFT).encode(y=y("share:Q"), x=alt.value(0), text="name:N"),
        rows.mark_line(color=BLUE, strokeWidth=2.2).encode(x=x, y=y("hit_rate:Q"), tooltip=tips),
    ]
    if curve.table["hit_rate_low"].notna().any():
        band = rows.mark_area(color=BLUE, opacity=0.2)
        layers.insert(0, band.encode(x=x, y=y("hit_rate_low:Q"), y2="hit_rate_high:Q"))
    return layers


def _wrong_layers(table: pd.DataFrame, x: Any, safe: Safe | None) -> list[Any]:
    import altair as alt

    top = 1.08 * max(float(table["wrong_of_all_high"].max()), 0.0 if safe is None else safe.budget, 0.001)

    def y(field: str) -> Any:
        return _share_axis(field, "Answered wrongly (%)", top)

    rows = alt.Chart(values(table.to_dict("records")))
    tips = [alt.Tooltip(f"{name}:Q") for name in ("threshold", "wrong", "unknown", "wrong_of_all")]
    layers = [
        rows.mark_area(color=VERMILLION, opacity=0.25).encode(
            x=x, y=y("wrong_of_all:Q"), y2="wrong_of_all_high:Q"
        ),
        rows.mark_line(color=VERMILLION, strokeWidth=2.2).encode(x=x, y=y("wrong_of_all:Q"), tooltip=tips),
    ]
    if safe is not None:
        limit = alt.Chart(values([{"share": safe.budget, "name": "budget"}]))
        text: dict[str, Any] = {"align": "right", "baseline": "bottom", "dx": -4, "dy": -2, "fontSize": 11}
        layers += [
            limit.mark_rule(color=INK, strokeDash=[5, 4]).encode(y=y("share:Q")),
            limit.mark_text(**text, color=INK).encode(y=y("share:Q"), x=alt.value(WIDTH), text="name:N"),
        ]
    return layers


def _mark(safe: Safe | None, x: Any, *, name: bool = True) -> list[Any]:
    """Return the safe threshold as a line; nothing where there is none."""
    import altair as alt

    if safe is None or safe.threshold is None:
        return []
    chart = alt.Chart(values([{"threshold": safe.threshold, "name": f"safe: {safe.threshold:g}"}]))
    rule = chart.mark_rule(color=GREEN, strokeWidth=2).encode(x=x)
    style: dict[str, Any] = {"align": "right", "baseline": "top", "dx": -5, "dy": 4, "fontSize": 12}
    label = chart.mark_text(**style, color=GREEN).encode(x=x, y=alt.value(0), text="name:N")
    return [rule, label] if name else [rule]


def cache_frontier(study: CacheStudy) -> alt.TopLevelMixin:
    """Return quality against cost with every arm a curve: from no cache to the widest threshold of the sweep.

    A cache moves an arm to the left and, through wrong answers, down. The band is the quality's interval with
    all unknown hits wrong at its lower end. Squares: without a cache. Circles: at the threshold for which the
    study shows figures. Arms without a known price or quality are named in the subtitle.

    Parameters
    ----------
    study
        What `bench.cache_study` returns for a comparison.
    """
    if study.economics is None:
        return words("No comparison was given, so no arm can be drawn.")
    table = study.economics.table
    drawn = table[table["quality_mean"].notna() & table["cost_usd_per_1000"].notna()].copy()
    if drawn.empty:
        return words("No arm has both a known price and a score, so there is no frontier to draw.")
    costs = drawn["cost_usd_per_1000"]
    log = bool(costs.min() > 0 and costs.max() / costs.min() >= LOG_FROM)
    chart = _frontier(study, drawn, log)
    return themed(chart.properties(width=WIDTH, height=FRONT_HEIGHT, title=_heading(study, drawn)))


def _heading(study: CacheStudy, drawn: pd.DataFrame) -> dict[str, Any]:
    absent = sorted(set(study.curves) - set(drawn["arm"]))
    safe = study.safe.threshold is not None
    return title(
        "Quality against cost, each arm with a cache",
        [
            "square: without a cache; leftwards the threshold falls; band: 95 % interval of quality",
            f"circle and its bars: at cosine {study.shown_at:g}, "
            + ("the safe threshold" if safe else "not safe for the budget"),
            f"rates from {study.curve.log}: {study.curve.replay.requests:,} requests",
            f"not drawn, price or quality unknown: {', '.join(absent)}" if absent else "",
        ],
    )


def _frontier(study: CacheStudy, drawn: pd.DataFrame, log: bool) -> Any:
    import altair as alt

    arms = [figures.shorten(arm) for arm in drawn["arm"].unique()]
    drawn = drawn.assign(arm=[figures.shorten(arm) for arm in drawn["arm"]])
    ends = pd.concat([drawn["quality_low"], drawn["quality_high"]]).astype(float)
    x_axis, y_axis = Axis.over(_costs(drawn, log), WIDTH, log=log), Axis.over(ends, FRONT_HEIGHT, flip=True)

    def x(field: str) -> Any:
        name = "Cost (USD per 1,000 requests" + (", logarithmic)" if log else ")")
        return alt.X(field, title=name, scale=x_axis.scale(), axis=alt.Axis(format="$,~f", tickCount=7))

    def y(field: str) -> Any:
        axis = alt.Axis(format="~%" if study.points else ",~f", tickCount=6)
        name = f"Quality: {figures.shorten(study.score)}" + (" (mean, %)" if study.points else " (mean)")
        return alt.Y(field, title=name, scale=y_axis.scale(), axis=axis)

    colors = [PALETTE[index % len(PALETTE)] for index in range(len(arms))]
    scale, legend = alt.Scale(domain=arms, range=colors), alt.Legend(columns=3)
    color = alt.Color("arm:N", title="arm", sort=arms, scale=scale, legend=legend)
    shown = study.economics.at(study.shown_at) if study.economics is not None else drawn
    spots = shown.assign(arm=[figures.shorten(arm) for arm in shown["arm"]])
    spots = spots[spots["arm"].isin(arms)]
    line, spot = (alt.Chart(values(rows.to_dict("records"))) for rows in (drawn, spots))
    plain = alt.Chart(values(drawn[drawn["threshold"].isna()].to_dict("records")))
    tips = [
        alt.Tooltip(f"{name}:N")
        for name in ("arm", "threshold", "hit_rate", "wrong_of_all", "quality_mean", "cost_usd_per_1000")
    ]
    cost, quality = x("cost_usd_per_1000:Q"), y("quality_mean:Q")
    band = {"y": y("quality_low:Q"), "y2": "quality_high:Q", "color": color}
    point: dict[str, Any] = {"filled": True, "opacity": 1, "stroke": "white", "strokeWidth": 1}
    bars = spot.mark_rule(strokeWidth=1.5)
    return alt.layer(
        line.mark_area(opacity=0.1).encode(x=cost, **band),
        line.mark_line(strokeWidth=2).encode(x=cost, y=quality, color=color, order=alt.Order("hit_rate:Q")),
        bars.encode(x=x("cost_low:Q"), x2="cost_high:Q", y=quality, color=color),
        bars.encode(x=cost, **band),
        plain.mark_point(**point, shape="square", size=90).encode(x=cost, y=quality, color=color),
        spot.mark_point(**point, size=110).encode(x=cost, y=quality, color=color, tooltip=tips),
    )


def _costs(drawn: pd.DataFrame, log: bool) -> pd.Series:
    """Return every cost that is drawn; of a logarithmic axis those above zero."""
    ends = [drawn[name] for name in ("cost_usd_per_1000", "cost_low", "cost_high")]
    costs = pd.concat(ends).dropna().astype("float64")
    return pd.Series(costs[costs > 0]) if log else costs
