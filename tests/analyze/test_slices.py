"""Slices: every case in one of them, one error level for all, and the slice that a verdict hangs on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.compare import compare
from workbench.analyze.correct import holm
from workbench.analyze.slices import LEFT_OUT_COLUMNS, MISSING_SLICE, SLICE_COLUMNS, slices
from workbench.errors import DatasetError


def sliced(broken: str | None = None, cases: int = 120, arms: int = 1) -> pd.DataFrame:
    """Return a table with the topics a, b, c; the challengers answer nothing right in a broken one."""
    challengers = {f"new{i}": (0.7, 1.0) for i in range(arms)}
    frame = trial_table({"base": (0.7, 1.0), **challengers}, cases=cases)
    frame["case_topic"] = frame["case_id"].map(lambda case: "abc"[int(case[1:]) % 3])
    lost = (frame["case_topic"] == broken) & (frame["arm"] != "base")
    frame.loc[lost, "score_exact"] = 0.0
    return frame


def test_a_broken_slice_is_named() -> None:
    """A topic on which all is lost is worse, with its number of cases, the others are not."""
    result = slices(sliced("b"), "exact", "base", "topic", margin=0.02)
    assert tuple(result.frame.columns) == SLICE_COLUMNS
    assert result.broken[["slice", "arm", "n_cases"]].values.tolist() == [["b", "new0", 40]]
    assert "new0 is worse in b (n 40): -" in result.summary


def test_figures_are_those_of_the_slice_alone() -> None:
    """Difference, qualities and cases of a slice are those of a comparison of its rows; p alike."""
    frame = sliced()
    result = slices(frame, "exact", "base", "topic").frame.set_index("slice")
    for name, row in result.iterrows():
        alone = compare(frame[frame["case_topic"] == name], "exact", "base")
        other = alone.differences.iloc[0]
        assert row["difference"] == pytest.approx(other["difference"])
        assert row["quality"] - row["quality_incumbent"] == pytest.approx(row["difference"])
        assert row["p_value"] == pytest.approx(other["p_value"])
        assert row["n_cases"] == other["n_cases"]


def test_the_family_is_slices_times_challengers() -> None:
    """Adjusted p are Holm's over every slice and challenger together."""
    table = slices(sliced(arms=3), "exact", "base", "topic").frame
    assert len(table) == 9
    assert np.allclose(table["p_adjusted"], holm(table["p_value"]))


def test_a_small_slice_is_shown_and_not_tested() -> None:
    """Under the least number of cases there is a difference and its n, and no verdict; others keep power."""
    frame = sliced()
    frame.loc[frame["case_id"].isin(["c0", "c1", "c2"]), "case_topic"] = "rare"
    result = slices(frame, "exact", "base", "topic")
    rare = result.frame.set_index("slice").loc["rare"]
    assert rare["n_cases"] == 3
    assert not np.isnan(rare["difference"])
    assert np.isnan([rare["low"], rare["p_adjusted"]]).all()
    assert (rare["verdict"], "fewer than 10" in rare["reason"]) == ("cannot tell", True)
    assert result.frame["p_adjusted"].notna().sum() == 3
    assert "Too few cases to test in 1 of the slices" in result.summary


def test_the_slice_a_verdict_hangs_on_is_found() -> None:
    """Where one topic alone makes the challenger worse, leaving that out flips the verdict."""
    result = slices(sliced("b"), "exact", "base", "topic")
    assert tuple(result.left_out.columns) == LEFT_OUT_COLUMNS
    assert result.flipping["slice"].tolist() == ["b"]
    row = result.flipping.iloc[0]
    alone = compare(sliced("b").query("case_topic != 'b'"), "exact", "base").differences.iloc[0]
    assert (row["verdict_all"], row["verdict_without"]) == ("worse", alone["verdict"])
    assert (row["n_left"], row["difference"]) == (80, pytest.approx(alone["difference"]))
    assert "without b (80 cases left)" in result.summary
    assert "Every verdict stays" in slices(sliced(), "exact", "base", "topic").summary


def test_a_series_by_case_does_as_a_column_does() -> None:
    """Slices may come from outside the table; numbers sort as such, cases without one come last."""
    frame = sliced()
    topic = frame.drop_duplicates("case_id").set_index("case_id")["case_topic"].rename("topic")
    inside, outside = (slices(frame, "exact", "base", by) for by in ("topic", topic))
    pd.testing.assert_frame_equal(inside.frame, outside.frame)
    assert outside.by == "topic"
    number = topic.map({"a": 10, "b": 9}).astype("Int64")
    names = slices(frame, "exact", "base", number).frame["slice"]
    assert names.tolist() == ["9", "10", MISSING_SLICE]


def test_one_slice_has_nothing_to_leave_out() -> None:
    """Where all cases are one slice, nothing is left out and nothing flips."""
    result = slices(sliced().assign(case_topic="a"), "exact", "base", "topic")
    assert len(result.frame) == 1
    assert result.left_out.empty


def test_a_missing_arm_of_a_slice_is_unknown() -> None:
    """A slice without a scored case of the challenger has n 0 and no difference."""
    frame = sliced()
    frame.loc[(frame["case_topic"] == "a") & (frame["arm"] == "new0"), ["status", "score_exact"]] = (
        "x",
        np.nan,
    )
    row = slices(frame, "exact", "base", "topic").frame.iloc[0]
    assert row["n_cases"] == 0
    assert np.isnan(row[["difference", "quality"]].astype(float)).all()


@pytest.mark.parametrize(("by", "said"), [("gone", "topic, expected"), ("repeat", "two slices")])
def test_what_is_no_slice_is_refused(by: str, said: str) -> None:
    """A column that is not there, or differs within a case, is refused."""
    with pytest.raises(DatasetError, match=said):
        slices(sliced(), "exact", "base", by)
