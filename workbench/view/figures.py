"""How figures are written: one rule for every chart, card and report. Missing is a dash, never zero."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from workbench.core.redact import redact

__all__ = [
    "MISSING",
    "count",
    "delay",
    "elapsed",
    "interval",
    "missing",
    "printable",
    "quality",
    "said",
    "seconds",
    "share",
    "shorten",
    "span",
    "usd",
]

MISSING = "–"
_TIE = "\u00a0"  # keeps a figure and its unit on one line


def missing(value: Any) -> bool:
    """Whether a cell holds no value: None, NaN, NaT or NA."""
    return value is None or (
        not isinstance(value, (str, bytes)) and pd.api.types.is_scalar(value) and pd.isna(value)
    )


def said(value: Any) -> str:
    """Return a text, empty where there is none."""
    return "" if missing(value) else str(value)


def count(value: Any) -> str:
    """Return a count with thousands separated: ``12,400``."""
    return MISSING if missing(value) else f"{int(value):,}"


def share(value: Any, digits: int = 1) -> str:
    """Return a share as percent: 0.842 -> ``84.2 %``."""
    return MISSING if missing(value) else f"{100 * float(value):.{digits}f}{_TIE}%"


def quality(value: Any, *, as_share: bool) -> str:
    """Return a mean score: percent where the score is a share, else four significant digits."""
    if missing(value):
        return MISSING
    return share(value) if as_share else f"{float(value):.4g}"


def usd(value: Any) -> str:
    """Return USD, below one dollar with three significant digits: ``$12.40``, ``$0.0313``."""
    if missing(value):
        return MISSING
    size = abs(float(value))
    decimals = 2 if size >= 1 or size == 0 else 2 - math.floor(math.log10(size))
    return f"{'-' if float(value) < 0 else ''}${size:,.{decimals}f}"


def seconds(value: Any, longest: Any = None) -> str:
    """Return a latency: ``3.2 ms`` under 0.1 s, ``0.42 s``, ``12.3 s``.

    `longest` is that of the figures beside it, all of which take one unit: ``ms`` where it is below 1 s.
    None: it stands alone.
    """
    if missing(value):
        return MISSING
    length = float(value)
    if length < 0.1 if missing(longest) else float(longest) < 1:
        return f"{1000 * length:.3g}{_TIE}ms"
    if length < 0.1:
        return f"{length:.2g}{_TIE}s"
    return f"{length:.2f}{_TIE}s" if length < 10 else f"{length:,.1f}{_TIE}s"


def delay(value: Any, low: Any, high: Any) -> str:
    """Return a difference of latencies with its interval: ``+3.2 ms (1.1 to 5.3)``, ``-0.42 s (…)``."""
    if missing(value):
        return MISSING
    ends = [float(end) for end in (value, low, high) if not missing(end)]
    small = max(map(abs, ends)) < 0.1
    factor, unit, digits = (1000, "ms", 1) if small else (1, "s", 2)
    middle = f"{factor * float(value):+.{digits}f}{_TIE}{unit}"
    if len(ends) < 3:
        return f"{middle} (no interval)"
    return f"{middle} ({factor * ends[1]:.{digits}f}{_TIE}to{_TIE}{factor * ends[2]:.{digits}f})"


def elapsed(value: Any) -> str:
    """Return a duration for people: ``8 s``, ``4 min 05 s``, ``2 h 10 min``."""
    if missing(value) or not math.isfinite(float(value)):
        return MISSING
    whole = max(0, round(float(value)))
    if whole < 60:
        return f"{whole}{_TIE}s"
    if whole < 3600:
        return f"{whole // 60}{_TIE}min {whole % 60:02d}{_TIE}s"
    return f"{whole // 3600}{_TIE}h {whole % 3600 // 60:02d}{_TIE}min"


def span(low: str, high: str) -> str:
    """Return a range of two written figures, one figure where both are equal: ``$0.10 to $0.30``."""
    return low if low == high else f"{low} to {high}"


def interval(middle: str, low: str, high: str) -> str:
    """Return a written figure with its interval, whose bounds carry no unit: ``84.2 % (79.1 to 88.3)``.

    The interval is left out where a bound is missing, or where all three are written alike.
    """
    if MISSING in (low, high) or low == high == middle:
        return middle
    bounds = [bound.replace("$", "").removesuffix(f"{_TIE}%") for bound in (low, high)]
    return f"{middle} ({bounds[0]}{_TIE}to{_TIE}{bounds[1]})"


def printable(text: Any) -> str:
    """Return text in one line: no secrets, no control or direction marks (XML and terminals choke)."""
    plain = str(redact(str(text)))
    return "".join(sign if sign.isprintable() or sign == _TIE else " " for sign in plain).strip()


def shorten(text: Any, limit: int = 40) -> str:
    """Return text in one printable line of at most `limit` characters, its middle left out where longer."""
    line = printable(text).replace(_TIE, " ")
    if len(line) <= limit:
        return line
    head = (limit - 1) * 2 // 3
    return f"{line[:head]}…{line[len(line) - (limit - 1 - head) :]}"
