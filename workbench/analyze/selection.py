"""Selection: the best of many looks better than it is; choose on some cases, confirm on the others."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.analyze.cells import case_clusters, case_means, check_arm, scores
from workbench.analyze.intervals import clustered_mean
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.verdicts import judged
from workbench.analyze.wording import signed, with_bounds
from workbench.core.identity import digest
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["CONFIRMATION_COLUMNS", "MIN_ARMS", "Confirmation", "confirm", "shrinkage"]

CONFIRMATION_COLUMNS = ("estimate", "arm", "n_cases", "difference", "low", "high", "verdict", "reason")
"""Columns of a confirmation: which estimate, of which arm, and its difference from the incumbent."""

MIN_ARMS = 4
"""With fewer arms there is nothing to learn from the others, and no shrunken estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation(Shown):
    """The best challenger by one part of the cases, and what the other part says of it. Made by `confirm`.

    Parameters
    ----------
    score, incumbent, margin, alpha, share, seed
        As given.
    chosen
        The challenger with the largest difference on the choosing cases.
    table
        Four rows, columns of `CONFIRMATION_COLUMNS`: ``naive`` (the best arm by all cases, with the interval
        that forgets that it was chosen), ``shrunken`` (the same arm, see `shrinkage`), ``choosing`` and
        ``confirmed`` (the chosen arm on either part).
    kept
        The share of the differences between arms that is not chance, by `shrinkage`; NaN where unknown.
    points
        Whether all scores lie in [0, 1], so that differences can be said in points of 100.
    """

    score: str
    incumbent: str
    margin: float
    alpha: float
    share: float
    seed: int
    chosen: str
    table: pd.DataFrame
    kept: float
    points: bool = True

    @property
    def frame(self) -> pd.DataFrame:
        """One row an estimate."""
        return self.table

    @property
    def verdict(self) -> str:
        """What the confirming cases say of the chosen arm: better, not worse, worse or cannot tell."""
        return str(self._row("confirmed")["verdict"])

    @property
    def confirmed(self) -> bool:
        """Whether the chosen arm is better, or not worse by the margin, on cases that did not choose it."""
        return self.verdict in ("better", "not worse")

    def difference(self, estimate: str) -> float:
        """Return the difference by an estimate's name: naive, shrunken, choosing, confirmed."""
        return float(self._row(estimate)["difference"])

    def _row(self, estimate: str) -> dict[Hashable, Any]:
        return next(row for row in self.table.to_dict("records") if row["estimate"] == estimate)

    @property
    def summary(self) -> str:
        """Who was chosen, what the choosing cases promised, and what the others confirm."""
        held, chose, naive = (self._row(name) for name in ("confirmed", "choosing", "naive"))
        found = with_bounds(
            held["difference"], held["low"], held["high"], points=self.points, alpha=self.alpha
        )
        lines = [
            f"{self.chosen} was chosen by {chose['n_cases']} cases"
            f" ({signed(chose['difference'], points=self.points)} from {self.incumbent});"
            f" {held['n_cases']} others say {held['verdict']}, {found}."
        ]
        if not math.isnan(self.kept):
            lines.append(
                f"By all cases the best is {naive['arm']}, {signed(naive['difference'], points=self.points)};"
                f" shrunken {signed(self.difference('shrunken'), points=self.points)}, as {self.kept:.0%} of"
                " the differences between the arms is more than chance."
            )
        return "\n".join([*lines, *(f"Note: {each}" for each in self.table["reason"].dropna())])


def confirm(
    frame: pd.DataFrame,
    score: str,
    incumbent: str,
    margin: float = 0.0,
    alpha: float = 0.05,
    share: float = 0.5,
    seed: int = 1,
) -> Confirmation:
    """Choose the best challenger on one part of the cases and test it on the other.

    The largest of several noisy differences is too large ("winner's curse"; "optimism": Efron & Tibshirani
    1993, An Introduction to the Bootstrap, section 17.6). Cases that took no part in the choice know
    nothing of it: the difference on them is unbiased, and its test, being one, needs no correction for
    the number of arms (Cox 1975, Biometrika 62:441). Which case is where depends on `seed` and its cluster
    only: cases that share a call stay together, and more cases move none.

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    incumbent
        Name of an arm.
    margin
        A loss that does not matter, in the score's unit, >= 0.
    alpha
        Two-sided error of the confirming test, in (0, 1).
    share
        Share of the clusters that choose, in (0, 1).
    seed
        Of the split.

    Raises
    ------
    DatasetError
        Where there is no such score or arm, `share` is out of range, or no challenger has a scored case in
        common with the incumbent among the choosing ones.
    """
    if not 0 < share < 1:
        raise DatasetError("confirmation", f"share is {share!r}", "Use a number between 0 and 1.")
    table = validate(frame)
    check_arm(table, incumbent)
    values = scores(table, score)
    kind, clusters, quality = scale(values), case_clusters(table), case_means(table, values)
    chooses = _choosing(clusters, share, seed).reindex(quality.index)
    pairs = [(arm, incumbent) for arm in table["arm"].unique() if arm != incumbent]
    naive, chosen = _best(quality, pairs, clusters), _best(quality[chooses], pairs, clusters)
    found = {
        name: _alone(part, (arm, incumbent), clusters, kind, margin, alpha)
        for name, arm, part in (
            ("naive", naive, quality),
            ("choosing", chosen, quality[chooses]),
            ("confirmed", chosen, quality[~chooses]),
        )
    }
    kept, reason = shrinkage(quality, clusters)
    return Confirmation(
        score=score,
        incumbent=incumbent,
        margin=margin,
        alpha=alpha,
        share=share,
        seed=seed,
        chosen=chosen,
        table=_estimates(found, kept, reason),
        kept=kept,
        points=kind.bounds is not None,
    )


