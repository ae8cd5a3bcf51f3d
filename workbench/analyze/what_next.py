"""What people should label next: a seeded queue of cases, each with a known chance to be among the first."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.core.show import Shown
from workbench.errors import DatasetError, InputError

__all__ = ["LEAST", "How", "Queue", "residual_spread", "what_next"]

How = Literal["random", "stratified", "worth"]

LEAST = 0.25
"""This share of the chance is alike for all cases: a wrong guess of the spread must not cost much."""

_SMOOTH = 2
_BINS = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Queue(Shown):
    """Cases in the order in which to label them. Made by `what_next`.

    Stop wherever you like, but for the figures: the first k are a sample whatever k is, and a longer one
    holds the shorter. (Stopping *because* of the figures is looking, and makes intervals a little too sure.)

    Parameters
    ----------
    how
        The way it was drawn.
    seed
        Of the order.
    table
        One row a case, in order: ``place`` (from 1), ``case_id``, ``stratum``, ``worth`` (size of its chance,
        1 on average) and ``key``, by which it was ordered.
    least
        The fewest first cases that are a sample: two of every stratum.
    """

    how: How
    seed: int
    table: pd.DataFrame
    least: int

    @property
    def frame(self) -> pd.DataFrame:
        """One row a case, in order."""
        return self.table

    @property
    def summary(self) -> str:
        """How it was drawn, and from how many."""
        words = {
            "random": "at random",
            "stratified": f"at random within {self.table['stratum'].nunique()} strata",
            "worth": "likelier where a label is worth more",
        }
        return f"{len(self.table):,} cases to label in this order, drawn {words[self.how]} (seed {self.seed})"

    def first(self, count: int) -> pd.DataFrame:
        """Return the first cases with their chance to be among so many.

        Random and stratified: the share of the cases, or of those of the stratum. By worth:
        ``min(1, worth * key of the next case)``, for which weighting by 1 / chance is exactly unbiased
        whatever the sizes (priority sampling: Duffield, Lund & Thorup 2007, J. ACM 54:32).

        Parameters
        ----------
        count
            From `least` to all.

        Returns
        -------
        DataFrame
            ``case_id``, ``probability`` in (0, 1], ``stratum``.

        Raises
        ------
        InputError
            Where the count is outside of its range.
        """
        if not self.least <= count <= len(self.table):
            raise InputError(
                "labels",
                f"the first {count} cases are no sample",
                f"Label from {self.least} to {len(self.table)} cases.",
            )
        head = self.table.head(count)
        if self.how == "worth" and count < len(self.table):
            chance = np.minimum(1.0, head["worth"] * self.table["key"].iloc[count])
        else:
            drawn, all_ = head["stratum"].value_counts(), self.table["stratum"].value_counts()
            chance = head["stratum"].map(drawn / all_)
        return pd.DataFrame(
            {
                "case_id": head["case_id"],
                "probability": chance.astype("float64"),
                "stratum": head["stratum"],
            }
        )

    def weigh(self, labels: pd.DataFrame) -> pd.DataFrame:
        """Return the labels that count, with ``probability``: those of the longest labeled beginning.

        A label further down the queue is left out until all before it are there: what happened to be
        labeled is not a sample. A case that was looked at and given no label (NaN) is there.

        Parameters
        ----------
        labels
            One row a label, with ``case_id``.

        Raises
        ------
        InputError
            Where fewer than `least` of the first cases are labeled.
        """
        there = self.table["case_id"].isin(labels["case_id"]).to_numpy()
        count = len(there) if there.all() else int(np.argmin(there))
        chances = self.first(count).set_index("case_id")["probability"]
        kept = labels[labels["case_id"].isin(chances.index)]
        return kept.assign(probability=kept["case_id"].map(chances))


def what_next(
    cases: Sequence[Hashable] | pd.Index,
    how: How = "random",
    *,
    strata: pd.Series | None = None,
    spread: pd.Series | None = None,
    least: float = LEAST,
    seed: int = 1,
) -> Queue:
    """Return the order in which to label cases.

    - ``random``: each order is as likely.
    - ``stratified``: two of every stratum, then in proportion: any beginning resembles the whole.
    - ``worth``: likelier where judge and people are expected to be further apart. The variance of
      `ppi.rectified_mean` is smallest with chances in proportion to that (Zrnic & Candès 2024, arXiv
      2403.03208, section 3; Neyman 1934).

    Parameters
    ----------
    cases
        Ids, each once.
    strata
        Stratum by case id; for ``stratified`` only.
    spread
        Expected size of label less judge by case id, >= 0, e.g. of `residual_spread`, the judge's own doubt,
        or how far a panel is apart; for ``worth`` only.
    least
        This part of the chance is the same for all, the rest follows `spread`; in (0, 1].
    seed
        The same seed and arguments give the same order.

    Raises
    ------
    DatasetError
        Where a case is there twice, or has no stratum or spread.
    InputError
        Where what the way needs is not given, or `least` is outside of its range.
    """
    ids = pd.Index(cases)
    if ids.has_duplicates or not len(ids):
        raise DatasetError("cases to label", "a case is there twice, or there is none", "Give each id once.")
    if not 0 < least <= 1:
        raise InputError("cases to label", f"least is {least}", "Give a share above 0, at most 1.")
    chance = np.random.default_rng(seed).random(len(ids))
    stratum = pd.Series("all", index=ids) if how != "stratified" else _given(strata, ids, "strata")
    worth = np.ones(len(ids)) if how != "worth" else _worth(_given(spread, ids, "spread"), least)
    key = chance / worth if how != "stratified" else _interleaved(stratum, chance)
    table = pd.DataFrame(
        {"case_id": ids, "stratum": stratum.to_numpy().astype(str), "worth": worth, "key": key}
    ).sort_values("key", ignore_index=True, kind="stable")
    table.insert(0, "place", np.arange(1, len(ids) + 1))
    fewest = int(np.minimum(table["stratum"].value_counts(), 2).sum())
    return Queue(how=how, seed=seed, table=table, least=fewest)


def residual_spread(off: pd.Series, by: pd.Series) -> pd.Series:
    """Return how far label and judge are expected to be apart on every case, learned from the labeled.

    The root mean square within groups that are alike, each group drawn a little to the mean of all. Chances
    that follow from labels depend on them a little; the groups keep that small.

    Parameters
    ----------
    off
        Label less judge, by case id; NaN or absent where there is no label.
    by
        What tells cases apart before they are labeled, by case id, every case: the judge's score or doubt,
        how far a panel is apart. Numbers of more than ten values are cut into fifths.

    Returns
    -------
    Series
        By case id, as `by`; >= 0.

    Raises
    ------
    DatasetError
        Where no case has a label.
    """
    group = by
    if pd.api.types.is_numeric_dtype(by) and by.nunique() > 2 * _BINS:
        group = pd.qcut(by, _BINS, labels=False, duplicates="drop")
    group = group.astype(str)
    squares = off.dropna() ** 2
    if squares.empty:
        raise DatasetError("labels", "no case has a label yet", "Begin with a random queue.")
    found = squares.groupby(group.reindex(squares.index)).agg(["sum", "size"]).reindex(group.unique())
    found = found.fillna(0.0)
    mean = (found["sum"] + _SMOOTH * float(squares.mean())) / (found["size"] + _SMOOTH)
    spread = dict(zip(found.index, np.sqrt(mean.to_numpy(dtype=float)), strict=True))
    return pd.Series([spread[each] for each in group], index=by.index, dtype="float64")


def _given(values: pd.Series | None, ids: pd.Index, name: str) -> pd.Series:
    if values is None:
        raise InputError("cases to label", f"{name} is not given", f"Give {name} by case id.")
    out = values.reindex(ids)
    if out.isna().any():
        raise DatasetError(
            "cases to label",
            f"{int(out.isna().sum())} cases have no value in {name}",
            "Give one for every case.",
        )
    return out


def _worth(spread: pd.Series, least: float) -> NDArray[np.float64]:
    sizes = spread.to_numpy(dtype=float)
    if (sizes < 0).any() or not np.isfinite(sizes).all():
        raise DatasetError("cases to label", "a spread is negative or infinite", "Give sizes, >= 0.")
    mean = sizes.mean()
    if mean == 0:
        return np.ones(len(sizes))
    return np.asarray(least + (1 - least) * sizes / mean)


def _interleaved(stratum: pd.Series, chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return keys by which every beginning holds two of each stratum, then as large a share of each."""
    groups = pd.Series(chance).groupby(stratum.to_numpy())
    rank, size = groups.rank(method="first").to_numpy(), groups.transform("size").to_numpy()
    # below 0 come the first two of each; ties between strata are broken by chance
    return np.asarray(np.where(rank <= 2, chance - 1, (rank - 0.5) / size + 1e-9 * chance))
