"""Components of variance: what one arm's scores scatter by, from draw to draw and from judge to judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import scores

__all__ = ["NO_JUDGES", "NO_REPEATS", "Components", "components"]

NO_REPEATS = "no case has two scored repeats: sampling stands in case"
"""Why there is no sampling component."""

NO_JUDGES = "one score a trial: what a judge scatters stands in sampling"
"""Why there is no judge component."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """What one arm's scores scatter by. Made by `components`.

    Parameters
    ----------
    sampling, judge
        Variance of a single draw, and of a single judge's score of it, >= 0; NaN where unknown.
    cases
        Indexed by case: ``mean`` over repeats and judges, ``sampling`` and ``judge`` (what either adds to the
        mean's variance; 0 where it is unknown), ``repeats`` and ``labels`` (scores of all repeats).
    """

    sampling: float
    judge: float
    cases: pd.DataFrame


def components(own: pd.DataFrame, judges: Sequence[str]) -> Components:
    """Return what one arm's scores scatter by, by the method of moments; any cell may be missing.

    Nested model: a case's mean, a draw of it with variance `sampling`, a judge's score of the draw with
    variance `judge`; a judge's leaning (a constant) is taken off. Residual sums of squares are held against
    what they are expected to be (Henderson 1953, Biometrics 9:226, method 3; for balanced tables the usual
    analysis of variance): draw × judge after the means of both, and draws within cases. An estimate
    below zero is 0. Scores that are 0 or 1 are taken as they are (the linear scale).

    Parameters
    ----------
    own
        One arm's rows of a validated trial table.
    judges
        Names of the scores that measure the same; one or more.
    """
    grid = np.column_stack([scores(own, name).to_numpy() for name in judges])
    grid, kept = grid[~np.isnan(grid).all(axis=1)], own[~np.isnan(grid).all(axis=1)]
    leaning, judge = _judge(grid)
    counts = (~np.isnan(grid)).sum(axis=1)
    means = np.nanmean(grid - leaning, axis=1) if len(grid) else np.array([])
    rows = pd.DataFrame({"case": kept["case_id"], "mean": means, "labels": counts, "noise": 1 / counts})
    grouped = rows.groupby("case")
    cases = grouped.agg(
        mean=("mean", "mean"), repeats=("mean", "size"), labels=("labels", "sum"), noise=("noise", "sum")
    )
    more = cases["repeats"] - 1
    sampling = math.nan
    if more.sum() > 0:
        squares = float(((rows["mean"] - grouped["mean"].transform("mean")) ** 2).sum())
        judged = float((more / cases["repeats"] * cases["noise"]).sum())
        sampling = max(0.0, (squares - _known(judge) * judged) / float(more.sum()))
    return Components(
        sampling=sampling,
        judge=judge,
        cases=cases.assign(
            sampling=_known(sampling) / cases["repeats"],
            judge=_known(judge) * cases["noise"] / cases["repeats"] ** 2,
        ).drop(columns="noise"),
    )


def _judge(grid: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return each judge's leaning from the judges' mean, and the variance of what is left."""
    count = grid.shape[1]
    known = ~np.isnan(grid)
    several = known.sum(axis=1) >= 2
    x, seen = grid[several], known[several]
    if count < 2 or not len(x):
        return np.zeros(count), math.nan
    rows, columns = np.nonzero(seen)
    dummies = np.zeros((len(rows), count))
    dummies[np.arange(len(rows)), columns] = 1
    inside = dummies - (seen / seen.sum(axis=1, keepdims=True))[rows]
    y = x[seen] - np.nanmean(x, axis=1)[rows]
    leaning, _, rank, _ = np.linalg.lstsq(inside, y, rcond=None)
    freedom = len(y) - len(x) - rank
    left = float(((y - inside @ leaning) ** 2).sum())
    return leaning - leaning.mean(), left / freedom if freedom > 0 else math.nan


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value
