"""What a judge follows beside the answers: their order, their length, its own family."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from workbench.analyze.correct import family
from workbench.analyze.intervals import Clusters, Interval, mean_interval
from workbench.analyze.kappas import cohen
from workbench.analyze.pairs import Scale, paired
from workbench.core.show import Shown
from workbench.errors import DatasetError

__all__ = ["BIAS_COLUMNS", "Bias", "answer_pairs", "length_bias", "order_consistency", "self_preference"]

BIAS_COLUMNS = ("measure", "estimate", "low", "high", "n", "clusters", "method", "reason")
"""Columns of a measure's row."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bias(Shown):
    """One bias of a judge. Made by `order_consistency`, `length_bias`, `self_preference`.

    Parameters
    ----------
    name
        Of the bias.
    table
        One row a measure: the columns of `BIAS_COLUMNS`.
    deciding
        The measure that is 0 where there is no bias.
    unusable
        Pairs that were judged and left out, for want of a usable verdict.
    """

    name: str
    table: pd.DataFrame
    deciding: str
    unusable: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row a measure."""
        return self.table

    @property
    def shown(self) -> bool | None:
        """Whether the deciding measure's interval excludes 0; None where there is no interval."""
        row = self.table.set_index("measure").loc[self.deciding]
        return None if np.isnan(row["low"]) else bool(row["low"] > 0 or row["high"] < 0)

    @property
    def summary(self) -> str:
        """Whether it is there, then each measure."""
        word = {True: "shown", False: "not shown", None: "cannot be told"}[self.shown]
        lines = [f"{self.name}: {word}"]
        for row in self.table.to_dict("records"):
            bounds = f"{row['low']:.3f} to {row['high']:.3f}" if row["low"] == row["low"] else row["reason"]
            lines.append(f"{row['measure']}: {row['estimate']:.3f} ({bounds}), n {row['n']:,}")
        if self.unusable:
            lines.append(f"{self.unusable:,} pairs without a usable verdict are left out")
        return "\n".join(lines)


def order_consistency(
    one: ArrayLike, other: ArrayLike, clusters: Clusters = None, alpha: float = 0.05
) -> Bias:
    """Return how often a verdict on two answers stays when they change places.

    Position bias is the mean over pairs of how often the answer shown first won less how often the second
    did, in [-1, 1]: 0 where places do not matter, also for a judge that errs or is unsure (Zheng et al. 2023,
    arXiv 2306.05685, call a judge consistent where both verdicts are alike).

    Parameters
    ----------
    one, other
        Verdict on the same two answers, A first and B first: 1 where A is preferred, -1 where B, 0 a tie;
        NaN where it is unusable. Shape (pairs,).
    clusters
        Shape (pairs,): pairs that are not independent; None: all are.
    alpha
        1 - confidence, in (0, 1).
    """
    a, b = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    keep = ~np.isnan(a) & ~np.isnan(b)
    x, y, groups = a[keep], b[keep], _kept(clusters, keep)
    first, second = ((np.sign(side) + 1).astype(np.int64) for side in (x, y))
    same = mean_interval((first == second).astype(float), groups, binary=True, bounds=(0, 1), alpha=alpha)
    return Bias(
        name="position bias",
        table=_table(
            {
                "consistent verdicts": same,
                "kappa of both orders": cohen(first, second, 1.0 - np.eye(3), groups, alpha),
                "first less second": _difference((np.sign(x) - np.sign(y)) / 2, groups, alpha),
            }
        ),
        deciding="first less second",
        unusable=int((~keep).sum()),
    )


def length_bias(
    gains: ArrayLike,
    lengths: ArrayLike,
    people: ArrayLike | None = None,
    clusters: Clusters = None,
    alpha: float = 0.05,
) -> Bias:
    """Return whether the verdict on two answers follows which is the longer.

    The statistic is that of ranks: how often the longer answer of a pair is preferred less how often the
    shorter is (Goodman & Kruskal's concordance, ties counted as 0), in [-1, 1]. People may prefer the longer
    for a reason; with their verdicts on the same pairs, the bias is what the judge adds to theirs.

    Parameters
    ----------
    gains
        The judge's verdict or difference of scores, A less B; its sign counts. NaN where unusable.
    lengths
        Difference of the lengths, A less B, in any unit; pairs of equal length say nothing.
    people
        As `gains`, of people; NaN where they gave none. None: there are no labels.
    clusters, alpha
        As in `order_consistency`.
    """
    longer = np.sign(np.asarray(lengths, dtype=float))
    return _toward("length bias", "the longer", longer, gains, people, clusters, alpha)