def shrinkage(quality: pd.DataFrame, clusters: pd.Series) -> tuple[float, str | None]:
    """Return the factor by which James and Stein draw the arms' means to their grand mean.

    ``max(0, 1 - (k - 3) v / S)`` for k arms, the sum S of their squared distances from the grand mean, and
    the variance v of a mean once what the cases have in common is taken off: the positive-part estimator
    toward a common mean (Efron & Morris 1975, JASA 70:311, section 2). A difference between two arms is
    shrunken by the same factor. Deviations: v is estimated, from the arms' deviations from each case's
    mean, and robust to clusters (for independent cases it is the residual mean square of the cases × arms
    table over n); it is one v for all arms. The factor makes the squared error over all arms smaller; of
    the best arm's it takes most of the bias, not all.

    Parameters
    ----------
    quality
        Cases × arms; cases that miss an arm are left out.
    clusters
        Indexed by case.

    Returns
    -------
    tuple of float and str or None
        In [0, 1], and None; or NaN, and why.
    """
    full = quality.dropna()
    groups = clusters.reindex(full.index)
    k = full.shape[1]
    if k < MIN_ARMS:
        return math.nan, f"fewer than {MIN_ARMS} arms: no shrunken estimate"
    if groups.nunique() < 2:
        return math.nan, "fewer than two cases are scored for all arms: no shrunken estimate"
    own = full.sub(full.mean(axis=1), axis=0)
    variance = float(np.mean([clustered_mean(own[arm], groups.to_numpy()).se ** 2 for arm in own]))
    apart = float((own.mean() ** 2).sum())
    if apart == 0:
        return 0.0, None
    return max(0.0, 1 - (k - 3) * variance * k / (k - 1) / apart), None


def _alone(
    part: pd.DataFrame, pair: tuple[str, str], clusters: pd.Series, kind: Scale, margin: float, alpha: float
) -> dict[str, Any]:
    """Return one arm's difference on a part of the cases, with the interval of a single comparison."""
    found = judged(paired_columns(part, [pair], clusters, kind), kind, margin, alpha)
    return {"arm": pair[0]} | {name: found[name].iloc[0] for name in CONFIRMATION_COLUMNS if name in found}


def _estimates(found: dict[str, dict[str, Any]], kept: float, reason: str | None) -> pd.DataFrame:
    """Return the table of estimates; the shrunken one stands beside the naive one, of the same arm."""
    naive, others = found["naive"], {name: row for name, row in found.items() if name != "naive"}
    shrunken = {name: naive[name] for name in ("arm", "n_cases")} | {"reason": reason}
    rows = {"naive": naive, "shrunken": shrunken | {"difference": kept * naive["difference"]}, **others}
    return pd.DataFrame(
        [{"estimate": name} | row for name, row in rows.items()], columns=list(CONFIRMATION_COLUMNS)
    )


def _choosing(clusters: pd.Series, share: float, seed: int) -> pd.Series:
    """Return which cases choose, indexed by case."""
    # Each cluster by its own digest: adding cases moves no other from one part to the other.
    line = int(share * 16**12)
    place = {each: int(digest(["confirm", seed, each])[:12], 16) < line for each in clusters.unique()}
    return clusters.map(place).astype("bool")


def _best(quality: pd.DataFrame, pairs: list[tuple[str, str]], clusters: pd.Series) -> str:
    found = paired_columns(quality, pairs, clusters)["estimate"]
    if found.isna().all():
        raise DatasetError(
            "confirmation",
            "no challenger has a scored case in common with the incumbent",
            "Ask and score two arms at least; with more cases both parts have some.",
        )
    return pairs[int(np.nanargmax(found.to_numpy()))][0]
