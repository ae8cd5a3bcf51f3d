"""One look for every chart and card: palette, fonts, spacing.

Colors are those of Okabe and Ito (2008), which stay apart under every common color blindness; nothing is
told by color alone (shapes, words or positions say it too). Charts carry their own white ground, so that
they read the same on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from workbench.view import figures

__all__ = [
    "BLUE",
    "FONT",
    "FRONT_COLORS",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "SKY",
    "VERDICT_COLORS",
    "VERMILLION",
    "themed",
    "title",
]

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#7A7A7A"
INK = "#1F2430"
FAINT = "#E4E7EC"
SOFT = "#5B6472"

PALETTE: tuple[str, ...] = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK, GREY)
"""Colors of arms, in order of their first appearance; repeated from the ninth on."""

FRONT_COLORS: dict[str, str] = {"best": BLUE, "on front": SKY, "dominated": GREY, "cannot tell": ORANGE}
"""Color by an arm's place on the quality-cost front."""

VERDICT_COLORS: dict[str, str] = {
    "better": BLUE,
    "not worse": GREEN,
    "worse": VERMILLION,
    "cannot tell": GREY,
}
"""Color by the word of a paired difference."""

FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
"""Fonts that are on every machine, so that a label is as wide as it was measured."""


_AXIS: dict[str, Any] = {
    "domainColor": "#B9C0CB",
    "gridColor": FAINT,
    "labelColor": SOFT,
    "labelFontSize": 11,
    "tickColor": "#B9C0CB",
    "titleColor": INK,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "titlePadding": 10,
}

_CONFIG: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    "padding": 14,
    "axis": _AXIS,
    "header": {"labelColor": INK, "labelFontSize": 12, "titleColor": SOFT, "titleFontSize": 11},
    "legend": {
        "labelColor": INK,
        "labelFontSize": 11,
        "labelLimit": 260,
        "symbolOpacity": 1,
        "orient": "bottom",
        "symbolStrokeWidth": 2,
        "titleColor": SOFT,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": 15,
        "fontWeight": "bold",
        "frame": "bounds",
        "offset": 14,
        "subtitleColor": SOFT,
        "subtitleFontSize": 11,
        "subtitleLineHeight": 15,
        "subtitlePadding": 6,
    },
    "view": {"stroke": "#D5DAE1"},
}


def title(text: str, lines: Sequence[str]) -> dict[str, Any]:
    """Return a chart title with its subtitle: where denominators, intervals and drawing rules are said.

    Parameters
    ----------
    text
        What is drawn.
    lines
        Lines below it; empty ones are left out.
    """
    return {"text": figures.printable(text), "subtitle": [figures.printable(line) for line in lines if line]}


def themed(chart: Any) -> Any:
    """Return the chart (any altair chart at top level) with this look, its data inside it."""
    themed_chart = chart.copy(deep=True)
    themed_chart.config = deepcopy(_CONFIG)
    return themed_chart
