"""People's labels beside the judge's scores, by case and arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import case_clusters, case_means, scores
from workbench.analyze.pairs import Scale, scale
from workbench.analyze.ppi import Rectified, rectified_mean
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["LEAST_BOTH", "Labeled", "labeled"]

LEAST_BOTH = 0.9
"""Of the cases drawn for either of two arms, at least this share must be drawn for both."""

KNOWN = "(failed)"
"""The stratum of cases whose value nobody need label: a failure counts as wrong."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labeled:
    """Judge's scores and people's labels, cases × arms; repeats averaged. Made by `labeled`.

    Parameters
    ----------
    judged
        Of all answered repeats; NaN where nothing was answered, or no verdict is usable.
    people
        Of the labeled repeats; NaN where there is none.
    judged_labeled
        The judge's score of what was labeled.
    answered
        Share of the repeats that were answered, in [0, 1].
    drawn
        Whether a label was asked for, also where none came.
    probability
        Chance of the case to be drawn, in (0, 1], by case; NaN where it was not drawn.
    stratum, cluster
        By case.
    kind
        Of the score and the labels together.
    assumed
        Whether the probabilities are an assumption: a simple random sample of the cases.
    raters
        How many people; 0 where the labels do not say.
    """

    judged: pd.DataFrame
    people: pd.DataFrame
    judged_labeled: pd.DataFrame
    answered: pd.DataFrame
    drawn: pd.DataFrame
    probability: pd.Series
    stratum: pd.Series
    cluster: pd.Series
    kind: Scale
    assumed: bool
    raters: int

    def mean(self, arm: str, *, wrong: bool = False, tuning: float | None = None) -> Rectified:
        """Return an arm's mean quality by people (`ppi.rectified_mean`); `wrong` counts failures as such."""
        return self._rectified([(1.0, arm)], wrong, tuning)

    def difference(
        self, arm: str, other: str, *, wrong: bool = False, tuning: float | None = None
    ) -> Rectified:
        """Return the mean difference of two arms, paired by case.

        Both answers of a case must have been drawn together: with labels on different cases the chance of a
        pair is not known, and there is no error.
        """
        return self._rectified([(1.0, arm), (-1.0, other)], wrong, tuning)

    def _rectified(self, terms: list[tuple[float, str]], wrong: bool, tuning: float | None) -> Rectified:
        arms = [arm for _, arm in terms]
        values = [self._values(arm, wrong) for arm in arms]
        judged, people, own = (
            np.sum([sign * each[at] for (sign, _), each in zip(terms, values, strict=True)], axis=0)
            for at in range(3)
        )
        failed = self.answered[arms].to_numpy() == 0
        certain = failed.all(axis=1)
        units = np.ones(len(failed), dtype=bool) if wrong else ~failed.any(axis=1)
        drawn = self.drawn[arms].to_numpy()
        if not wrong and units.any() and _apart(drawn[units]):
            people = np.full_like(people, np.nan)
        # the labels of a pair count where both answers were drawn; a failure needs no label
        people = np.where((drawn | failed).all(axis=1), people, np.nan)
        chance = np.where(certain, 1.0, self.probability.to_numpy())
        strata = np.where(certain, KNOWN, self.stratum.to_numpy(dtype=str))
        return rectified_mean(
            judged[units],
            people[units],
            np.where(np.isnan(chance), 1.0, chance)[units],
            judged_labeled=own[units],
            strata=strata[units],
            clusters=self.cluster.to_numpy()[units],
            reach=self.kind.reach,
            tuning=tuning,
        )

    def _values(self, arm: str, wrong: bool) -> list[NDArray[np.float64]]:
        sides = [side[arm].to_numpy() for side in (self.judged, self.people, self.judged_labeled)]
        if not wrong:
            return sides
        share = self.answered[arm].to_numpy()
        floor = min(0.0, float(np.nanmin(self.judged.to_numpy())))
        return [np.where(share == 0, floor, share * side + (1 - share) * floor) for side in sides]


