"""The charts (altair), each with its denominators, its intervals and its drawing rule.

They return altair charts: show them, save them, take them apart. `svg` renders one without a network or a
browser; cards and reports embed that picture.
"""

from __future__ import annotations

from workbench.view.plots.canvas import svg
from workbench.view.plots.differences import differences
from workbench.view.plots.latency import latency
from workbench.view.plots.quality_cost import quality_cost

__all__ = ["differences", "latency", "quality_cost", "svg"]
