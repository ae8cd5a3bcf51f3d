"""Plain tables as trial tables: somebody else's columns, named once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from workbench.core.table import COLUMNS, REQUIRED, validate
from workbench.errors import DatasetError
from workbench.record.sources.rows import Judged, case_of, number, table

__all__ = ["from_frame"]

SPELLINGS = {
    "arm": ("arm", "variant", "prompt", "system", "config", "condition"),
    "case_id": ("case_id", "case", "id", "idx", "item", "item_id", "question_id", "example_id"),
    "repeat": ("repeat", "epoch", "trial", "run", "seed"),
    "output": ("output", "response", "answer", "completion"),
    "expected": ("expected", "target", "label", "reference", "ground_truth"),
    "error": ("error", "exception"),
    "cost_usd": ("cost_usd", "cost"),
    "latency_s": ("latency_s", "duration_s"),
    "tokens_in": ("tokens_in", "input_tokens", "prompt_tokens"),
    "tokens_out": ("tokens_out", "output_tokens", "completion_tokens"),
    "model": ("model",),
    "status": ("status",),
}
"""By what names a column is known where it is not named: the first that is there."""

CERTAIN = ("arm", "case_id")


def from_frame(
    frame: pd.DataFrame,
    source: str = "table",
    *,
    columns: Mapping[str, str] | None = None,
    scores: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a plain table, one row an answer, as a trial table; a trial table comes back as it is.

    Parameters
    ----------
    columns
        The trial table's name -> the table's own, where they are not found by their usual names: ``arm`` and
        ``case_id`` at least. Without any column for cases, rows of equal input would be needed: an error.
    scores
        Columns that are scores. None: those called ``score_…``; without any, columns of truth values.

    Raises
    ------
    DatasetError
        Where a column is not there, no arm, case or score is found, or a cell occurs twice.
    """
    if columns is None and scores is None and set(REQUIRED) <= set(frame.columns):
        return validate(frame)
    named = _named(frame, source, columns or {})
    judged = _judged(frame, source, scores, set(named.values()))
    rows = []
    taken = {*named.values(), *judged.values()}
    others = [str(name) for name in frame.columns if name not in taken]
    for record in frame.to_dict("records"):
        row: dict[str, Any] = {ours: _known(record[theirs]) for ours, theirs in named.items()}
        row["arm"] = _name(row["arm"])
        row["variant"] = row["arm"]
        case = row["case_id"]
        row["case_id"] = case_of(case) if isinstance(case, str) and len(case) > 80 else _name(case)
        marks = {name: number(_known(record[column])) for name, column in judged.items()}
        row |= {f"case_{name}": record[name] for name in others}
        rows.append(row | _ending(row, marks) | {"scores": marks})
    return table(rows, source)


def _known(value: Any) -> Any:
    """Return a cell as plain Python, None where it is missing."""
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _name(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ending(row: Mapping[str, Any], marks: Mapping[str, Judged]) -> dict[str, Any]:
    """Return how a row ended: as it says; an error where it has one; answered where anything is there."""
    if row.get("status") is not None:
        return {}
    if row.get("error") is not None:
        return {"status": "error", "error_kind": "elsewhere"}
    there = row.get("output") is not None or any(mark.value is not None for mark in marks.values())
    return {"status": "ok" if there else "empty"}


def _named(frame: pd.DataFrame, source: str, columns: Mapping[str, str]) -> dict[str, str]:
    for ours, theirs in columns.items():
        if theirs not in frame:
            raise _absent(frame, source, theirs)
        if ours not in COLUMNS:
            near = difflib.get_close_matches(ours, COLUMNS, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(SPELLINGS)}."
            raise DatasetError(source, f"a trial table has no column {ours!r}", hint)
    taken = set(columns.values())
    named = dict(columns)
    for ours, spellings in SPELLINGS.items():
        found = next((name for name in spellings if name in frame and name not in taken), None)
        if ours not in named and found is not None:
            named[ours] = found
            taken.add(found)
    for ours in CERTAIN:
        if ours not in named:
            known = ", ".join(map(str, frame.columns))
            raise DatasetError(
                source,
                f"it is not clear which column is {ours!r}",
                f"Say columns={{{ours!r}: …}}: one of {known}.",
            )
    return named


def _judged(
    frame: pd.DataFrame, source: str, scores: Sequence[str] | None, taken: set[str]
) -> dict[str, str]:
    """Return columns that are scores, by the name of the score."""
    if scores is not None:
        for column in scores:
            if column not in frame:
                raise _absent(frame, source, column)
        return {column.removeprefix("score_"): column for column in scores}
    free = [str(name) for name in frame.columns if name not in taken]
    found = [name for name in free if name.startswith("score_")]
    found = found or [name for name in free if pd.api.types.is_bool_dtype(frame[name])]
    if not found:
        raise DatasetError(
            source,
            "it is not clear which column is a score",
            f"Say scores=[…]: among {', '.join(free) or 'no columns that are left'}.",
        )
    return {column.removeprefix("score_"): column for column in found}


def _absent(frame: pd.DataFrame, source: str, column: str) -> DatasetError:
    near = difflib.get_close_matches(str(column), list(map(str, frame.columns)), n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return DatasetError(
        source, f"there is no column {column!r}", f"{hint}Columns: {', '.join(map(str, frame.columns))}."
    )
