"""The table every evidence command prints: property, figure, target, and whether it was reached.

Three kinds of rows. *exact* is asserted. *statistical* is seeded, and asserted with a 99.9 % binomial band,
which is printed. *timing* is a ratio or a time from this one run: printed, never asserted. A target missed is
printed as missed.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["QUICK", "Ledger"]

QUICK = os.environ.get("QUICK") == "1"
"""Whether the smaller version was asked for."""

Kind = Literal["exact", "statistical", "timing"]


@dataclass
class Ledger:
    """Rows of one evidence command."""

    title: str
    rows: list[tuple[Kind, str, str, str, bool]] = field(default_factory=list)

    def exact(self, name: str, figure: object, target: object, reached: bool | None = None) -> None:
        """Add a row that is asserted; `reached` defaults to figure == target."""
        self._add("exact", name, figure, target, figure == target if reached is None else reached)

    def timing(self, name: str, figure: str, target: str, reached: bool) -> None:
        """Add a row that is printed and never asserted."""
        self._add("timing", name, figure, target, reached)

    def share(self, name: str, hits: int, n: int, *, low: float = 0.0, high: float = 1.0) -> None:
        """Add a statistical row: a share that must be compatible with [low, high] at 99.9 %."""
        from scipy.stats import binomtest

        band = binomtest(hits, n).proportion_ci(0.999, method="exact")
        reached = band.high >= low and band.low <= high
        self._add(
            "statistical",
            name,
            f"{hits / n:.4f} of {n:,} (99.9 % band {band.low:.4f} to {band.high:.4f})",
            f"{low:g} to {high:g}",
            reached,
        )

    def mean(
        self, name: str, values: Sequence[float], *, low: float = -math.inf, high: float = math.inf
    ) -> None:
        """Add a statistical row: a mean that must be compatible with [low, high] at 99.9 % (t band)."""
        from scipy.stats import t

        center = math.fsum(values) / len(values)
        spread = math.fsum((value - center) ** 2 for value in values) / (len(values) - 1)
        half = t.ppf(0.9995, len(values) - 1) * math.sqrt(spread / len(values))
        self._add(
            "statistical",
            name,
            f"{center:.4g} of {len(values):,} (99.9 % band {center - half:.4g} to {center + half:.4g})",
            "shown" if (low, high) == (-math.inf, math.inf) else f"{low:g} to {high:g}",
            center + half >= low and center - half <= high,
        )

    def _add(self, kind: Kind, name: str, figure: object, target: object, reached: bool) -> None:
        self.rows.append((kind, name, str(figure), str(target), bool(reached)))
        mark = "reached" if reached else "MISSED"
        print(f"  {mark:8} {kind:12} {name}: {figure}  [target: {target}]", flush=True)

    def close(self) -> int:
        """Print the count; return 0 unless an exact or statistical row was missed."""
        missed = [row for row in self.rows if not row[4]]
        failed = [row for row in missed if row[0] != "timing"]
        size = "quick version" if QUICK else "full version"
        print(f"{self.title} ({size}): {len(self.rows) - len(missed)} of {len(self.rows)} reached")
        for row in missed:
            print(f"  missed: {row[1]}: {row[2]} against {row[3]}")
        return 1 if failed or not self.rows else 0

    def exit(self) -> None:
        """Leave the process with the result."""
        sys.exit(self.close())
