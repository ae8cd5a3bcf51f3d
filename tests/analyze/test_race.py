"""Tests of a race's result: statuses, intervals that hold at every look, and what it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from tests.analyze.test_racing import ARMS, RULES, told
from workbench.analyze.anytime import anytime
from workbench.analyze.compare import compare
from workbench.analyze.race import METHOD, RACE_COLUMNS, Race, race_result
from workbench.analyze.racing import Rules
from workbench.analyze.sequence import anytime_bounds
from workbench.errors import DatasetError

TABLE = trial_table(ARMS, cases=300, repeats=1)


def raced(frame: pd.DataFrame = TABLE, rules: Rules = RULES) -> Race:
    """Return the result of the table's race."""
    racing = told(frame, rules)
    return race_result(racing, frame, "exact", ended="one arm is left", grid=900, execution_id="e")


def test_every_arm_has_its_status() -> None:
    """The winner, the others, since when and by whom; calls are the rows."""
    frame = raced().frame.set_index("arm")
    assert list(raced().frame.columns) == list(RACE_COLUMNS)
    assert frame["status"].to_dict() == {"good": "winner", "base": "eliminated", "bad": "eliminated"}
    assert raced().winner == "good"
    assert frame.loc["good", "dropped_by"] == ""
    assert frame.loc["bad", "dropped_by"] in ("good", "base")
    assert frame["calls"].to_list() == [300, 300, 300]
    assert frame.loc["good", "cases"] == raced().seen


def test_the_interval_is_the_sequence_at_its_end() -> None:
    """Bounds are those of the paired differences at alpha over the challengers; the incumbent has none."""
    race = raced()
    row = race.frame.set_index("arm").loc["good"]
    gains = race.scores["good"] - race.scores["base"]
    assert (row["low"], row["high"]) == anytime_bounds(gains.to_numpy(), 0.025)
    assert row["estimate"] == pytest.approx(gains.mean())
    assert 0 < row["low"] < row["estimate"] < row["high"]
    assert np.isnan(race.frame.set_index("arm").loc["base", "estimate"])
    last = race.sequence("good").iloc[-1]
    assert (last["cases"], last["low"]) == (race.seen, row["low"])
    with pytest.raises(DatasetError, match="Challengers: good, bad"):
        race.sequence("base")


def test_the_rows_it_rests_on_leave_out_what_ran_ahead() -> None:
    """Beyond the prefix, and for a dropped arm after it left, rows are no evidence."""
    race = raced()
    rows = race.rows(TABLE)
    counts = rows["arm"].value_counts()
    cases = race.frame.set_index("arm")["cases"]
    assert counts["good"] == counts["base"] == race.seen
    assert counts["bad"] == cases["bad"]


def test_a_comparison_takes_the_races_intervals() -> None:
    """They are wider than those of one look, the verdicts follow them, and a note says so."""
    race = raced()
    plain = compare(race.rows(TABLE), "exact", "base", 0.02)
    result = anytime(plain, race)
    one, two = (each.differences.set_index("arm") for each in (plain, result))
    assert two.loc["good", "low"] < one.loc["good", "low"]
    assert two.loc["good", "high"] > one.loc["good", "high"]
    assert two.loc["good", "difference"] == pytest.approx(one.loc["good", "difference"])
    assert two.loc["good", ["verdict", "verdict_if_failures_wrong"]].to_list() == ["better"] * 2
    assert two.loc["bad", "verdict"] == "cannot tell"  # it left early: the winner, not the incumbent, beat it
    assert two.loc["bad", "high"] > 0
    assert (two["p_adjusted"] >= two["p_value"]).all()
    assert "comes from a race" in result.notes[-1]


def test_failures_as_wrong_stand_beside() -> None:
    """An arm that answers only what it knows looks worse when its failures count."""
    table = TABLE.copy()
    hidden = (table["arm"] == "good") & (table["score_exact"] == 0)
    table.loc[hidden, ["status", "score_exact"]] = ["error", np.nan]
    row = raced(table).frame.set_index("arm").loc["good"]
    assert row["estimate_if_failures_wrong"] < row["estimate"]
    assert row["pairs"] < row["cases"]


def test_it_says_what_a_decision_needs() -> None:
    """Kind, method, looks, level and how it ended, as plain values; and it shows itself."""
    race = raced()
    evidence = race.evidence
    assert (evidence["kind"], evidence["method"]) == ("race", METHOD)
    assert evidence["looks"] == len(race.scores) == race.seen
    assert (evidence["alpha"], evidence["winner"], evidence["grid"]) == (0.05, "good", 900)
    assert "Winner: good" in race.summary
    assert "900 of 900 calls" in race.summary
    assert "eliminated after" in race._repr_html_()


def test_other_scales_come_back_in_their_unit() -> None:
    """A score of 0 to 10 is raced as well, and its differences are in points of ten."""
    table = TABLE.assign(score_exact=10 * TABLE["score_exact"])
    race = raced(table, Rules(incumbent="base", bounds=(0, 10)))
    plain = raced().frame.set_index("arm")
    tens = race.frame.set_index("arm")
    for name in ("estimate", "low", "high", "quality"):
        assert tens.loc["good", name] == pytest.approx(10 * plain.loc["good", name])
    assert race.sequence("good")["low"].iloc[-1] == pytest.approx(10 * plain.loc["good", "low"])


def test_a_race_that_has_hardly_begun_names_nobody() -> None:
    """One case: all contend, and the interval says nothing."""
    race = raced(TABLE[TABLE["case_id"] == "c0"])
    assert (race.winner, race.contenders, race.seen) == (None, tuple(ARMS), 1)
    assert race.frame.set_index("arm").loc["bad", "low"] < -0.9
    empty = race_result(told(pd.DataFrame()), TABLE.head(0), "exact", ended="it was stopped", grid=900)
    assert (empty.seen, empty.calls) == (0, 0)
    assert "No winner: 3 arms are left" in empty.summary
