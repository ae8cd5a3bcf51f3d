"""How a result shows itself: an escaped static table always, plus what a registered renderer draws.

A result inherits `Shown`, and gives its table (`frame`) and its words (`summary`). The façade registers
the loader of `view`, which knows how to draw; without it a result is still readable.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from workbench.core.redact import redact

__all__ = ["MAX_ROWS", "Renderer", "Shown", "escape", "format_cell", "register", "table_html"]

Renderer = Callable[[Any], str]
"""Draws a result as an HTML fragment: static, escaped, nothing fetched."""

MAX_ROWS = 100
"""Rows a table shows before it says how many it leaves out."""

_CELL = "text-align:left;vertical-align:top;padding:.3em 1em .3em 0"

_loaders: list[Callable[[], Mapping[type, Renderer]]] = []


def register(loader: Callable[[], Mapping[type, Renderer]]) -> None:
    """Register a function that returns renderers by type; called when first something is shown."""
    if loader not in _loaders:
        _loaders.append(loader)


def format_cell(value: Any) -> str:
    """Return a value as a person reads it: 4 significant digits, a dash for missing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return "–"
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return f"{value:.4g}" if abs(value) < 1e6 else f"{value:,.0f}"
    return str(value)


def table_html(frame: pd.DataFrame, *, max_rows: int = MAX_ROWS) -> str:
    """Return an escaped HTML table; rows above `max_rows` are left out and counted.

    Parameters
    ----------
    frame
        Any table; its index is not shown.
    max_rows
        The most rows to show, at least 1.
    """
    head = "".join(f"<th style='{_CELL}'>{escape(str(name))}</th>" for name in frame.columns)
    rows = []
    for row in frame.head(max_rows).itertuples(index=False):
        cells = "".join(f"<td style='{_CELL}'>{escape(format_cell(cell))}</td>" for cell in row)
        rows.append(f"<tr>{cells}</tr>")
    left_out = len(frame) - max_rows
    note = f"<p>{left_out:,} more rows: see <code>.frame</code></p>" if left_out > 0 else ""
    return (
        "<div style='overflow-x:auto'><table><thead><tr>"
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{note}"
    )


def escape(text: str) -> str:
    """Return text for the inside of an HTML element: no markup, no secrets, no formulas."""
    # JupyterLab and nbconvert read text between two dollar signs as a formula: two prices in one line. An
    # element of its own keeps each sign apart.
    return html.escape(str(redact(text))).replace("$", "<span>$</span>")


def _renderer(result: Any) -> Renderer | None:
    for loader in _loaders:
        renderers = loader()
        for kind in type(result).__mro__:
            if kind in renderers:
                return renderers[kind]
    return None


class Shown:
    """Mixin: shows itself in a notebook and as static HTML; no secret is shown, whatever it holds."""

    __slots__ = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A dataclass would write one of its own, which prints all that it holds as it is.
        cls.__repr__ = cls.__repr__  # type: ignore[method-assign]

    @property
    def frame(self) -> pd.DataFrame:
        """The result's table."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """The result in a sentence or a few lines of plain text."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        renderer = _renderer(self)
        if renderer is not None:
            return renderer(self)
        return f"<p style='white-space:pre-line'>{escape(self.summary)}</p>{table_html(self.frame)}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def __str__(self) -> str:
        if self.frame.empty:
            return str(redact(self.summary))
        table = self.frame.head(MAX_ROWS).map(format_cell).to_string(index=False)
        return str(redact(f"{self.summary}\n\n{table}"))

    def __repr__(self) -> str:
        first = self.summary.partition("\n")[0]
        return str(redact(f"<{type(self).__name__}: {first}>"))
