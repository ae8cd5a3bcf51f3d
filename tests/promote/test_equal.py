"""Tests of equal arms: dealt at random nothing is better, and the gate keeps its word."""

from __future__ import annotations

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from tests.analyze.tables import trial_table
from workbench.errors import DatasetError
from workbench.plan.gate import Gate
from workbench.promote.equal import EQUAL_COLUMNS, EqualArms, equal_arms

FAR = {"old": (0.3, 4e-5), "new": (0.95, 1e-5), "third": (0.6, 2e-5)}


def dealt(**changes: object) -> EqualArms:
    """Return equal arms made from a study whose arms are far from equal."""
    frame = trial_table(FAR, cases=80, repeats=2, failing=0.05)
    return equal_arms(frame, Gate(margin=0.02), "old", **{"studies": 300, **changes})  # type: ignore[arg-type]


def test_the_gate_keeps_its_word_where_the_eager_reader_does_not() -> None:
    """Of 300 studies the gate promotes in at most 5 %, give or take; the highest mean nearly always wins."""
    found = dealt().frame.set_index("rule")
    assert found.columns.to_list() == list(EQUAL_COLUMNS[1:])
    assert found.loc["the gate", "low"] <= 0.05
    assert found.loc["the highest mean wins", "share"] > 0.5
    assert found.loc["each test by itself", "promoted"] >= found.loc["the gate", "promoted"]
    assert "300 studies of 3 equal arms, 80 cases each" in dealt().summary


def test_the_deal_takes_away_what_there_was() -> None:
    """The arms differ by 60 points, and a challenger is cheaper; none of it is left, and the seed is all."""
    assert dealt().frame.set_index("rule").loc["the gate", "share"] < 0.1
    assert_frame_equal(dealt(seed=3).promoted, dealt(seed=3).promoted)
    assert not dealt(seed=3).promoted.equals(dealt(seed=4).promoted)


def test_cases_of_one_cluster_are_dealt_alike() -> None:
    """Ten calls shared by eighty cases are ten: the deal must not make independent cases of them."""
    frame = trial_table({"old": (0.5, 1e-5), "new": (0.5, 1e-5)}, cases=80, repeats=1)
    number = frame["case_id"].str[1:].astype(int) % 10
    first = frame.assign(number=number).groupby(["arm", "number"])["score_exact"].transform("first")
    shared = frame.assign(score_exact=first, call_key=frame["arm"] + number.astype(str))
    gate = equal_arms(shared, Gate(), "old", studies=300).frame.set_index("rule").loc["the gate"]
    assert gate["low"] <= 0.05


def test_unknown_prices_promote_nobody_by_their_cost() -> None:
    """Without costs an arm must be better: no error, and nothing is cheaper than nothing known."""
    frame = trial_table(FAR, cases=40).assign(cost_usd=np.nan)
    found = equal_arms(frame, Gate(margin=0.5), "old", studies=50)
    assert found.frame.set_index("rule").loc["the gate", "share"] < 0.2


def test_what_cannot_be_dealt_is_refused() -> None:
    """One arm; no study; no such arm."""
    alone = trial_table({"old": (0.5, 1e-5)}, cases=10)
    with pytest.raises(DatasetError, match="one arm"):
        equal_arms(alone, Gate(), "old")
    with pytest.raises(DatasetError, match="studies"):
        dealt(studies=0)
    with pytest.raises(DatasetError, match="no arm"):
        equal_arms(alone, Gate(), "none")