def labeled(
    table: pd.DataFrame, score: str, labels: pd.DataFrame, strata: pd.Series | None = None
) -> Labeled:
    """Return people's labels beside the judge's scores.

    Parameters
    ----------
    table
        A trial table.
    score
        Name of the judge's score.
    labels
        One row a label: ``trial_id``, or ``arm``, ``case_id`` and (0 where absent) ``repeat``; ``value`` in
        the score's unit, NaN where a person was asked and gave none; and, where they are known, ``rater``
        (several on a trial are averaged) and ``probability`` of the case to be drawn, in (0, 1]. Without
        ``probability`` the drawn cases count as a simple random sample.
    strata
        Stratum of every case, by case id, where as many labels as planned were drawn in each: then what
        differs between strata adds nothing to the error. None: one, which is right for any draw.

    Raises
    ------
    DatasetError
        Where a column is missing, a label is of no trial, a case has two probabilities or no stratum.
    """
    rows = validate(table)
    values = scores(rows, score)
    given = _placed(rows, labels)
    by_trial = given.groupby(["case_id", "arm", "repeat"])["value"].mean()
    index = pd.MultiIndex.from_frame(rows[["case_id", "arm", "repeat"]])
    said = pd.Series(by_trial.reindex(index).to_numpy(), index=rows.index)
    said = said.where(rows["status"] == "ok")
    judged = case_means(rows, values)
    cases, arms = judged.index, judged.columns
    drawn = given.assign(drawn=1.0).groupby(["case_id", "arm"])["drawn"].max().unstack("arm")
    drawn = drawn.reindex(index=cases, columns=arms).notna()
    answered = case_means(rows, (rows["status"] == "ok").astype(float))
    return Labeled(
        judged=judged,
        people=case_means(rows, said).reindex(index=cases, columns=arms),
        judged_labeled=case_means(rows, values.where(said.notna())).reindex(index=cases, columns=arms),
        answered=answered.reindex(index=cases, columns=arms).fillna(0.0),
        drawn=drawn,
        probability=_probability(given, cases),
        stratum=_strata(strata, cases),
        cluster=case_clusters(rows).reindex(cases),
        kind=scale(pd.concat([values, said])),
        assumed="probability" not in given,
        raters=given["rater"].nunique() if "rater" in given else 0,
    )


def _placed(rows: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Return the labels with arm, case and repeat of their trial."""
    keys = ["arm", "case_id", "repeat"]
    if "trial_id" in labels and not set(keys[:2]) <= set(labels):
        out = labels.merge(rows[["trial_id", *keys]].drop_duplicates("trial_id"), on="trial_id", how="left")
    else:
        out = labels if "repeat" in labels else labels.assign(repeat=0)
    absent = [name for name in (*keys, "value") if name not in out]
    if absent:
        raise DatasetError(
            "labels",
            f"there is no column {', '.join(absent)}",
            "Give trial_id, or arm and case_id, and value: one row a label.",
        )
    known = pd.MultiIndex.from_frame(rows[keys])
    strange = ~pd.MultiIndex.from_frame(out[keys]).isin(known)
    if strange.any():
        raise DatasetError(
            "labels",
            f"{int(strange.sum())} of {len(out)} labels are of no trial of this table",
            "Label the outputs of this run.",
        )
    return out.assign(value=out["value"].astype("float64"))


def _probability(given: pd.DataFrame, cases: pd.Index) -> pd.Series:
    if "probability" not in given:
        there = cases.isin(given["case_id"])
        return pd.Series(np.where(there, there.mean(), np.nan), index=cases)
    by_case = given.groupby("case_id")["probability"].agg(["min", "max"])
    if not ((by_case["min"] > 0) & (by_case["max"] <= 1)).all() or (by_case["min"] < by_case["max"]).any():
        raise DatasetError(
            "labels",
            "a case's probability is missing, outside of (0, 1], or not the same on all its rows",
            "Give each case's chance to be drawn, as what_next says it.",
        )
    return by_case["max"].reindex(cases)


def _strata(strata: pd.Series | None, cases: pd.Index) -> pd.Series:
    if strata is None:
        return pd.Series("all", index=cases)
    out = strata.reindex(cases)
    if out.isna().any():
        raise DatasetError(
            "labels", f"{int(out.isna().sum())} cases have no stratum", "Give the stratum of every case."
        )
    return out


def _apart(drawn: NDArray[np.bool_]) -> bool:
    """Whether too many of the cases drawn for one arm were not drawn for the other."""
    any_, both = int(drawn.any(axis=1).sum()), int(drawn.all(axis=1).sum())
    return both < LEAST_BOTH * any_
