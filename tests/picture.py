"""`make picture`: draw the README's picture from the study that ships (runs what is missing of it)."""

from __future__ import annotations

from pathlib import Path

import vl_convert

from workbench.bench.bench import Bench
from workbench.view.charts import quality_cost, svg

PLACE = Path(__file__).resolve().parents[1] / "docs" / "quality-cost.png"

if __name__ == "__main__":
    bench = Bench("support-triage")
    result = bench.compare(bench.run(bench.plan()))
    PLACE.parent.mkdir(exist_ok=True)
    PLACE.write_bytes(vl_convert.svg_to_png(svg(quality_cost(result)), scale=1.5))
    bench.sync()
