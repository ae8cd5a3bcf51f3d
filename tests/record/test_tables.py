"""Tables as files: exact in Parquet, lean in MLflow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from tests.record.examples import answer, make
from workbench.core.table import to_frame
from workbench.errors import RecordError
from workbench.record.tables import MAX_LEAN_ROWS, lean_json, read_parquet, write_parquet


def test_parquet_gives_the_same_table_back(tmp_path: Path) -> None:
    """Types, missing values and order included; also of an empty table."""
    trials, scores = answer(make("parquet"))
    for frame in (to_frame(trials, scores), to_frame([])):
        write_parquet(frame, tmp_path / "t.parquet")
        assert_frame_equal(read_parquet(tmp_path / "t.parquet"), frame)


def test_a_file_that_is_no_table_is_a_clear_error(tmp_path: Path) -> None:
    """The remedy is named."""
    (tmp_path / "t.parquet").write_text("no")
    with pytest.raises(RecordError, match="workbench sync"):
        read_parquet(tmp_path / "t.parquet")


def test_the_lean_table_is_short_and_plain_json() -> None:
    """At most so many rows, texts cut, missing is null."""
    trials, scores = answer(make("lean", n=600, repeats=1))
    table = json.loads(lean_json(to_frame(trials, scores)))
    assert len(table["data"]) == MAX_LEAN_ROWS
    failed = dict(zip(table["columns"], table["data"][4], strict=True))
    assert failed["status"] == "error"
    assert failed["score_exact"] is None
    assert failed["tokens_in"] is None
