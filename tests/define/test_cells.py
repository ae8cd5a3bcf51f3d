from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

from workbench.define.cells import as_label, plain


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, pd.NA, pd.NaT, np.float32("nan")])
def test_every_kind_of_missing_is_none(value: object) -> None:
    """NaN, NA, NaT and None are one thing: missing."""
    assert plain(value) is None


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5, np.nan]]), [[1.5, None]]),
        (pd.Timestamp("2025-03-04T05:06:07Z"), "2025-03-04T05:06:07+00:00"),
        (datetime.date(2025, 3, 4), "2025-03-04"),
        (np.datetime64("2025-03-04"), "2025-03-04"),
        ((1, (2,)), [1, [2]]),
        ({1: {"a": np.bool_(True)}}, {"1": {"a": True}}),
        ("text", "text"),
        (True, True),
    ],
)
def test_cells_become_what_json_knows(value: object, wanted: object) -> None:
    """Numpy values, dates and tuples become plain ones, of the same type JSON reads back."""
    assert plain(value) == wanted
    assert type(plain(value)) is type(wanted)


def test_labels_are_text() -> None:
    """Text stays, anything else is canonical JSON."""
    assert [as_label(each) for each in ("a", 1, 1.0, {"b": 1, "a": 2})] == ["a", "1", "1", '{"a":2,"b":1}']
