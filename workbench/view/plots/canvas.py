"""What every chart stands on: scales known beforehand, inline data, labels, denominators, the SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.view import figures
from workbench.view.theme import INK, themed

if TYPE_CHECKING:
    import altair as alt

__all__ = ["Axis", "arm_labels", "denominators", "short_names", "svg", "values", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A scale known beforehand, so that labels can be placed in pixels.

    Parameters
    ----------
    low, high
        The ends, in the data's unit; above 0 where `log`.
    length
        Of the axis, in pixels.
    log
        Logarithmic.
    flip
        Pixels count from the high end, as they do from the top of a page.
    """

    low: float
    high: float
    length: float
    log: bool = False
    flip: bool = False

    @classmethod
    def over(cls, values: pd.Series, length: float, *, log: bool = False, flip: bool = False) -> Axis:
        """Return the axis over these values, with some room at both ends."""
        low, high = float(values.min()), float(values.max())
        if log:
            room = (high / low) ** 0.09
            return cls(low=low / room, high=high * room, length=length, log=True, flip=flip)
        room = 0.09 * (high - low) or 0.1 * abs(high) or 0.05
        return cls(low=low - room, high=high + room, length=length, flip=flip)

    def pixel(self, value: float) -> float:
        """Return where a value stands."""
        if self.log:
            part = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.length * (1 - part if self.flip else part)

    def value(self, pixel: float) -> float:
        """Return the value that stands there."""
        part = 1 - pixel / self.length if self.flip else pixel / self.length
        if self.log:
            return self.low * float((self.high / self.low) ** part)
        return self.low + part * (self.high - self.low)

    def scale(self) -> Any:
        """Return it as altair knows it."""
        import altair as alt

        kind = "log" if self.log else "linear"
        return alt.Scale(type=kind, domain=[self.low, self.high], zero=False, nice=False)


def values(rows: Sequence[Mapping[Any, Any]]) -> Any:
    """Return rows as inline data: missing cells as null, texts printable."""
    import altair as alt

    def cell(value: Any) -> Any:
        if figures.missing(value):
            return None
        return figures.printable(value) if isinstance(value, str) else value

    clean = [{key: cell(value) for key, value in row.items()} for row in rows]
    return alt.InlineData(values=clean)


def svg(chart: Any) -> str:
    """Return a chart as SVG text; nothing is fetched, data from an address is refused.

    Parameters
    ----------
    chart
        Any altair chart whose data is in it.

    Raises
    ------
    ValueError
        Where the chart is not drawable.
    """
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_dict(), vl_version="6.4", allowed_base_urls=[]))


def words(text: str) -> alt.TopLevelMixin:
    """Return a chart that only says why there is nothing to draw."""
    import altair as alt

    mark = alt.Chart(values([{"text": text}])).mark_text(color=INK, fontSize=13).encode(text="text:N")
    return themed(mark.properties(width=600, height=60))


def arm_labels(arms: pd.DataFrame) -> dict[str, str]:
    """Return a short label for each arm: the variant alone where all arms share one model.

    Parameters
    ----------
    arms
        With columns arm, variant, model.
    """
    alone = arms["model"].nunique() == 1 and arms["variant"].is_unique
    column = "variant" if alone else "arm"
    return {str(row["arm"]): figures.shorten(row[column]) for row in arms.to_dict("records")}


def short_names(arms: Iterable[str]) -> dict[str, str]:
    """Return a short label for each arm by its name: without ``@model`` where all arms share one."""
    names = [str(arm) for arm in arms]
    split = [name.rpartition("@") for name in names]
    one = len({model for _, _, model in split}) == 1 and all(variant for variant, _, _ in split)
    pairs = zip(names, split, strict=True)
    return {name: figures.shorten(variant if one else name, 26) for name, (variant, _, _) in pairs}


def _range(values: pd.Series) -> str:
    low, high = figures.count(values.min()), figures.count(values.max())
    return low if low == high else f"{low} to {high}"


def denominators(arms: pd.DataFrame) -> str:
    """Return how many trials an arm attempted, answered and scored, as one line for all arms."""
    attempted, answered, scored = (_range(arms[name]) for name in ("attempted", "answered", "scored"))
    return f"trials per arm: {attempted} attempted, {answered} answered, {scored} scored"