def self_preference(
    gains: ArrayLike,
    own: ArrayLike,
    people: ArrayLike | None = None,
    clusters: Clusters = None,
    alpha: float = 0.05,
) -> Bias:
    """Return whether the judge prefers answers of its own family (Panickssery et al. 2024, arXiv 2404.13076).

    Its own may be better; with people's verdicts on the same pairs, the bias is what it adds to theirs.

    Parameters
    ----------
    gains, people, clusters, alpha
        As in `length_bias`.
    own
        1 where A alone is of the judge's family, -1 where B alone is, 0 else: such pairs say nothing.
    """
    toward = np.sign(np.asarray(own, dtype=float))
    return _toward("self-preference", "its own family", toward, gains, people, clusters, alpha)


def answer_pairs(
    table: pd.DataFrame, judge: str, people: str | None = None, *, own: Sequence[str] = ()
) -> pd.DataFrame:
    """Return all pairs of answers to the same case by different arms: what the measures of bias take.

    Parameters
    ----------
    table
        A trial table.
    judge, people
        Names of scores, without ``score_``; None: there are no labels.
    own
        The arms whose model is of the judge's family.

    Returns
    -------
    DataFrame
        One row a case, repeat and two arms: ``case_id``, ``arm``, ``other``, ``gain`` (the judge's),
        ``people`` (NaN where there is none), ``length`` (characters, difference), ``own`` (1, 0, -1).
    """
    ok = table[table["status"] == "ok"]
    facts = pd.DataFrame(
        {
            "judge": ok[f"score_{judge}"].astype("float64"),
            "people": np.nan if people is None else ok[f"score_{people}"].astype("float64"),
            "length": ok["output"].str.len().astype("float64"),
            "own": ok["arm"].isin(list(own)).astype("float64"),
        }
    ).set_index([ok["case_id"], ok["repeat"], ok["arm"]])
    arms = sorted(ok["arm"].unique())
    of = {arm: facts[facts.index.get_level_values("arm") == arm].droplevel("arm") for arm in arms}
    parts = [
        (of[one] - of[other]).assign(arm=one, other=other) for one, other in itertools.combinations(arms, 2)
    ]
    if not parts:
        raise DatasetError("trial table", "there is one arm only", "Pairs need two arms on the same case.")
    out: pd.DataFrame = pd.concat(parts).reset_index().rename(columns={"judge": "gain"})
    return out.dropna(subset="length").reset_index(drop=True)


def _toward(
    name: str,
    what: str,
    toward: NDArray[np.float64],
    gains: ArrayLike,
    people: ArrayLike | None,
    clusters: Clusters,
    alpha: float,
) -> Bias:
    judged = np.sign(np.asarray(gains, dtype=float)) * toward
    apart = toward != 0
    keep = apart & ~np.isnan(judged)
    measures = {f"judge: for {what}": _difference(judged[keep], _kept(clusters, keep), alpha)}
    deciding = f"judge: for {what}"
    if people is not None:
        theirs = np.sign(np.asarray(people, dtype=float)) * toward
        both = keep & ~np.isnan(theirs)
        groups = _kept(clusters, both)
        measures[f"people: for {what}"] = _difference(theirs[both], groups, alpha)
        deciding = "judge less people"
        measures[deciding] = _difference(judged[both] - theirs[both], groups, alpha, reach=2.0)
    return Bias(
        name=name, table=_table(measures), deciding=deciding, unusable=int((apart & np.isnan(judged)).sum())
    )


def _difference(values: NDArray[np.float64], groups: Clusters, alpha: float, reach: float = 1.0) -> Interval:
    """Return the interval of a mean of signed verdicts, by `pairs.paired`."""
    found = paired(values, groups, scale=Scale(binary=True, bounds=(-reach, reach), reach=reach))
    bounds = family([found.center], [found.se], [found.df], alpha)
    low, high = (float(bound[0]) for bound in (bounds.low, bounds.high))
    return Interval(
        mean=found.estimate,
        low=min(max(low, -reach), found.estimate) if low == low else low,
        high=max(min(high, reach), found.estimate) if high == high else high,
        n=found.n,
        clusters=found.clusters,
        method="paired, Agresti-Min",
        reason=None if found.reason is None else "fewer than two pairs",
    )


def _table(measures: dict[str, Interval]) -> pd.DataFrame:
    rows = [
        (name, each.mean, each.low, each.high, each.n, each.clusters, each.method, each.reason)
        for name, each in measures.items()
    ]
    return pd.DataFrame(rows, columns=list(BIAS_COLUMNS))


def _kept(clusters: Clusters, keep: NDArray[np.bool_]) -> NDArray[Any] | None:
    return None if clusters is None else np.asarray(clusters)[keep]
