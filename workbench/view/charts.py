"""The charts (altair), each with its denominators, its intervals and its drawing rule.

They return altair charts: show them, save them, take them apart. `svg` renders one without a network or a
browser; cards and reports embed that picture.
"""

from __future__ import annotations

from workbench.view.plots.anatomy import anatomy
from workbench.view.plots.canvas import svg
from workbench.view.plots.differences import confirmation, differences, pairs, slices
from workbench.view.plots.equal import equal
from workbench.view.plots.latency import latency
from workbench.view.plots.power import power
from workbench.view.plots.quality_cost import quality_cost
from workbench.view.plots.race import race

__all__ = [
    "anatomy",
    "confirmation",
    "differences",
    "equal",
    "latency",
    "pairs",
    "power",
    "quality_cost",
    "race",
    "slices",
    "svg",
]
