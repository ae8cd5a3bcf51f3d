from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.define.tables import read_csv, read_jsonl, read_parquet, read_text
from workbench.errors import DatasetError


def write(folder: Path, content: bytes, name: str = "t.csv") -> Path:
    """Write bytes to a file and return its path."""
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_byte_order_mark_does_not_count(tmp_path: Path) -> None:
    """A file from a spreadsheet has the same first column as any other."""
    assert list(read_csv(write(tmp_path, "\ufefftext,label\na,b\n".encode())).columns) == ["text", "label"]


def test_csv_cells_are_text_as_written(tmp_path: Path) -> None:
    """Zeros in front, NA and decimals stay; an empty cell is missing; quotes may hold lines and commas."""
    frame = read_csv(write(tmp_path, b'id,n,t\r\n007,1.50,NA\r\n\r\n008,,"a, ""b""\r\nc"\r\n'))
    assert frame.iloc[0].to_list() == ["007", "1.50", "NA"]
    assert pd.isna(frame.loc[1, "n"])
    assert frame.loc[1, "t"] == 'a, "b"\r\nc'


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"a,b\n1,2\n\n3\n", 4, "1 cells, but the header names 2 columns"),
        (b'a,b\n"x\ny",2\n1,2,3\n', 4, "3 cells"),
        (b'a,b\n1,2\n3,"open\n', 3, "unexpected end of data"),
        (b'a,b\n1,2\n3,"x"y\n', 3, "expected after"),
        (b"a,b\n1,2\n\xff\xfe,3\n", 3, "not UTF-8"),
        (b"a\n" + b"x" * 140_000 + b"\n", 2, "field larger"),
    ],
)
def test_a_malformed_csv_line_is_named(tmp_path: Path, content: bytes, line: int, problem: str) -> None:
    """The error names file, line and what is wrong with it."""
    path = write(tmp_path, content)
    with pytest.raises(DatasetError) as caught:
        read_csv(path)
    assert caught.value.subject == f"file {path}, line {line}"
    assert problem in caught.value.problem


@pytest.mark.parametrize("content", [b"", b"\n\n", "\ufeff".encode()])
def test_an_empty_csv_is_an_error(tmp_path: Path, content: bytes) -> None:
    """A file without a header has no columns to ask about."""
    with pytest.raises(DatasetError, match="it is empty"):
        read_csv(write(tmp_path, content))


def test_jsonl_values_keep_their_types(tmp_path: Path) -> None:
    """Numbers, lists and null stay what they are, also where a line lacks the key."""
    frame = read_jsonl(write(tmp_path, b'{"a": 1, "b": [1, 2]}\n\n{"a": null}\n'))
    assert frame["a"].to_list() == [1, None]
    assert frame["b"].to_list() == [[1, 2], None]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"a": 1}\n{"a": \n', "not JSON"),
        (b'{"a": 1}\n[1]\n', "not an object"),
        (b'{"a": 1}\n' + b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}\n", "not JSON"),
    ],
)
def test_a_malformed_json_line_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    """The error names the line."""
    with pytest.raises(DatasetError, match=f"line 2: this is {problem}"):
        read_jsonl(write(tmp_path, content, "t.jsonl"))


def test_what_is_not_parquet_is_said(tmp_path: Path) -> None:
    """A wrong file is an error with a remedy, not a vendor's traceback."""
    with pytest.raises(DatasetError, match="not Parquet"):
        read_parquet(write(tmp_path, b"no", "t.parquet"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Missing files and folders in their place are errors that name the path."""
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(DatasetError) as caught:
            read_text(path)
        assert caught.value.subject == f"file {path}"
