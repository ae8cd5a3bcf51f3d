"""The front: which arms no other arm beats on quality and cost, and on latency as well; and how surely."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.analyze.bootstrap import DRAWS
from workbench.analyze.cells import case_clusters, case_means, scores
from workbench.analyze.chances import chances
from workbench.analyze.correct import family
from workbench.analyze.latency_pairs import latency_differences
from workbench.analyze.notes import FEW_CASES
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.wording import usd
from workbench.core.show import Shown
from workbench.core.table import validate

__all__ = ["FRONTIER_COLUMNS", "Frontier", "front_status", "frontier"]

FRONTIER_COLUMNS = (
    "arm",
    "cases",
    "quality_mean",
    "cost_usd_per_1000",
    "latency_p95_s",
    "on_point_front",
    "p_front",
    "p_cheapest",
    "status",
    "p_front_with_latency",
    "status_with_latency",
)
"""Columns of an arm's place; probabilities in [0, 1], NaN below two cases or without cost (or latency)."""

Bounds = Mapping[tuple[str, str], tuple[float, float]]
"""Simultaneous bounds of (first - second) by ordered pair; NaN where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier(Shown):
    """Where each arm stands between quality, cost and latency. Made by `frontier`.

    Parameters
    ----------
    score, margin, alpha, draws, seed
        As given.
    table
        One row an arm, cheapest first: the columns of `FRONTIER_COLUMNS`.
    points
        Whether all scores lie in [0, 1].
    """

    score: str
    margin: float
    alpha: float
    draws: int
    seed: int
    table: pd.DataFrame
    points: bool = True

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm."""
        return self.table

    @property
    def front(self) -> tuple[str, ...]:
        """The arms on the quality–cost front by their point estimates, cheapest first."""
        return tuple(self.table.loc[self.table["on_point_front"], "arm"])

    @property
    def summary(self) -> str:
        """The front by points, the arm that is most likely the cheapest good one, and each arm's chances."""
        loss = f"{100 * self.margin:g} points" if self.points else f"{self.margin:g}"
        lines = [f"Quality–cost front by {self.score}: {', '.join(self.front) or 'no arm has a known cost'}."]
        if self.table["p_cheapest"].notna().any():
            pick = self.table.iloc[int(np.nanargmax(self.table["p_cheapest"]))]
            lines.append(
                f"The cheapest arm not worse than the best by more than {loss} is {pick['arm']} with"
                f" probability {pick['p_cheapest']:.0%}."
            )
        lines += [
            f"{row['arm']}: {row['status']}, {usd(row['cost_usd_per_1000'])} per 1,000 requests,"
            f" on the front with probability {row['p_front']:.0%}"
            for row in self.table.to_dict("records")
            if not np.isnan(row["p_front"])
        ]
        least = int(self.table["cases"].min()) if len(self.table) else 0
        if least < FEW_CASES:
            lines.append(f"Note: only {least} case{'' if least == 1 else 's'}: probabilities are rough.")
        return "\n".join(lines)


def frontier(
    frame: pd.DataFrame,
    score: str,
    margin: float = 0.0,
    alpha: float = 0.05,
    *,
    draws: int = DRAWS,
    seed: int = 1,
    executor: Executor | None = None,
) -> Frontier:
    """Return where each arm stands between quality, cost and latency, and how surely.

    The probabilities are shares of bootstrap draws of whole clusters of cases (quality, cost and latency of
    all arms come along together) in which the arm is on the front, or is the cheapest of those not worse
    than the best by more than `margin` (of equally cheap ones, the better). Such shares are the
    bootstrap's stand-in for a posterior probability (Efron 2012, Annals of Applied Statistics 6:1971).
    Deviation: where a score has bounds, each draw gives each arm one case right and one wrong of its own
    besides (each Poisson(1) times), so that 10 of 10 against 9 of 10 is no certainty; for two arms this
    spreads the difference by what Agresti & Min add to it (`pairs.paired`).

    Any grid will do: an arm's figures are those of the cases that it has. ``status`` is by tests, not by
    draws: see `front_status`.

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    margin
        A loss of quality that does not matter, in the score's unit, >= 0.
    alpha
        Error of all comparisons of one figure together, in (0, 1).
    draws, seed
        Of the bootstrap.
    executor
        Of blocks of draws; None: this thread.

    Raises
    ------
    DatasetError
        Where the table has no such score, or a cell occurs twice.
    """
    table = validate(frame)
    values, clusters = scores(table, score), case_clusters(table)
    kind, arms = scale(values), list(table["arm"].unique())
    quality = case_means(table, values).reindex(columns=arms)
    cost = case_means(table, 1000 * table["cost_usd"]).reindex(columns=arms)
    pairs = list(itertools.combinations(arms, 2))
    late = latency_differences(table, pairs, clusters, percentiles=[95], alpha=alpha)
    rows = chances(
        table, quality, cost, clusters, kind, margin=margin, draws=draws, seed=seed, executor=executor
    )
    found = [
        front_status(quality, cost, clusters, scale=kind, margin=margin, alpha=alpha, latency=each)
        for each in (None, late)
    ]
    rows = rows.assign(arm=arms, status=found[0].to_numpy(), status_with_latency=found[1].to_numpy())
    return Frontier(
        score=score,
        margin=margin,
        alpha=alpha,
        draws=draws,
        seed=seed,
        table=rows[list(FRONTIER_COLUMNS)].sort_values("cost_usd_per_1000", kind="stable", ignore_index=True),
        points=kind.bounds is not None,
    )


