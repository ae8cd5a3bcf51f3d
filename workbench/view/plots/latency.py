"""Latency: the share of calls answered within a time, by arm, a panel for each latency class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from workbench.analyze.latency import PERCENTILES, timed
from workbench.analyze.latency import latency as percentiles_of
from workbench.core.table import validate
from workbench.view import figures
from workbench.view.plots.canvas import Axis, values, words
from workbench.view.theme import GREY, INK, PALETTE, themed, title

if TYPE_CHECKING:
    import altair as alt

__all__ = ["MAX_POINTS", "latency"]

MAX_POINTS = 5_000
"""Above this many points a curve is drawn from evenly spaced ones of its own; percentiles always from all."""

WIDTH, HEIGHT = 600, 240
LOG_FROM = 20.0
LEVELS = {f"p{percentile}": percentile / 100 for percentile in PERCENTILES}


def _curve(seconds: np.ndarray[Any, Any], most: int) -> list[dict[str, float]]:
    """Return the steps of the empirical distribution, at most `most` of them, both ends among them."""
    ordered = np.sort(seconds)
    ranks = np.arange(1, len(ordered) + 1)
    if len(ordered) > most:
        ranks = np.unique(np.linspace(1, len(ordered), most).round().astype(int))
    return [{"seconds": float(ordered[rank - 1]), "share": float(rank / len(ordered))} for rank in ranks]


def _marks(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the percentiles of some arms as points on their curves."""
    return [
        {
            "seconds": row["latency_s"],
            "share": row["percentile"] / 100,
            "mark": f"p{row['percentile']}",
            "text": figures.interval(
                *(figures.seconds(row[name]) for name in ("latency_s", "low_s", "high_s"))
            ),
            "arm": figures.shorten(row["arm"]),
            "n": row["n"],
        }
        for row in rows.to_dict("records")
    ]


def _names(y: Any) -> list[Any]:
    """Return the names of the percentiles, right of the panel; p95 and p99 move apart to stay readable."""
    import altair as alt

    style: dict[str, Any] = {"align": "left", "baseline": "middle", "dx": 6, "fontSize": 11, "color": INK}
    apart = {"p50": 0, "p95": 5, "p99": -4}
    return [
        alt.Chart(values([{"share": share, "mark": name}]))
        .mark_text(**style, dy=apart[name])
        .encode(y=y, x=alt.value(WIDTH), text="mark:N")
        for name, share in LEVELS.items()
    ]


def _panel(part: pd.DataFrame, spots: list[dict[str, Any]], color: Any, scale: Any, most: int) -> Any:
    import altair as alt

    curves: list[dict[str, Any]] = []
    for arm, seconds in part.groupby("arm", sort=False)["latency_s"]:
        extra = {"arm": figures.shorten(arm), "n": len(seconds)}
        numbers = seconds.to_numpy(dtype="float64")
        curves += [step | extra for step in _curve(numbers, most)]
    name = "Latency (s, " + ("logarithmic, " if scale.type == "log" else "") + "without queueing and backoff)"
    x = alt.X("seconds:Q", title=name, scale=scale, axis=alt.Axis(format=",~f", tickCount=7))
    ticks = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("share:Q", title="Share of calls within it (%)", scale=alt.Scale(domain=[0, 1.02]), axis=ticks)
    levels = alt.Chart(values([{"share": part_, "mark": mark} for mark, part_ in LEVELS.items()]))
    tips = [alt.Tooltip(f"{field}:N") for field in ("arm", "mark", "text", "n")]
    return alt.layer(
        levels.mark_rule(color=GREY, strokeDash=[2, 4]).encode(y=y),
        alt.Chart(values(curves))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(x=x, y=y, color=color),
        alt.Chart(values(spots))
        .mark_point(filled=True, size=46, opacity=1)
        .encode(x=x, y=y, color=color, tooltip=tips),
        *_names(y),
    ).properties(width=WIDTH, height=HEIGHT)


def _denominators(part: pd.DataFrame, frame: pd.DataFrame, workload: Any) -> str:
    counts = part.groupby("arm", sort=False).size()
    low, high = figures.count(counts.min()), figures.count(counts.max())
    tried = int((frame["workload"] == workload).sum())
    per_arm = low if low == high else f"{low} to {high}"
    return f"{per_arm} timed calls an arm; {len(part):,} of {tried:,} trials"


def latency(frame: pd.DataFrame) -> alt.TopLevelMixin:
    """Return the distribution of latency by arm: p50, p95 and p99 marked, a panel for each latency class.

    Failed calls, answers from the semantic cache and second trials of one call have no latency of their own
    and are left out. Above 5,000 points a curve is drawn from evenly spaced order statistics; the subtitle
    says so. Percentiles are those of `analyze.latency.latency`, always from all calls.

    Parameters
    ----------
    frame
        The trial table; `latency_s` in seconds.
    """
    import altair as alt

    frame = validate(frame)
    drawn = timed(frame)
    drawn = drawn[drawn["latency_s"] > 0]
    if drawn.empty:
        return words("No call has a latency of its own, so there is no distribution to draw.")
    percentiles = percentiles_of(frame).frame
    arms = [figures.shorten(arm) for arm in drawn["arm"].unique()]
    colors = [PALETTE[index % len(PALETTE)] for index in range(len(arms))]
    color = alt.Color("arm:N", title="arm", sort=arms, scale=alt.Scale(domain=arms, range=colors))
    log = bool(drawn["latency_s"].max() / drawn["latency_s"].min() >= LOG_FROM)
    scale = Axis.over(drawn["latency_s"], WIDTH, log=log).scale()
    many = len(drawn) > MAX_POINTS
    most = (
        max(50, MAX_POINTS // drawn.groupby(["workload", "arm"], dropna=False).ngroups)
        if many
        else len(drawn)
    )
    rule = (
        f"each curve is drawn from at most {most:,} evenly spaced calls, percentiles from all" if many else ""
    )
    panels = []
    for workload, part in drawn.groupby("workload", sort=True, dropna=False):
        spots = _marks(percentiles[percentiles["workload"] == workload])
        heading = title(f"Latency, {workload} calls", [_denominators(part, frame, workload), rule])
        panels.append(_panel(part, spots, color, scale, most).properties(title=heading))
    return themed(panels[0] if len(panels) == 1 else alt.vconcat(*panels))
