"""A comparison by a judge's scores, corrected by people's labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from workbench.analyze.cells import case_clusters, case_means, scores
from workbench.analyze.compare import Comparison
from workbench.analyze.frontier import front_status
from workbench.analyze.notes import notes
from workbench.analyze.pairs import scale
from workbench.analyze.rectify import Corrected, rectify
from workbench.errors import DatasetError

__all__ = ["corrected"]


def corrected(result: Comparison, labels: pd.DataFrame, *, strata: pd.Series | None = None) -> Comparison:
    """Return a comparison with quality by people's labels in place of the judge's scores.

    Means, differences, bounds, p-values, verdicts, their twins with failures as wrong, and the front are
    corrected (`rectify`); what is said of cost and of time is as it was. Its trials are not kept: what they
    would be asked further rests on scores that are not corrected.

    Parameters
    ----------
    result
        Of `workbench.analyze.compare.compare`.
    labels, strata
        As in `labeled.labeled`.

    Raises
    ------
    DatasetError
        Where the comparison's trials are not at hand, or the labels do not fit.
    """
    if result.trials is None:
        raise DatasetError("comparison", "its trials are not at hand", "Make it with compare().")
    table = result.trials
    found = rectify(table, result.score, labels, result.incumbent, result.margin, result.alpha, strata=strata)
    arms = _in_place(result.arms, found.arms.rename(columns={"reason": "quality_reason"}))
    arms["front"] = _front(result, table, found)
    differences = _in_place(result.differences, found.differences)
    note = f"Quality is by people: {found.labels:,} labels correct the judge's scores of all cases."
    if found.assumed:
        note += " They are taken for a simple random sample."
    return replace(
        result,
        arms=arms,
        differences=differences,
        notes=(note, *notes(table, arms, differences, result.incumbent)),
        labels=found.labels,
        trials=None,
    )


def _in_place(table: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Return a table with the columns that both have taken from `found`, by arm."""
    own = found.set_index("arm").loc[list(table["arm"])]
    shared: dict[str, Any] = {
        name: own[name].to_numpy() for name in table.columns if name in own and name != "cases"
    }
    return table.assign(**shared)


def _front(result: Comparison, table: pd.DataFrame, found: Corrected) -> pd.Series:
    cost = case_means(table, 1000 * table["cost_usd"])
    quality = case_means(table, scores(table, result.score))
    status = front_status(
        quality,
        cost,
        case_clusters(table),
        scale=scale(table[f"score_{result.score}"]),
        margin=result.margin,
        alpha=result.alpha,
        better=found.pairs,
    )
    return result.arms["arm"].map(status)
