"""A comparison of what a race asked, with intervals that hold although it was looked at after every case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.compare import Comparison
from workbench.analyze.race import Race

__all__ = ["anytime"]


def anytime(result: Comparison, race: Race) -> Comparison:
    """Return a comparison of a race's rows with the race's intervals in place of those for a fixed number.

    A race ends when the figures look as they do: the usual interval would be too sure. Differences, bounds,
    p-values (2 / capital, times the number of challengers), verdicts and their twins with failures as wrong
    are the race's; what is said of each arm alone, of cost and of time is as it was.

    Parameters
    ----------
    result
        Of `workbench.analyze.compare.compare` on `Race.rows`.
    race
        Its race.
    """
    table, margin = race.arms.set_index("arm"), result.margin
    own = table.loc[list(result.differences["arm"])]
    adjusted = np.minimum(1.0, own["p_value"] * (len(table) - 1))
    changed = {
        "n_cases": own["pairs"],
        "difference": own["estimate"],
        "low": own["low"],
        "high": own["high"],
        "p_value": own["p_value"],
        "p_adjusted": adjusted,
        "verdict": _verdicts(own["low"], own["high"], margin),
        "difference_if_failures_wrong": own["estimate_if_failures_wrong"],
        "verdict_if_failures_wrong": _verdicts(
            own["low_if_failures_wrong"], own["high_if_failures_wrong"], margin
        ),
    }
    differences = result.differences.assign(
        **{name: np.asarray(values) for name, values in changed.items() if name in result.differences}
    )
    note = (
        f"the evidence comes from a race, looked at after each of {len(race.scores):,} cases: its intervals "
        "hold at every look, and are wider than those for a number of cases fixed beforehand"
    )
    return replace(result, differences=differences, notes=(*result.notes, note))


def _verdicts(low: pd.Series, high: pd.Series, margin: float) -> NDArray[Any]:
    return np.select(
        [low > 0, (low > -margin) & (margin > 0), high < 0], ["better", "not worse", "worse"], "cannot tell"
    ).astype(object)