def front_status(
    quality: pd.DataFrame,
    cost: pd.DataFrame,
    clusters: pd.Series,
    *,
    scale: Scale,
    margin: float = 0.0,
    alpha: float = 0.05,
    latency: pd.DataFrame | None = None,
    better: Bounds | None = None,
) -> pd.Series:
    """Return what is known of each arm's place, by simultaneous paired intervals over all pairs of arms.

    - ``best``: of higher quality than every other arm.
    - ``on front``: of every other arm it is known that it is of lower quality, or dearer (or slower).
    - ``dominated``: some arm is cheaper and not worse by more than `margin`, or better and not dearer; with
      latency it must not be slower either, and being faster serves as being cheaper does.
    - ``cannot tell``: neither is known.

    Parameters
    ----------
    quality, cost
        Cases × arms, means over repeats; NaN where missing.
    clusters
        Indexed by case.
    scale
        Of the score.
    margin
        A loss of quality that does not matter, >= 0.
    alpha
        Error of all quality comparisons together, and of all cost comparisons together (Bonferroni).
    latency
        What `latency_pairs.latency_differences` says of one percentile of all pairs, in their order; None:
        latency does not count.
    better
        Simultaneous bounds of quality, first less second, of every ordered pair; None: those of `quality`.

    Returns
    -------
    Series
        Indexed by arm, in the order of the columns of `quality`.
    """
    arms = list(quality.columns)
    pairs = list(itertools.combinations(arms, 2))
    worse = _known(quality, pairs, clusters, scale, alpha) if better is None else better
    lower = [_known(cost, pairs, clusters, None, alpha)]
    if latency is not None:
        lower.append(_both_ways(pairs, latency["low_s"], latency["high_s"]))
    status = {}
    for arm in arms:
        others = [other for other in arms if other != arm]
        if others and all(worse[arm, other][0] > 0 for other in others):
            status[arm] = "best"
        elif any(
            _dominates(worse[other, arm][0], [each[other, arm][1] for each in lower], margin)
            for other in others
        ):
            status[arm] = "dominated"
        elif all(
            worse[arm, other][0] > 0 or any(each[arm, other][1] < 0 for each in lower) for other in others
        ):
            status[arm] = "on front"
        else:
            status[arm] = "cannot tell"
    return pd.Series(status, name="front", dtype="object")


def _dominates(quality_low: float, highs: Sequence[float], margin: float) -> bool:
    """Whether the bounds of (other - arm) show that the other arm makes this one pointless."""
    gains = any(high < 0 for high in highs) and quality_low > -margin
    return all(high <= 0 for high in highs) and (gains or quality_low > 0)


def _known(
    matrix: pd.DataFrame, pairs: list[tuple[str, str]], clusters: pd.Series, scale: Scale | None, alpha: float
) -> Bounds:
    """Return simultaneous bounds of (first - second) for every ordered pair; NaN where unknown."""
    found = paired_columns(matrix, pairs, clusters, scale)
    bounds = family(found["center"], found["se"], found["df"], alpha)
    return _both_ways(pairs, bounds.low, bounds.high)


def _both_ways(pairs: list[tuple[str, str]], lows: ArrayLike, highs: ArrayLike) -> Bounds:
    ordered = {}
    bounds = zip(pairs, np.asarray(lows, dtype=float), np.asarray(highs, dtype=float), strict=True)
    for (first, second), low, high in bounds:
        ordered[first, second] = (float(low), float(high))
        ordered[second, first] = (-float(high), -float(low))
    return ordered
