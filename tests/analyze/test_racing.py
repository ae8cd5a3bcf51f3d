"""Tests of racing over trial tables: complete prefixes only, the same whatever the order of the rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.racing import Racing, Rules, replay
from workbench.errors import InputError

ARMS = {"good": (0.9, 0.001), "base": (0.6, 0.001), "bad": (0.3, 0.001)}
RULES = Rules(incumbent="base")


def told(frame: pd.DataFrame, rules: Rules = RULES, repeats: int = 1, cases: int = 300) -> Racing:
    """Return the race of a table."""
    ids = [f"c{case}" for case in range(cases)]
    return replay(frame, "exact", arms=list(ARMS), cases=ids, repeats=repeats, rules=rules)


def test_the_hopeless_leave_and_the_incumbent_is_asked_to_the_end() -> None:
    """The best arm is left; the incumbent, beaten, has a score in every case until then."""
    racing = told(trial_table(ARMS, cases=300, repeats=1))
    assert racing.contenders == ("good",)
    assert racing.asked == {"good", "base"}
    assert racing.over
    assert racing.seen < 300
    matrix = racing.matrix
    assert not np.isnan(matrix[:, :2]).any()
    assert np.isnan(matrix[racing.left_at["bad"] :, 2]).all()


def test_the_order_in_which_rows_land_does_not_matter() -> None:
    """Shuffled rows tell the same race, case for case."""
    table = trial_table(ARMS, cases=300, repeats=2)
    first = told(table, repeats=2)
    for seed in range(3):
        again = told(table.sample(frac=1, random_state=seed), repeats=2)
        assert again.left_at == first.left_at
        assert again.seen == first.seen
        np.testing.assert_array_equal(again.matrix, first.matrix)


def test_a_look_rests_on_the_complete_prefix() -> None:
    """A hole early in the order holds everything after it back, whatever has landed."""
    table = trial_table(ARMS, cases=300, repeats=1)
    holed = table[~((table["case_id"] == "c7") & (table["arm"] == "good"))]
    racing = told(holed)
    assert (racing.seen, len(racing.matrix), racing.over) == (7, 7, False)


def test_a_failure_is_a_row_and_no_evidence() -> None:
    """A failed call does not hold the race back; its score is missing, not 0."""
    table = trial_table({**ARMS}, cases=5, repeats=1)
    table.loc[0, ["status", "score_exact"]] = ["error", np.nan]
    racing = told(table, cases=5)
    assert racing.seen == 5
    assert math.isnan(racing.matrix[0, 0])


def test_what_no_judge_has_seen_is_not_there_yet() -> None:
    """An answered row without a score and without a reason is incomplete; with a reason it is missing."""
    table = trial_table(ARMS, cases=5, repeats=1).assign(missing_exact=None)
    table.loc[0, "score_exact"] = np.nan
    assert told(table, cases=5).seen == 0
    table.loc[0, "missing_exact"] = "the judge abstained"
    assert told(table, cases=5).seen == 5


def test_cases_that_share_a_call_count_once() -> None:
    """A case whose prompt was asked for an earlier case is passed over."""
    table = trial_table(ARMS, cases=5, repeats=1)
    table.loc[table["case_id"] == "c3", "call_key"] = table.loc[
        table["case_id"] == "c1", "call_key"
    ].to_numpy()
    racing = told(table, cases=5)
    assert racing.counted == ["c0", "c1", "c2", "c4"]
    assert racing.seen == 5


def test_repeats_are_averaged() -> None:
    """A case counts with the mean of its repeats, without those that are missing."""
    racing = Racing(["a", "b"], ["c"], repeats=2, rules=Rules(incumbent="a", bounds=(0, 10)))
    for arm, repeat, value in (("a", 0, 2.0), ("a", 1, 4.0), ("b", 0, 5.0), ("b", 1, math.nan)):
        racing.add(arm, "c", repeat, value)
    assert racing.matrix.tolist() == [pytest.approx([0.3, 0.5])]


def test_a_score_outside_of_its_bounds_is_refused() -> None:
    """Bets need the range, so it is asked for."""
    racing = Racing(["a", "b"], ["c"], repeats=1, rules=Rules(incumbent="a"))
    with pytest.raises(InputError, match="bounds="):
        racing.add("a", "c", 0, 5.0)
    with pytest.raises(InputError):
        Racing(["a", "b"], ["c"], repeats=1, rules=Rules(incumbent="z"))


def test_a_race_without_rows_stands_at_the_start() -> None:
    """Nothing has landed: all are in, no case is seen."""
    racing = told(pd.DataFrame())
    assert (racing.seen, racing.contenders, racing.over) == (0, tuple(ARMS), False)
