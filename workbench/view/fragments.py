"""The pieces that cards and reports are made of: HTML without a script, a class or anything fetched.

Every text goes through `html.escape`; styles are inline, so that a sanitizer that drops them leaves a
readable document. Text takes the page's own color and lines are half transparent: readable on light and dark.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from workbench.core import show
from workbench.core.redact import redact
from workbench.core.show import table_html
from workbench.view.charts import svg

__all__ = ["TONES", "bullets", "card", "details", "meter", "numbers", "paragraph", "picture", "pill", "table"]

TONES: dict[str, str] = {
    "promote": "#00664B",
    "keep": "#1D4F91",
    "not enough evidence": "#8A5200",
    "neutral": "#4A5362",
    "bad": "#A63603",
}
"""Grounds for white words, each with a contrast of at least 5 to 1."""


def escape(text: Any) -> str:
    """Return text for the inside of an element: no markup, no secrets, no formulas."""
    return show.escape(str(text))


def attribute(text: Any) -> str:
    """Return text for an attribute or a title, where no element may stand: no markup, no secrets."""
    return html.escape(str(redact(str(text))), quote=True)


def paragraph(text: str, *, faint: bool = False) -> str:
    """Return a paragraph; line breaks stay. `faint` for what one reads second."""
    tone = "opacity:.75;font-size:.92em;" if faint else ""
    return f'<p style="white-space:pre-line;margin:.4em 0;{tone}">{escape(text)}</p>'


def bullets(lines: Iterable[str]) -> str:
    """Return a list of lines; nothing where there are none."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul style="margin:.4em 0;padding-left:1.3em">{items}</ul>' if items else ""


def pill(text: str, tone: str) -> str:
    """Return a word on a colored ground.

    Parameters
    ----------
    text
        The word.
    tone
        A key of `TONES`; any other counts as neutral.
    """
    ground = TONES.get(tone, TONES["neutral"])
    return (
        f'<span style="background:{ground};color:#fff;border-radius:999px;padding:.15em .75em;'
        f'font-size:.85em;font-weight:600;white-space:nowrap">{escape(text)}</span>'
    )


def numbers(pairs: Sequence[tuple[str, str, str]]) -> str:
    """Return key figures beside each other.

    Parameters
    ----------
    pairs
        (name, figure, note) each; the note may be empty.
    """
    cells = "".join(
        '<div style="min-width:7.5em">'
        f'<div style="font-size:.8em;opacity:.75">{escape(name)}</div>'
        f'<div style="font-size:1.25em;font-weight:600">{escape(figure)}</div>'
        f'<div style="font-size:.8em;opacity:.75">{escape(note)}</div></div>'
        for name, figure, note in pairs
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:.7em 2em;margin:.7em 0">{cells}</div>'


def meter(done: int, planned: int, label: str) -> str:
    """Return a progress bar that stands still: done of planned, with a label for readers without eyes."""
    part = 100 * done / planned if planned else 100.0
    return (
        f'<div role="img" aria-label="{attribute(label)}" style="background:rgba(128,128,128,.25);'
        'border-radius:6px;height:12px;overflow:hidden;margin:.5em 0">'
        f'<div style="background:#0072B2;height:12px;width:{min(part, 100):.1f}%"></div></div>'
    )


def picture(chart: Any, alt: str) -> str:
    """Return a chart as an image that carries its own data: no script, no network, survives sanitizers.

    Parameters
    ----------
    chart
        Any altair chart.
    alt
        What it shows, in words, for readers who do not see it.
    """
    code = base64.b64encode(str(redact(svg(chart))).encode()).decode()
    return (
        f'<img alt="{attribute(alt)}" src="data:image/svg+xml;base64,{code}" '
        'style="background:#fff;border:1px solid rgba(128,128,128,.35);border-radius:10px;'
        'max-width:100%;height:auto;margin:.5em 0;display:block">'
    )


def table(frame: pd.DataFrame, caption: str = "") -> str:
    """Return an escaped table under a caption; nothing where it has no rows."""
    if frame.empty:
        return ""
    name = f'<div style="font-weight:600;margin-top:1em">{escape(caption)}</div>' if caption else ""
    return name + table_html(frame)


def details(name: str, *parts: str, opened: bool = False) -> str:
    """Return parts that a reader opens by a click (or closes: `opened`); nothing where all are empty."""
    inside = "".join(parts)
    if not inside:
        return ""
    return (
        f'<details style="margin:.6em 0"{" open" if opened else ""}>'
        '<summary style="cursor:pointer;font-weight:600">'
        f"{escape(name)}</summary>{inside}</details>"
    )


def card(eyebrow: str, heading: str, *parts: str, tone: str = "neutral") -> str:
    """Return a card: a line of what it is, a heading, and its parts (HTML made by this module).

    Parameters
    ----------
    eyebrow, heading
        Texts; escaped here.
    parts
        HTML fragments.
    tone
        A key of `TONES`: the color of its left edge.
    """
    edge = TONES.get(tone, TONES["neutral"])
    return (
        f'<div style="border:1px solid rgba(128,128,128,.35);border-left:5px solid {edge};border-radius:10px;'
        'padding:12px 18px;max-width:780px;box-sizing:border-box;line-height:1.45">'
        f'<div style="font-size:.85em;opacity:.75">{escape(eyebrow)}</div>'
        f'<div style="font-size:1.3em;font-weight:700;margin:.1em 0 .3em;overflow-wrap:anywhere">'
        f"{escape(heading)}</div>{''.join(parts)}</div>"
    )
