"""Selection: the cases that confirm took no part in choosing; the shrunken estimate is the known one."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.compare import compare
from workbench.analyze.selection import CONFIRMATION_COLUMNS, confirm, shrinkage
from workbench.errors import DatasetError

ARMS = {"base": (0.6, 1.0), "good": (0.85, 1.0), "bad": (0.4, 1.0), "same": (0.6, 1.0)}


def test_a_good_arm_is_chosen_and_confirmed() -> None:
    """The best arm is found on one part and is better on the other; parts add up to all cases."""
    result = confirm(trial_table(ARMS, cases=300), "exact", "base", margin=0.02)
    assert tuple(result.frame.columns) == CONFIRMATION_COLUMNS
    assert (result.chosen, result.verdict, result.confirmed) == ("good", "better", True)
    n = result.frame.set_index("estimate")["n_cases"]
    assert n["choosing"] + n["confirmed"] == n["naive"] == 300
    assert abs(n["choosing"] - 150) < 40
    assert "others say better, +" in result.summary


def test_each_figure_is_that_of_its_part() -> None:
    """Naive is the plain difference by all cases, unadjusted; the parts' mean by cases is the whole."""
    frame = trial_table(ARMS, cases=200)
    result = confirm(frame, "exact", "base")
    two = compare(frame[frame["arm"].isin(["base", "good"])], "exact", "base").differences.iloc[0]
    rows = result.frame.set_index("estimate")
    assert rows.loc["naive", ["difference", "low", "high"]].tolist() == pytest.approx(
        two[["difference", "low", "high"]].tolist()
    )
    both = rows.loc[["choosing", "confirmed"]]
    assert np.average(both["difference"], weights=both["n_cases"]) == pytest.approx(two["difference"])
    assert result.difference("shrunken") == pytest.approx(result.kept * two["difference"])


def test_the_split_follows_seed_and_case_only() -> None:
    """The order of rows moves none; another seed splits otherwise; cases that share a call stay together."""
    frame = trial_table(ARMS, cases=80, repeats=1)
    again = frame.sample(frac=1, random_state=1)
    numbers = [confirm(each, "exact", "base", seed=2).frame["n_cases"].tolist() for each in (frame, again)]
    assert numbers[0] == numbers[1]
    parts = {confirm(frame, "exact", "base", seed=seed).difference("confirmed") for seed in range(6)}
    assert len(parts) > 1
    twins = pd.concat([frame, frame.assign(case_id=frame["case_id"] + "'")])
    n = confirm(twins, "exact", "base").frame["n_cases"]
    assert (n % 2 == 0).all()


def test_cases_that_confirm_took_no_part_in_choosing() -> None:
    """Turning every score of the confirming part around does not change the choice."""
    frame = trial_table(ARMS, cases=100, repeats=1)
    first = confirm(frame, "exact", "base")
    n = first.frame.set_index("estimate")["n_cases"]
    left = []
    for case in frame["case_id"].unique():
        without = confirm(frame[frame["case_id"] != case], "exact", "base").frame.set_index("estimate")
        left.append(without.loc["confirmed", "n_cases"] < n["confirmed"])
    confirming = frame["case_id"].unique()[np.array(left)]
    assert len(confirming) == n["confirmed"]
    turned = frame["score_exact"].where(~frame["case_id"].isin(confirming), 1 - frame["score_exact"])
    other = confirm(frame.assign(score_exact=turned), "exact", "base")
    assert other.chosen == first.chosen
    assert other.difference("choosing") == first.difference("choosing")
    assert other.difference("confirmed") == pytest.approx(-first.difference("confirmed"))


def test_shrinkage_is_james_and_stein() -> None:
    """For a full table the factor is 1 - (k - 3) / ((k - 1) F), F of the two-way analysis of variance."""
    rng = np.random.default_rng(1)
    n, k = 40, 7
    x = rng.normal(size=(n, 1)) + rng.normal(size=(n, k)) + np.linspace(0, 0.6, k)
    quality = pd.DataFrame(x, index=[f"c{i}" for i in range(n)])
    kept, reason = shrinkage(quality, pd.Series(quality.index, index=quality.index))
    residual = x - x.mean(axis=1, keepdims=True) - x.mean(axis=0) + x.mean()
    error = (residual**2).sum() / ((n - 1) * (k - 1))
    f = n * ((x.mean(axis=0) - x.mean()) ** 2).sum() / (k - 1) / error
    assert reason is None
    assert kept == pytest.approx(1 - (k - 3) / ((k - 1) * f))


def test_without_enough_arms_or_cases_nothing_is_shrunken() -> None:
    """Three arms, or one case for all: unknown, with its reason; equal arms shrink to nothing."""
    frame = trial_table({"base": (0.6, 1), "new": (0.7, 1)}, cases=40)
    result = confirm(frame, "exact", "base")
    assert math.isnan(result.kept)
    assert math.isnan(result.difference("shrunken"))
    assert "fewer than 4 arms" in result.summary
    table = pd.DataFrame(np.ones((1, 5)), index=["c"])
    assert "fewer than two cases" in str(shrinkage(table, pd.Series(["c"], index=["c"]))[1])
    flat = pd.DataFrame(np.ones((3, 5)), index=list("abc"))
    assert shrinkage(flat, pd.Series(list("abc"), index=list("abc"))) == (0.0, None)


def test_what_cannot_be_chosen_is_refused() -> None:
    """One arm alone, no common case, or a share outside 0 and 1."""
    alone = trial_table({"base": (0.6, 1)}, cases=20)
    with pytest.raises(DatasetError, match="no challenger"):
        confirm(alone, "exact", "base")
    apart = trial_table({"base": (0.6, 1), "new": (0.6, 1)}, cases=20)
    apart.loc[apart["arm"] == "new", "case_id"] += "'"
    with pytest.raises(DatasetError, match="no challenger"):
        confirm(apart, "exact", "base")
    with pytest.raises(DatasetError, match="share"):
        confirm(trial_table(ARMS, cases=20), "exact", "base", share=1.0)
