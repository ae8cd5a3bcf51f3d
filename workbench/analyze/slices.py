"""Slices: where in the data an arm is better or worse, and which slice the verdict hangs on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.analyze.cells import case_clusters, case_means, check_arm, scores
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.verdicts import judged
from workbench.analyze.wording import with_bounds
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["LEFT_OUT_COLUMNS", "MIN_CASES", "MISSING_SLICE", "SLICE_COLUMNS", "Slices", "slices"]

MIN_CASES = 10
"""A slice with fewer common cases is shown and counted, and not tested."""

MISSING_SLICE = "(missing)"
"""The slice of cases whose column is empty."""

SLICE_COLUMNS = (
    "slice",
    "arm",
    "n_cases",
    "quality_incumbent",
    "quality",
    "difference",
    "low",
    "high",
    "p_value",
    "p_adjusted",
    "verdict",
    "reason",
)
"""Columns of a slice and challenger; both qualities are of the `n_cases` scored for both arms."""

LEFT_OUT_COLUMNS = (
    "slice",
    "arm",
    "n_left",
    "difference",
    "low",
    "high",
    "verdict_all",
    "verdict_without",
    "flips",
)
"""Columns of a slice left out and a challenger: what the other slices' `n_left` cases say by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices(Shown):
    """Paired differences slice by slice. Made by `slices`.

    Parameters
    ----------
    score, incumbent, margin, alpha
        As given.
    by
        Name of the column that makes the slices.
    min_cases
        Fewest common cases of a slice that is tested.
    table
        One row a slice and challenger: the columns of `SLICE_COLUMNS`.
    left_out
        One row a slice and challenger: the columns of `LEFT_OUT_COLUMNS`. Verdicts are by Holm over the
        challengers, as in a comparison.
    points
        Whether all scores lie in [0, 1], so that differences can be said in points of 100.
    """

    score: str
    incumbent: str
    by: str
    margin: float
    alpha: float
    min_cases: int
    table: pd.DataFrame
    left_out: pd.DataFrame
    points: bool = True

    @property
    def frame(self) -> pd.DataFrame:
        """One row a slice and challenger."""
        return self.table

    @property
    def broken(self) -> pd.DataFrame:
        """The rows of `table` whose verdict is worse."""
        return self.table[self.table["verdict"] == "worse"].reset_index(drop=True)

    @property
    def flipping(self) -> pd.DataFrame:
        """The rows of `left_out` without which a challenger's verdict is another one."""
        return self.left_out[self.left_out["flips"]].reset_index(drop=True)

    @property
    def summary(self) -> str:
        """What is worse and better where, which slice a verdict hangs on, and what was too small to test."""
        tested = self.table["reason"].isna()
        count = self.table["slice"].nunique()
        lines = [
            f"{self.score} by {self.by}: {count} slices, {int(tested.sum())} differences from"
            f" {self.incumbent} tested together (Holm, family-wise {self.alpha:g})."
        ]
        for row in self.table[self.table["verdict"].isin(["worse", "better"])].to_dict("records"):
            found = with_bounds(
                row["difference"], row["low"], row["high"], points=self.points, alpha=self.alpha
            )
            lines.append(f"{row['arm']} is {row['verdict']} in {row['slice']} (n {row['n_cases']}): {found}")
        if len(lines) == 1:
            lines.append("No slice is shown to be better or worse.")
        lines += [
            f"{row['arm']}: {row['verdict_all']} with all cases, {row['verdict_without']} without"
            f" {row['slice']} ({row['n_left']} cases left)."
            for row in self.flipping.to_dict("records")
        ]
        if len(self.left_out) and not self.left_out["flips"].any():
            lines.append("Every verdict stays the same whichever slice is left out.")
        small = self.table.loc[~tested, "slice"].nunique()
        if small:
            lines.append(f"Too few cases to test in {small} of the slices; they are shown, with the reason.")
        return "\n".join(lines)


