"""From trials to cases: what each arm did on each case, and which cases are one cluster."""

from __future__ import annotations

import numpy as np
import pandas as pd

from workbench.errors import DatasetError

__all__ = ["case_clusters", "case_means", "check_arm", "scores", "scores_with_failures", "weights"]


def check_arm(frame: pd.DataFrame, arm: str) -> None:
    """Do nothing where the table has an arm of this name.

    Raises
    ------
    DatasetError
        Where it has none; the known ones are named.
    """
    if arm not in set(frame["arm"]):
        known = ", ".join(sorted(frame["arm"].unique()))
        raise DatasetError(
            "trial table", f"there is no arm {arm!r}", f"Arms of this table: {known or 'none'}."
        )


def scores(frame: pd.DataFrame, score: str) -> pd.Series:
    """Return a score of answered trials; NaN where it is missing.

    Raises
    ------
    DatasetError
        Where the table has no such score; the known ones are named.
    """
    column = f"score_{score}"
    if column not in frame:
        known = sorted(name.removeprefix("score_") for name in frame.columns if name.startswith("score_"))
        raise DatasetError(
            "trial table",
            f"there is no score {score!r}",
            f"Scores of this table: {', '.join(known) if known else 'none; run it with a scorer'}.",
        )
    return frame[column].astype("float64").where(frame["status"] == "ok")


def scores_with_failures(frame: pd.DataFrame, score: str) -> pd.Series:
    """Return a score with every unanswered trial counted as wrong.

    Wrong is 0, or the lowest score seen where that is below 0. What was answered and not scored stays NaN.
    """
    values = scores(frame, score)
    return values.where(frame["status"] == "ok", float(np.nanmin([0.0, values.min()])))


def case_means(frame: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    """Return the mean over the repeats of each case and arm.

    Returns
    -------
    DataFrame
        Cases × arms; NaN where an arm has no value for a case.
    """
    return values.groupby([frame["case_id"], frame["arm"]]).mean().unstack("arm")


def weights(rows: pd.DataFrame) -> pd.Series:
    """Return weights by which every case of one arm's rows counts once, whatever repeats it has."""
    return 1 / rows.groupby("case_id")["case_id"].transform("size")


def case_clusters(frame: pd.DataFrame) -> pd.Series:
    """Return the cluster of each case, indexed by case id.

    A case's trials are one cluster; cases that share a call (their rendered prompts are the same) are one
    as well, with whatever these share further.
    """
    cases = pd.Index(frame["case_id"].unique(), name="case_id")
    root = dict(zip(cases, cases, strict=True))

    def find(case: str) -> str:
        while root[case] != case:
            root[case] = root[root[case]]
            case = root[case]
        return case

    links = frame.loc[frame["call_key"].notna(), ["call_key", "case_id"]].drop_duplicates()
    shared = links[links.duplicated("call_key", keep=False)]
    for _, group in shared.groupby("call_key"):
        first, *others = group["case_id"]
        for other in others:
            root[find(other)] = find(first)
    return pd.Series([find(case) for case in cases], index=cases, name="cluster")
