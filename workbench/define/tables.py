"""Reading tables: CSV, JSON Lines, Parquet; every mistake is named with its line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.core.identity import canonical
from workbench.errors import DatasetError

__all__ = ["read_csv", "read_jsonl", "read_parquet", "read_text"]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (
            "it is not there"
            if isinstance(error, FileNotFoundError)
            else (error.strerror or "cannot be read")
        )
        raise DatasetError(
            f"file {path}", why, "Check the path; a relative one starts in the working directory."
        ) from error


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text, without the byte order mark that spreadsheets write.

    Raises
    ------
    DatasetError
        Where the file is not there, or a line (named) is not UTF-8.
    """
    raw = _bytes(path)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            f"file {path}, line {line}",
            "these bytes are not UTF-8",
            "Save the file again with the encoding UTF-8.",
        ) from error


def read_csv(path: Path) -> pd.DataFrame:
    """Return a CSV file's table: all cells text as written, empty ones missing.

    Raises
    ------
    DatasetError
        Where the file cannot be read, has no header, or a line (named) is malformed.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    rows: list[list[str | None]] = []
    header: list[str] = []
    start = 1
    try:
        for cells in reader:
            if cells and not header:
                header = cells
            elif cells and len(cells) != len(header):
                raise DatasetError(
                    f"file {path}, line {start}",
                    f"{len(cells)} cells, but the header names {len(header)} columns",
                    'Put text that contains a comma or a line break in double quotes ("…").',
                )
            elif cells:
                rows.append([cell if cell else None for cell in cells])
            start = reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(
            f"file {path}, line {start}",
            str(error),
            "Check the double quotes of that row: open, closed, doubled inside.",
        ) from error
    if not header:
        raise DatasetError(f"file {path}", "it is empty", "Write a header line, then one line a case.")
    return _frame(header, rows)


def _frame(header: list[str], rows: list[list[Any]]) -> pd.DataFrame:
    repeated = len(set(header)) != len(header)
    frame = pd.DataFrame(rows, columns=range(len(header)), dtype="str")
    frame.columns = pd.Index(header)
    return frame if repeated else frame.astype("str")


def read_jsonl(path: Path) -> pd.DataFrame:
    """Return a JSON Lines file's table; keys that a line lacks are missing.

    Raises
    ------
    DatasetError
        Where the file cannot be read, or a line (named) is not a JSON object.
    """
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            canonical(row)  # nested deeper than any later step could follow: better said here
        except (ValueError, RecursionError) as error:
            raise DatasetError(
                f"file {path}, line {number}", f"this is not JSON ({error})", "Write one JSON object a line."
            ) from error
        if not isinstance(row, dict):
            raise DatasetError(
                f"file {path}, line {number}",
                "this is not an object",
                'Write {"column": value, …} on every line.',
            )
        rows.append(row)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    # Objects, so that 1 stays 1 and a list stays a list where another line lacks the key.
    return pd.DataFrame(
        [[row.get(name) for name in columns] for row in rows], columns=columns, dtype="object"
    )


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a Parquet file's table.

    Raises
    ------
    DatasetError
        Where the file cannot be read as Parquet.
    """
    raw = _bytes(path)
    try:
        return pd.read_parquet(io.BytesIO(raw))
    except Exception as error:  # the reader raises many kinds; all mean the same here
        raise DatasetError(
            f"file {path}", f"it is not Parquet ({error})", "Write it with DataFrame.to_parquet."
        ) from error
