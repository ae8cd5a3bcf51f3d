"""Cells and case ids: what a table's values become, and what each row is called."""

from __future__ import annotations

import datetime
import difflib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.core.identity import canonical, digest
from workbench.errors import DatasetError

__all__ = ["CASE_ID", "as_label", "case_ids", "column_missing", "plain", "refuse_repeats"]

CASE_ID = "case_id"
"""The column of case ids."""


def plain(value: Any) -> Any:
    """Reduce a cell to what JSON knows; missing is None, a date its ISO text."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):  # pd.Timestamp is one
        return value.isoformat()
    for convert in ("tolist", "item"):  # numpy arrays and scalars
        method = getattr(value, convert, None)
        if callable(method):
            return plain(method())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if isinstance(value, (bool, int, float)) else str(value)


def as_label(value: Any) -> str:
    """Return an expected answer as text: text as it is, anything else as canonical JSON."""
    return value if isinstance(value, str) else canonical(value)


def column_missing(name: str, column: str, columns: Iterable[str]) -> DatasetError:
    """Return the error for a column that is not there; suggests the nearest."""
    close = difflib.get_close_matches(column, list(columns), n=1)
    hint = f"Did you mean {close[0]!r}? " if close else ""
    return DatasetError(
        f"dataset {name!r}", f"there is no column {column!r}", f"{hint}Columns: {', '.join(columns)}."
    )


def case_ids(
    frame: pd.DataFrame, name: str, id_column: str | None, expected: str | None
) -> tuple[list[str], str | None]:
    """Return the case ids and the column they came from (None: made from the content).

    Parameters
    ----------
    frame
        The table as it came, its columns named by text.
    name
        The dataset's name, for errors.
    id_column
        The column of ids; None: a column ``case_id`` or ``id``, or else the content.
    expected
        The column of answers, which is no id whatever it is called.

    Raises
    ------
    DatasetError
        Where the column is not there, has an empty cell, or competes with another one.
    """
    columns = [str(column) for column in frame.columns]
    if id_column is not None and id_column not in columns:
        raise column_missing(name, id_column, columns)
    found = id_column or next(
        (each for each in (CASE_ID, "id") if each in columns and each != expected), None
    )
    if found is None:
        seen: dict[str, int] = defaultdict(int)
        ids = []
        for row in frame.to_dict("records"):
            content = digest(plain(row))[:12]
            seen[content] += 1
            ids.append(content if seen[content] == 1 else f"{content}-{seen[content]}")
        return ids, None
    if found != CASE_ID and CASE_ID in columns:
        raise DatasetError(
            f"dataset {name!r}",
            f"both {found!r} and {CASE_ID!r} could be the case ids",
            f"Rename or drop the column {CASE_ID!r}.",
        )
    cells = [plain(value) for value in frame[found]]
    empty = [index for index, value in enumerate(cells) if value is None or not str(value).strip()]
    if empty:
        raise DatasetError(
            f"dataset {name!r}", f"row {empty[0] + 1} has no {found!r}", "Give every row an id of its own."
        )
    return [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in cells], found


def refuse_repeats(ids: Sequence[str], name: str) -> None:
    """Raise DatasetError where a case id occurs more than once; names it and its rows."""
    rows: dict[str, list[int]] = defaultdict(list)
    for index, case_id in enumerate(ids, start=1):
        rows[case_id].append(index)
    twice = {case_id: where for case_id, where in rows.items() if len(where) > 1}
    if twice:
        case_id, where = next(iter(twice.items()))
        raise DatasetError(
            f"dataset {name!r}",
            f"{len(twice)} repeated case ids; {case_id!r} stands in rows {', '.join(map(str, where[:5]))}",
            "Give every row an id of its own, or drop the column: ids are then made from the content.",
        )
