"""Overlap: examples among the cases are found, exactly and nearly, by the rule that is stated."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.define.dataset import Dataset
from workbench.define.overlap import overlap

LONG = "one two three four five six seven eight nine ten " * 3 + "eleven twelve thirteen fourteen fifteen"


def texts(*values: str | None, prefix: str = "c", **columns: list[object]) -> Dataset:
    """Return a dataset of texts with ids."""
    ids = [f"{prefix}{index}" for index in range(len(values))]
    return Dataset.from_frame(pd.DataFrame({"id": ids, "text": list(values), **columns}), id="id")


def test_the_same_words_are_the_same() -> None:
    """Case, spacing, punctuation and compatible characters do not count; a pair is named."""
    cases = texts("Where is my CARD?!", "other", "ﬁne  café")
    found = overlap(texts("where is\nmy card", "fine café", "new", prefix="e"), cases)
    assert found.frame.to_numpy().tolist() == [["e0", "c0", 1.0], ["e1", "c2", 1.0]]
    assert (found.exact, found.near) == (("e0", "e1"), ())
    assert "Of 3 examples 2 are also among the 3 cases, and 0 more nearly, by text" in found.summary


def test_nearly_the_same_is_found_by_shingles() -> None:
    """One more word in a long text is above the threshold, with the Jaccard index of its shingles."""
    cases = texts(LONG + " sixteen", LONG.replace("twelve", "dozen"))
    found = overlap(texts(LONG, prefix="e"), cases)
    words = LONG.split()
    shingles = {tuple(words[i : i + 3]) for i in range(len(words) - 2)}
    assert [each.case_id for each in found.matches] == ["c0"]
    assert found.matches[0].similarity == pytest.approx(len(shingles) / (len(shingles) + 1))
    assert (found.exact, found.near) == ((), ("e0",))
    assert found.warnings("shots") == [
        "1 example of shots is nearly a case (90% alike): e0; its score would be too good"
    ]
    assert len(overlap(texts(LONG, prefix="e"), cases, threshold=0.5).matches) == 2


def test_an_order_of_words_is_not_exact() -> None:
    """Texts with the same shingles in another order are near, not the same."""
    found = overlap(texts("a b c d a b c", prefix="e"), texts("d a b c d a b", "a b c d a b c a b c d"))
    assert found.exact == ()


def test_only_the_columns_named_count() -> None:
    """A column that differs hides nothing where it is not compared; a word does not move between columns."""
    examples = texts("same", prefix="e", note=["x"])
    cases = texts("same", note=["y"])
    assert overlap(examples, cases).matches == ()
    assert overlap(examples, cases, columns=["text"]).exact == ("e0",)
    apart = overlap(texts("a b", prefix="e", note=["c"]), texts("a", note=["b c"]))
    assert apart.matches == ()


def test_empty_and_other_values_are_no_match_by_chance() -> None:
    """Empty texts match nothing; numbers and lists are compared as they are written."""
    assert overlap(texts(None, prefix="e", n=[1]), texts(None, n=[1])).exact == ("e0",)
    assert overlap(texts(None, "?", prefix="e"), texts(None, "!")).matches == ()
    lists = texts("a", prefix="e", n=[[1, 2]])
    assert overlap(lists, texts("a", n=[[1, 2]])).exact == ("e0",)


@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=12), min_size=1, max_size=6, unique=True))
def test_a_dataset_overlaps_itself(values: list[str]) -> None:
    """Every example that has a word is found among itself, exactly."""
    found = overlap(texts(*values, prefix="e"), texts(*values))
    assert set(found.exact) == {f"e{index}" for index, value in enumerate(values) if value.strip()}
    assert all(0.9 <= each.similarity <= 1 for each in found.matches)
