"""The threshold explorer: a slider over a cache's thresholds, with the figures and the very pairs at each.

All thresholds travel with the widget, so that it works in a notebook without a kernel; where no widget can
live, its static twin shows the threshold at which it starts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.core.redact import redact
from workbench.view import figures
from workbench.view.caches import MOST_PAIRS, pairs_table, threshold_numbers, worth_table
from workbench.view.fragments import card, numbers, table

if TYPE_CHECKING:
    import pandas as pd

    from workbench.semantic.study import CacheStudy

__all__ = ["MOST_STOPS", "threshold_explorer"]

HERE = Path(__file__).parent

MOST_STOPS = 40
"""Thresholds that the slider stops at."""


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    return [[figures.printable(cell) for cell in row] for row in frame.itertuples(index=False)]


def _stop(study: CacheStudy, threshold: float) -> dict[str, Any]:
    """Return what the page shows at a threshold: texts only, ready for JSON."""
    worth, pairs = worth_table(study, threshold), pairs_table(study, threshold)
    return {
        "label": f"{threshold:g}",
        "numbers": [list(pair) for pair in threshold_numbers(study, threshold)],
        "tables": [
            {"name": name, "columns": list(frame.columns), "rows": _cells(frame)}
            for name, frame in (("Arms", worth), (f"Pairs, at most {MOST_PAIRS}, wrong ones first", pairs))
            if not frame.empty
        ],
    }


def stops(study: CacheStudy) -> list[float]:
    """Return the thresholds of the slider: evenly from the sweep, the one that is shown among them."""
    levels = study.curve.table["threshold"].to_numpy()
    places = np.linspace(0, len(levels) - 1, min(MOST_STOPS, len(levels))).round().astype(int)
    return sorted({*(float(level) for level in levels[places]), study.shown_at})


def snapshot(study: CacheStudy) -> dict[str, Any]:
    """Return the whole state of the page."""
    levels = stops(study)
    safe = study.safe.threshold
    state = {
        "title": f"Threshold explorer · {study.curve.log}",
        "safe": "no safe threshold" if safe is None else f"safe: {safe:g}",
        "start": levels.index(study.shown_at),
        "stops": [_stop(study, level) for level in levels],
    }
    return dict(redact(state))


def still_explorer(study: CacheStudy) -> str:
    """Return the static twin: the explorer where it starts."""
    at = study.shown_at
    return card(
        "Threshold explorer",
        f"{study.curve.log} at cosine {at:g}",
        numbers(threshold_numbers(study, at)),
        table(worth_table(study, at), "Arms"),
        table(pairs_table(study, at), f"Pairs, at most {MOST_PAIRS}, wrong ones first"),
    )


@cache
def _widget_class() -> Any:
    """Return the widget's class; made on first use, because its vendor is heavy."""
    import anywidget
    import traitlets

    class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
        """A cache by threshold. Its text/html twin shows the same where no widget can live."""

        _esm = HERE / "explorer.js"
        _css = HERE / "explorer.css"
        state = traitlets.Dict().tag(sync=True)

        def __init__(self, study: CacheStudy) -> None:
            self.study = study
            super().__init__(state=snapshot(study))

        def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            data, about = super()._repr_mimebundle_(**kwargs) or ({}, {})
            plain = str(redact(f"{self.study.curve.log}: {self.study.safe.summary}"))
            return data | {"text/plain": plain, "text/html": still_explorer(self.study)}, about

    return Explorer


def threshold_explorer(study: CacheStudy) -> Any:
    """Return a widget with a slider over the thresholds; display it, or leave it as a cell's last line.

    Parameters
    ----------
    study
        What `bench.cache_study` returns.
    """
    return _widget_class()(study)
