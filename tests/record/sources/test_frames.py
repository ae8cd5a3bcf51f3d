"""Plain tables as trial tables."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.core.test_table import trial
from workbench.analyze.compare import compare
from workbench.core.records import Score
from workbench.core.table import to_frame
from workbench.errors import DatasetError
from workbench.record.sources.frames import from_frame


def plain(**columns: Any) -> pd.DataFrame:
    """Return two prompts on three questions."""
    frame = pd.DataFrame(
        {
            "prompt": ["a"] * 3 + ["b"] * 3,
            "id": [1, 2, 3] * 2,
            "response": ["x", "y", "z"] * 2,
            "correct": [True, False, True, True, True, True],
            "cost": [0.1] * 6,
            "topic": ["p", "q", "r"] * 2,
        }
    )
    return frame.assign(**columns)


def test_usual_names_are_found() -> None:
    """Arm, case, output, cost by their usual names; truth values are scores; the rest is the case's."""
    frame = from_frame(plain())
    assert frame["arm"].tolist() == list("aaabbb")
    assert frame["case_id"].tolist() == ["1", "2", "3"] * 2
    assert frame["score_correct"].tolist() == [1, 0, 1, 1, 1, 1]
    assert frame["cost_usd"].tolist() == [0.1] * 6
    assert frame["case_topic"].tolist() == list("pqrpqr")
    assert compare(frame, "correct", "a").differences["difference"].tolist() == pytest.approx([1 / 3])


def test_other_names_are_named() -> None:
    """Columns and scores of any name, where a person says which is which."""
    odd = plain().rename(columns={"prompt": "who", "id": "what"}).assign(grade=[1, 2, 3, 4, 5, None])
    frame = from_frame(odd, columns={"arm": "who", "case_id": "what"}, scores=["grade"])
    assert frame["score_grade"].tolist()[:5] == [1, 2, 3, 4, 5]
    assert frame["missing_grade"].tolist()[5] == "not scored"


def test_a_trial_table_comes_back_as_it_is() -> None:
    """Nothing is added to what is whole."""
    made = to_frame([trial(1), trial(2)], [Score(trial_id="t1", scorer="exact", value=1.0)])
    assert_frame_equal(from_frame(made), made)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1, max_size=30))
def test_rows_of_one_cell_are_repeats(cells: list[tuple[str, str]]) -> None:
    """Numbered in their order; every row stays."""
    frame = from_frame(pd.DataFrame(cells, columns=["arm", "case_id"]).assign(score_s=1.0))
    assert len(frame) == len(cells)
    assert not frame.duplicated(["arm", "case_id", "repeat"]).any()
    assert (frame["repeat"] < frame.groupby(["arm", "case_id"])["repeat"].transform("size")).all()


def test_errors_have_no_score() -> None:
    """A row with an error is one, though the table calls it wrong; a row with nothing at all is empty."""
    frame = from_frame(
        plain(error=["HTTP 500", *[None] * 5]).assign(
            response=[None, None, *"zxyz"], correct=[False, None, True, True, True, True]
        ),
        scores=["correct"],
    )
    assert frame["status"].tolist() == ["error", "empty", "ok", "ok", "ok", "ok"]
    assert frame["score_correct"].isna().tolist() == [True, True, False, False, False, False]
    assert frame["missing_correct"].tolist()[:2] == ["error", "empty"]


def test_missing_costs_stay_missing() -> None:
    """In a column with holes, and where there is no column."""
    frame = from_frame(plain(cost=[0.1, None] * 3))
    assert frame["cost_usd"].isna().tolist() == [False, True] * 3
    assert from_frame(plain().drop(columns="cost"))["cost_usd"].isna().all()


@pytest.mark.parametrize(
    ("drop", "arguments", "says"),
    [
        ("prompt", {}, "which column is 'arm'"),
        ("id", {}, "which column is 'case_id'"),
        ("correct", {}, "which column is a score"),
        (None, {"columns": {"arm": "promt"}}, "Did you mean 'prompt'"),
        (None, {"columns": {"arms": "prompt"}}, "Did you mean 'arm'"),
        (None, {"scores": ["corect"]}, "Did you mean 'correct'"),
    ],
)
def test_what_is_not_clear_is_asked(drop: str | None, arguments: dict[str, Any], says: str) -> None:
    """The error says what is missing and how to name it."""
    frame = plain() if drop is None else plain().drop(columns=drop)
    with pytest.raises(DatasetError, match=says):
        from_frame(frame, **arguments)


def test_an_empty_table_is_an_error() -> None:
    """No rows, no comparison."""
    with pytest.raises(DatasetError, match="holds no result"):
        from_frame(plain().head(0))
