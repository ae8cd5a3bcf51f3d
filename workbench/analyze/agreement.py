"""Can the judge be believed: how far raters agree, people among themselves and judges with people."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.confusion import accuracy, confusion, macro_f1, sensitivity, specificity
from workbench.analyze.intervals import Interval
from workbench.analyze.kappas import cohen, fleiss, gwet, krippendorff
from workbench.analyze.ratings import Ratings, RatingScale, coded, counts, distances, majority
from workbench.core.show import Shown
from workbench.errors import DatasetError

__all__ = ["AGREEMENT_COLUMNS", "UNUSABLE", "Agreement", "agreement"]

AGREEMENT_COLUMNS = (
    "raters",
    "statistic",
    "category",
    "n",
    "clusters",
    "estimate",
    "low",
    "high",
    "unusable",
    "estimate_if_unusable_wrong",
    "low_if_unusable_wrong",
    "high_if_unusable_wrong",
    "method",
    "reason",
)
"""Columns of a statistic's row."""

UNUSABLE = "(unusable)"
"""The column of a confusion matrix that counts verdicts which are no label."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement(Shown):
    """How far raters agree. Made by `agreement`.

    Parameters
    ----------
    table
        One row a statistic: the columns of `AGREEMENT_COLUMNS`. ``n`` items have a usable label on each
        side; ``unusable`` verdicts are left out of ``estimate``, and are errors in
        ``estimate_if_unusable_wrong`` (NaN for statistics that know no such reading).
    confusions
        Judge -> table of the people's label by row, the judge's by column, with `UNUSABLE` where there are.
    judges, people
        Names.
    items, without_majority
        Items in all, and those on which people have labels and no majority.
    alpha
        1 - confidence of each interval alone.
    """

    table: pd.DataFrame
    confusions: Mapping[str, pd.DataFrame]
    judges: tuple[str, ...]
    people: tuple[str, ...]
    items: int
    without_majority: int
    alpha: float

    @property
    def frame(self) -> pd.DataFrame:
        """One row a statistic."""
        return self.table

    def row(self, raters: str, statistic: str, category: Any = None) -> dict[str, Any]:
        """Return a statistic's row: of a judge against people, of ``people``, or of ``one × other``.

        Raises
        ------
        DatasetError
            Where there is none.
        """
        at = (self.table["raters"] == raters) & (self.table["statistic"] == statistic)
        if category is not None:
            at &= self.table["category"] == str(category)
        if not at.any():
            known = ", ".join(self.table["raters"].unique())
            raise DatasetError("agreement", f"there is no {statistic} of {raters!r}", f"Raters: {known}.")
        return {str(name): value for name, value in self.table[at].iloc[0].items()}

    @property
    def summary(self) -> str:
        """People among themselves, then each judge against them."""
        said = f"{self.items:,} items"
        if self.without_majority:
            said += f", {self.without_majority:,} without a majority of people (missing, not guessed)"
        lines = [said]
        if len(self.people) > 1:
            pairs = self.table[self.table["statistic"].eq("kappa") & self.table["raters"].str.contains(" × ")]
            lines.append(
                f"people ({len(self.people)}): kappa {pairs['estimate'].min():.3f} to"
                f" {pairs['estimate'].max():.3f} by pair, {self._said('people', 'krippendorff_alpha')}"
            )
        for judge in self.judges:
            row = self.row(judge, "accuracy")
            line = (
                f"{judge} against people: {self._said(judge, 'kappa')}, {self._said(judge, 'accuracy')},"
                f" on {row['n']:,} items"
            )
            if row["unusable"]:
                wrong = self.row(judge, "kappa")["estimate_if_unusable_wrong"]
                line += f"; {row['unusable']:,} verdicts are unusable: as errors, kappa {wrong:.3f}"
                line += f", accuracy {row['estimate_if_unusable_wrong']:.3f}"
            lines.append(line)
        return "\n".join(lines)

    def _said(self, raters: str, statistic: str) -> str:
        row = self.row(raters, statistic)
        name = statistic.replace("krippendorff_alpha", "Krippendorff's alpha")
        level = f"{100 * (1 - self.alpha):g} %"
        return f"{name} {row['estimate']:.3f} ({level} {row['low']:.3f} to {row['high']:.3f})"


def agreement(
    table: pd.DataFrame,
    judges: Sequence[str] = (),
    *,
    scale: RatingScale = "nominal",
    categories: Sequence[Any] | None = None,
    unusable: Sequence[Any] = (),
    clusters: Sequence[Any] | None = None,
    alpha: float = 0.05,
) -> Agreement:
    """Return how far people agree among themselves, and each judge with the majority of people.

    - Each two people: agreement, Cohen's kappa; on ordered scales also its linear and quadratic weights.
    - All people: Fleiss' kappa, Gwet's AC1, Krippendorff's alpha of the scale.
    - Each judge against what most people say: accuracy, macro-F1, all of the above, sensitivity and
      specificity of every category, and the confusion matrix.

    Parameters
    ----------
    table
        Items × raters, a column a person or judge; NaN where nobody was asked or nothing came.
    judges
        The columns that are judges; all others are people.
    scale
        Of the labels.
    categories
        All labels that may occur, in order; None: those that do, sorted.
    unusable
        Values that are verdicts and no labels (unparsable, abstained): counted, never guessed.
    clusters
        The group of each item, in the rows' order, where items are not independent (a case's trials);
        None: all are.
    alpha
        1 - confidence of each interval alone, in (0, 1).

    Raises
    ------
    DatasetError
        Where a judge is not a column, there are fewer than two raters or no label, or a label is unknown.
    InputError
        Where labels need an order or to be numbers, and are not (`ratings.coded`).
    """
    strange = [judge for judge in judges if judge not in table.columns]
    if strange or table.shape[1] < 2:
        raise DatasetError(
            "ratings",
            f"no column {', '.join(strange)}" if strange else "there are fewer than two raters",
            f"Columns: {', '.join(map(str, table.columns))}. Agreement is of two raters or more.",
        )
    ratings = coded(table, scale, categories, unusable)
    groups = None if clusters is None else np.asarray(clusters)
    people = [rater for rater in ratings.raters if rater not in judges]
    own = ratings.codes[:, [ratings.raters.index(name) for name in people]]
    most = majority(own, len(ratings.categories))
    ask = _Asked(ratings, scale, groups, alpha)
    rows = [row for pair in itertools.combinations(people, 2) for row in ask.pair(*pair)]
    if len(people) > 1:
        rows += ask.group("people", own)
    if people:
        rows += [row for judge in judges for row in ask.judge(judge, most)]
    return Agreement(
        table=pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS)),
        confusions={judge: ask.confusion(judge, most) for judge in judges} if people else {},
        judges=tuple(judges) if people else (),
        people=tuple(people),
        items=len(table),
        without_majority=int(((own >= 0).any(axis=1) & (most < 0)).sum()),
        alpha=alpha,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Ratings, and how statistics of them are asked for."""

    ratings: Ratings
    scale: RatingScale
    groups: NDArray[Any] | None
    alpha: float

    @property
    def _kappas(self) -> list[tuple[str, NDArray[np.float64]]]:
        powers = {"kappa": 0, "kappa_linear": 1, "kappa_quadratic": 2}
        return [
            (name, distances(self.ratings.categories, power, self.scale))
            for name, power in powers.items()
            if power == 0 or self.scale != "nominal"
        ]

    def pair(self, one: str, other: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of two people."""
        a, b = self.ratings.of(one), self.ratings.of(other)
        names, how = f"{one} × {other}", (self.groups, self.alpha)
        both = [self.ratings.raters.index(name) for name in (one, other)]
        lost = int(self.ratings.unusable[:, both].any(axis=1).sum())
        yield _row(names, "agreement", accuracy(a, b, *how), lost)
        for name, apart in self._kappas:
            yield _row(names, name, cohen(a, b, apart, *how), lost)

    def group(self, names: str, codes: NDArray[np.int64]) -> list[dict[str, Any]]:
        """Return the rows of any number of raters."""
        table, how = counts(codes, len(self.ratings.categories)), (self.groups, self.alpha)
        apart = None
        if self.scale != "ordinal":
            apart = distances(self.ratings.categories, 2 if self.scale == "interval" else 0, self.scale)
        return [
            _row(names, "fleiss_kappa", fleiss(table, *how)),
            _row(names, "gwet_ac1", gwet(table, *how)),
            _row(names, "krippendorff_alpha", krippendorff(table, apart, *how)),
        ]

    def judge(self, judge: str, truth: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
        """Yield the rows of a judge against people; unusable verdicts also as a category that is never so."""
        said, bad = self._said(judge, truth)
        k, how = len(self.ratings.categories), (self.groups, self.alpha)
        wrong = np.where(bad, k, said)
        lost = int(bad.sum())
        yield _row(judge, "accuracy", accuracy(truth, said, *how), lost, accuracy(truth, wrong, *how))
        yield _row(judge, "macro_f1", macro_f1(truth, said, k, *how), lost, macro_f1(truth, wrong, k, *how))
        for name, apart in self._kappas:
            wider = np.pad(apart, (0, 1), constant_values=1.0)
            wider[k, k] = 0.0
            yield _row(judge, name, cohen(truth, said, apart, *how), lost, cohen(truth, wrong, wider, *how))
        for row in self.group(judge, np.column_stack([truth, said])):
            yield row | {"unusable": lost}
        for code, category in enumerate(self.ratings.categories):
            for measure, so in ((sensitivity, truth == code), (specificity, truth != code)):
                # unusable is an error on either side: not said where it is so, said where it is not
                worse = np.where(bad, k if measure is sensitivity else code, said)
                found, counted = (measure(truth, verdicts, code, *how) for verdicts in (said, worse))
                row = _row(judge, measure.__name__, found, int((bad & so).sum()), counted)
                yield row | {"category": str(category)}

    def confusion(self, judge: str, truth: NDArray[np.int64]) -> pd.DataFrame:
        """Return people's labels by row, the judge's by column."""
        said, bad = self._said(judge, truth)
        k, names = len(self.ratings.categories), list(map(str, self.ratings.categories))
        table = confusion(truth, np.where(bad, k, said), k + 1)[:k]
        out = pd.DataFrame(table, index=pd.Index(names, name="people"), columns=[*names, UNUSABLE])
        return out if bad.any() else out[names]

    def _said(self, judge: str, truth: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        at = self.ratings.raters.index(judge)
        return self.ratings.codes[:, at], self.ratings.unusable[:, at] & (truth >= 0)


def _row(
    raters: str, statistic: str, found: Interval, unusable: int = 0, counted: Interval | None = None
) -> dict[str, Any]:
    wrong = (np.nan,) * 3 if counted is None else (counted.mean, counted.low, counted.high)
    return {
        "raters": raters,
        "statistic": statistic,
        "category": None,
        "n": found.n,
        "clusters": found.clusters,
        "estimate": found.mean,
        "low": found.low,
        "high": found.high,
        "unusable": unusable,
        **dict(zip(AGREEMENT_COLUMNS[9:12], wrong, strict=True)),
        "method": found.method,
        "reason": found.reason,
    }
