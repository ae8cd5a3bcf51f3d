"""What a source is, is seen from what it is."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.core.test_table import trial
from tests.record.sources.test_frames import plain
from workbench.core.table import to_frame
from workbench.errors import DatasetError, InputError
from workbench.record.sources.recognize import load
from workbench.record.store import Store
from workbench.record.tables import write_parquet

RECORDED = Path(__file__).parent / "recorded"


def no_store() -> Store:
    """Fail: a file needs no store."""
    raise AssertionError("the store was opened")


def test_files_are_recognized(tmp_path: Path) -> None:
    """promptfoo, Inspect in both forms, CSV, JSON lines, Parquet, our own; no store is opened."""
    plain().to_csv(tmp_path / "a.csv", index=False)
    plain().to_json(tmp_path / "a.jsonl", lines=True, orient="records")
    plain().to_parquet(tmp_path / "a.parquet")
    write_parquet(to_frame([trial(1)]), tmp_path / "own.parquet")
    sizes = {
        RECORDED / "promptfoo.json": 12,
        RECORDED / "inspect_plain.eval": 8,
        RECORDED / "inspect_expert.json": 8,
        tmp_path / "a.csv": 6,
        tmp_path / "a.jsonl": 6,
        tmp_path / "a.parquet": 6,
        tmp_path / "own.parquet": 1,
    }
    assert {path: len(load(path, no_store)) for path in sizes} == sizes
    assert len(load(str(tmp_path / "a.csv"), no_store)) == 6
    assert len(load(plain(), no_store)) == 6


def test_folders_and_lists_become_one_table(tmp_path: Path) -> None:
    """A folder of Inspect's logs; a file and a DataFrame."""
    for name in ("inspect_plain.eval", "inspect_expert.json"):
        shutil.copyfile(RECORDED / name, tmp_path / name)
    assert load(tmp_path, no_store)["arm"].nunique() == 2
    assert len(load([RECORDED / "promptfoo.json", plain()], no_store)) == 18


@pytest.mark.parametrize(
    ("source", "kind", "says"),
    [
        ("results/none.json", DatasetError, "no such file"),
        (Path("nowhere"), DatasetError, "no such file"),
        ([], InputError, "nothing was named"),
        (3, InputError, "int holds no trials"),
    ],
)
def test_what_is_no_source(source: Any, kind: type[Exception], says: str) -> None:
    """Each error says what was found, and what could be given."""
    with pytest.raises(kind, match=says):
        load(source, no_store)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.json", "{", "is no JSON"),
        ("a.json", '{"rows": []}', "neither promptfoo nor Inspect"),
        ("a.csv", "", "cannot be read"),
        ("a.yaml", "a: 1", "no known source"),
        ("a.eval", "text", "no Inspect log"),
    ],
)
def test_files_that_hold_something_else(tmp_path: Path, name: str, content: str, says: str) -> None:
    """The file is named with what is wrong."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DatasetError, match=says):
        load(path, no_store)


def test_a_folder_without_logs(tmp_path: Path) -> None:
    """It says what was looked for."""
    with pytest.raises(DatasetError, match=r"no \.eval and no \.json"):
        load(tmp_path, no_store)


def test_one_table_of_all_types() -> None:
    """Columns of different sources go together: a table of two tools is still a trial table."""
    both = load([RECORDED / "promptfoo.json", RECORDED / "inspect_plain.eval"], no_store)
    assert str(both["tokens_in"].dtype) == "Int64"
    assert str(both["score_pass"].dtype) == "float64"
    assert pd.isna(both["score_includes"]).sum() == 12 + 1