def slices(
    frame: pd.DataFrame,
    score: str,
    incumbent: str,
    by: pd.Series | str,
    margin: float = 0.0,
    alpha: float = 0.05,
    *,
    min_cases: int = MIN_CASES,
) -> Slices:
    """Compare every arm with the incumbent within each slice of the cases, and with each slice left out.

    Within a slice the difference is paired by case (`workbench.analyze.pairs.paired`). All slices ×
    challengers are one family: Holm's tests with Bonferroni's bounds (`workbench.analyze.correct.family`), so
    the chance that any slice is called better or worse by mistake is at most `alpha`, however many there
    are. A slice with fewer than `min_cases` common cases is shown and not tested: below that the t test
    is not to be trusted, and it would only cost the others power.

    Leaving a slice out answers another question: whether the verdict on all cases hangs on one slice. It is
    the jackknife over groups used as a diagnostic (Quenouille 1956, Biometrika 43:353); fewer cases alone
    can turn ``better`` into ``cannot tell``, so `n_left` stands beside it.

    Parameters
    ----------
    frame
        A trial table.
    score
        Name of the score, without ``score_``.
    incumbent
        Name of an arm.
    by
        A column of the cases (``topic`` finds ``case_topic``) or of the table (``expected``); or a Series
        indexed by case id. Each value is a slice: cut numbers into ranges before (``pandas.qcut``).
    margin
        A loss that does not matter, in the score's unit, >= 0.
    alpha
        In (0, 1).
    min_cases
        At least 2.

    Raises
    ------
    DatasetError
        Where there is no such score, arm or column, or one case stands in two slices.
    """
    table = validate(frame)
    check_arm(table, incumbent)
    values = scores(table, score)
    kind, clusters, quality = scale(values), case_clusters(table), case_means(table, values)
    arms = [arm for arm in table["arm"].unique() if arm != incumbent]
    group = _groups(table, by).reindex(quality.index)
    pairs = [(arm, incumbent) for arm in arms]
    parts = [(name, quality[group == name]) for name in sorted(group.unique(), key=_natural)]
    within = [_within(name, part, pairs, clusters, kind, min_cases) for name, part in parts]
    found = pd.concat(within, ignore_index=True) if within else pd.DataFrame()
    rows = pd.concat([found, judged(found, kind, margin, alpha).drop(columns="reason")], axis=1)
    return Slices(
        score=score,
        incumbent=incumbent,
        by=str(by.name or "slice") if isinstance(by, pd.Series) else by,
        margin=margin,
        alpha=alpha,
        min_cases=min_cases,
        table=rows[list(SLICE_COLUMNS)],
        left_out=_left_out(quality, group, pairs, clusters, kind, margin, alpha),
        points=kind.bounds is not None,
    )


def _natural(name: str) -> tuple[bool, float, str]:
    """Sort numbers as numbers, and what is missing last."""
    try:
        return name == MISSING_SLICE, float(name), name
    except ValueError:
        return name == MISSING_SLICE, np.inf, name


def _groups(table: pd.DataFrame, by: pd.Series | str) -> pd.Series:
    """Return the slice of each case as text, indexed by case id."""
    if isinstance(by, pd.Series):
        name, found = str(by.name or "slice"), by
    else:
        name = by
        column = next((each for each in (f"case_{by}", by) if each in table and each != "case_id"), None)
        if column is None:
            names = [str(each) for each in table.columns if each != "case_id"]
            known = [each.removeprefix("case_") for each in names if each.startswith("case_")] + ["expected"]
            raise DatasetError(
                "slices", f"there is no column {by!r}", f"Columns of the cases: {', '.join(known)}."
            )
        found = table[["case_id", column]].drop_duplicates().set_index("case_id")[column]
    twice = found.index[found.index.duplicated()]
    if len(twice):
        raise DatasetError(
            "slices", f"the case {twice[0]!r} stands in two slices of {name!r}", "Give each case one value."
        )
    return (
        found.astype("str")
        .where(found.notna(), MISSING_SLICE)
        .reindex(table["case_id"].unique())
        .fillna(MISSING_SLICE)
    )


def _within(
    name: str,
    part: pd.DataFrame,
    pairs: list[tuple[str, str]],
    clusters: pd.Series,
    kind: Scale,
    min_cases: int,
) -> pd.DataFrame:
    """Return `paired_columns` of one slice with both arms' quality; center and se NaN where it is small."""
    found = paired_columns(part, pairs, clusters, kind)
    small = (found["clusters"] < max(2, min_cases)) & found["reason"].isna()
    found["reason"] = found["reason"].mask(small, f"fewer than {min_cases} independent cases: not tested")
    found.loc[small, ["center", "se"]] = np.nan
    both = [part[list(pair)].dropna() if set(pair) <= set(part) else part.iloc[:0] for pair in pairs]
    return found.assign(
        slice=name,
        arm=[arm for arm, _ in pairs],
        quality=[rows[arm].mean() for rows, (arm, _) in zip(both, pairs, strict=True)],
        quality_incumbent=[rows[other].mean() for rows, (_, other) in zip(both, pairs, strict=True)],
    )


def _left_out(
    quality: pd.DataFrame,
    group: pd.Series,
    pairs: list[tuple[str, str]],
    clusters: pd.Series,
    kind: Scale,
    margin: float,
    alpha: float,
) -> pd.DataFrame:
    def verdicts(part: pd.DataFrame) -> pd.DataFrame:
        return judged(paired_columns(part, pairs, clusters, kind), kind, margin, alpha)

    whole = verdicts(quality)["verdict"]
    names = sorted(group.unique(), key=_natural)
    parts = []
    for name in names if len(names) > 1 else []:
        found = verdicts(quality[group != name])
        parts.append(
            found.assign(
                slice=name,
                arm=[arm for arm, _ in pairs],
                n_left=found["n_cases"],
                verdict_all=whole,
                verdict_without=found["verdict"],
                flips=found["verdict"] != whole,
            )
        )
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(LEFT_OUT_COLUMNS))
    return rows[list(LEFT_OUT_COLUMNS)].astype({"flips": "bool"})
