from __future__ import annotations

import copy
import json
import pickle
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.define.dataset import Case, Dataset
from workbench.errors import DatasetError

LABELS = st.lists(st.sampled_from("abcde"), min_size=2, max_size=60)


def labeled(labels: list[str]) -> Dataset:
    """Return one case a label, ids c0, c1, …."""
    rows = [{"id": f"c{i}", "text": f"t{i}", "label": label} for i, label in enumerate(labels)]
    return Dataset.from_frame(pd.DataFrame(rows), expected="label")


def test_a_case_has_its_values_apart_from_id_and_answer() -> None:
    """The values are the inputs; the answer stays in the frame under its own name."""
    data = Dataset.from_frame(pd.DataFrame({"text": ["x"], "id": [7], "label": ["a"]}), expected="label")
    assert data.cases == (Case(case_id="7", values={"text": "x"}, expected="a"),)
    assert list(data.frame.columns) == ["case_id", "text", "label"]
    assert (data.expected, data.columns, data.labels, len(data)) == ("label", ("text",), ("a",), 1)


def test_ids_come_from_the_named_column_or_a_known_one() -> None:
    """`id=` wins; then case_id, then id; and an id column is no input."""
    frame = pd.DataFrame({"case_id": ["x"], "id": ["y"], "t": ["z"]})
    assert Dataset.from_frame(frame).cases[0].case_id == "x"
    assert Dataset.from_frame(frame).cases[0].values == {"id": "y", "t": "z"}
    assert Dataset.from_frame(frame.drop(columns="case_id")).cases[0].case_id == "y"
    assert Dataset.from_frame(frame.drop(columns="case_id"), id="t").cases[0].case_id == "z"
    assert Dataset.from_frame(pd.DataFrame({"id": [1.0, 2.0]})).frame["case_id"].to_list() == ["1", "2"]


def test_ids_made_from_content_are_stable_and_unique() -> None:
    """Equal rows get a number; the rest does not depend on the order of rows."""
    rows = [{"t": "a"}, {"t": "b"}, {"t": "a"}]
    first, second, third = [c.case_id for c in Dataset.from_frame(pd.DataFrame(rows)).cases]
    assert len(first) == 12
    assert third == f"{first}-2"
    assert Dataset.from_frame(pd.DataFrame(rows[1:])).cases[0].case_id == second


@pytest.mark.parametrize(
    ("frame", "options", "problem"),
    [
        (pd.DataFrame({"a": []}), {}, "no rows"),
        (pd.DataFrame({"id": ["x", "y", "x"]}), {}, "'x' stands in rows 1, 3"),
        (pd.DataFrame({"id": ["x", None]}), {}, "row 2 has no 'id'"),
        (pd.DataFrame({"id": ["x", " "]}), {}, "row 2 has no 'id'"),
        (pd.DataFrame({"label": ["x"]}), {"expected": "lable"}, "Did you mean 'label'"),
        (pd.DataFrame({"a": ["x"]}), {"id": "key"}, "no column 'key'"),
        (pd.DataFrame({"case_id": ["x"], "k": ["y"]}), {"id": "k"}, "both 'k' and 'case_id'"),
        (pd.DataFrame([["x", "y"]], columns=["a", "a"]), {}, "'a' occurs more than once"),
    ],
)
def test_a_bad_table_is_refused(frame: pd.DataFrame, options: dict[str, str], problem: str) -> None:
    """Empty tables, repeated or empty ids and absent columns are errors that say where."""
    with pytest.raises(DatasetError, match=problem):
        Dataset.from_frame(frame, **options)  # type: ignore[arg-type]


def test_an_answer_column_that_is_also_the_id_is_refused() -> None:
    """One column cannot be both; an answer column called id is no id."""
    for column in ("k", "case_id"):
        with pytest.raises(DatasetError, match="both id and expected"):
            Dataset.from_frame(pd.DataFrame({"k": ["x"], "case_id": ["y"]}), expected=column, id="k")
    assert Dataset.from_frame(pd.DataFrame({"id": ["x"]}), expected="id").cases[0].expected == "x"


def test_every_format_gives_the_same_cases(tmp_path: Path) -> None:
    """CSV, JSON Lines, Parquet and a DataFrame of the same text have one digest."""
    frame = pd.DataFrame({"text": ['ä, "b"\nc', "d"], "label": ["x", None]}, dtype="str")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    lines = [
        json.dumps({k: None if pd.isna(v) else v for k, v in r.items()}) for r in frame.to_dict("records")
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(lines), encoding="utf-8")
    data = [
        Dataset.from_csv(tmp_path / "t.csv", expected="label"),
        Dataset.from_parquet(tmp_path / "t.parquet", expected="label"),
        Dataset.from_jsonl(str(tmp_path / "t.jsonl"), expected="label"),
        Dataset.from_frame(frame, expected="label"),
    ]
    assert len({each.digest for each in data}) == 1
    assert data[0].cases[1].expected is None
    assert (data[0].name, data[0].source) == ("t", str(tmp_path / "t.csv"))


def test_the_digest_is_of_the_content() -> None:
    """A changed cell, another order or another answer column is another dataset."""
    frame = pd.DataFrame({"id": ["1", "2"], "t": ["a", "b"]})
    data = [
        Dataset.from_frame(frame),
        Dataset.from_frame(frame.iloc[::-1]),
        Dataset.from_frame(frame, expected="t"),
        Dataset.from_frame(frame.assign(t=["a", "c"])),
    ]
    assert len({each.digest for each in data}) == 4
    assert Dataset.from_frame(frame, name="other") == data[0]


def test_a_dataset_does_not_change() -> None:
    """Neither the frame it came from nor the one it gives reaches it; copies are equal."""
    frame = pd.DataFrame({"t": ["a", "b"]})
    data = Dataset.from_frame(frame)
    frame.loc[0, "t"] = "changed"
    given_out = data.frame
    given_out.loc[0, "t"] = "changed"
    given_out["more"] = 1
    assert data.frame["t"].to_list() == ["a", "b"]
    assert list(data.frame.columns) == ["case_id", "t"]
    with pytest.raises(AttributeError):
        data.name = "x"  # type: ignore[misc]
    assert copy.deepcopy(data) == data == pickle.loads(pickle.dumps(data))


@settings(deadline=None)
@given(LABELS, st.data())
def test_a_split_is_a_partition(labels: list[str], data: st.DataObject) -> None:
    """Every case is in one part; the rest keeps its order; the same seed gives the same parts."""
    whole = labeled(labels)
    n = data.draw(st.integers(1, len(labels) - 1))
    seed = data.draw(st.integers(0, 5))
    first, rest = whole.split(n, seed=seed, stratify=data.draw(st.booleans()))
    assert len(first) == n
    assert sorted([c.case_id for c in (*first.cases, *rest.cases)]) == sorted(c.case_id for c in whole.cases)
    places = [int(case.case_id[1:]) for case in rest.cases]
    assert places == sorted(places)


@settings(deadline=None)
@given(st.integers(1, 8), st.integers(2, 6), st.integers(0, 20))
def test_every_beginning_of_a_split_is_balanced(kinds: int, each: int, seed: int) -> None:
    """Over labels of equal size, no beginning has two more of one label than of another."""
    whole = labeled([f"l{i % kinds}" for i in range(kinds * each * 2)])
    first, _ = whole.split(kinds * each, seed=seed)
    for size in range(1, len(first) + 1):
        counts = Counter(case.expected for case in first.head(size).cases)
        assert max(counts.values()) - min(counts.get(f"l{i}", 0) for i in range(kinds)) <= 1


def test_a_rare_label_is_not_used_up() -> None:
    """At most half of a label goes to the first part while others have more, and unanswered cases go last."""
    whole = labeled(["rare"] * 4 + ["common"] * 96)
    first, rest = whole.split(40)
    assert Counter(case.expected for case in first.cases) == {"rare": 2, "common": 38}
    frame = pd.DataFrame({"t": list("abcd"), "label": [None, "x", None, "y"]})
    first, _ = Dataset.from_frame(frame, expected="label").split(2)
    assert sorted(case.expected for case in first.cases) == ["x", "y"]
    assert rest.labels == ("common", "rare")


def test_a_split_depends_on_seed_and_ids_only() -> None:
    """The order of rows in the file does not matter; another seed draws others."""
    whole = labeled(list("abcd") * 10)
    turned = Dataset.from_frame(whole.frame.iloc[::-1], expected="label")
    ids = [case.case_id for case in whole.split(8, seed=3)[0].cases]
    assert ids == [case.case_id for case in turned.split(8, seed=3)[0].cases]
    assert ids != [case.case_id for case in whole.split(8, seed=4)[0].cases]


def test_head_and_sample_take_cases_in_order() -> None:
    """The first cases, and a seeded draw in the old order."""
    whole = labeled(list("ab") * 20)
    assert [case.case_id for case in whole.head(2).cases] == ["c0", "c1"]
    drawn = [int(case.case_id[1:]) for case in whole.sample(10, 1).cases]
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 10
    assert whole.sample(10, seed=1) == whole.sample(10, seed=1) != whole.sample(10, seed=2)
    assert whole.head(40) == whole


@pytest.mark.parametrize("n", [0, -1, 4, True, 1.5])
def test_what_is_not_there_cannot_be_taken(n: int) -> None:
    """Too many, too few or no number at all is an error with the range; a split leaves something."""
    whole = labeled(list("abc"))
    for take in (whole.head, whole.sample, whole.split):
        with pytest.raises(DatasetError, match=r"Take 1 to [23]\."):
            take(n)
    with pytest.raises(DatasetError, match=r"Take 1 to 2\."):
        whole.split(3)


def test_a_dataset_shows_itself_escaped() -> None:
    """Name, size and columns; markup in a cell is text."""
    data = Dataset.from_frame(pd.DataFrame({"text": ["<img src=x>"]}), name="n")
    assert "<img" not in data._repr_html_()
    assert "n: 1 cases; columns text; nothing expected; digest" in str(data)
    assert repr(data).startswith("<Dataset n: 1 cases")
