"""The trial table as files: Parquet that gives the same table back, and a lean one for MLflow's UI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.core.redact import redact
from workbench.core.table import COLUMNS, score_names, validate
from workbench.errors import RecordError

__all__ = ["MAX_LEAN_ROWS", "clean", "lean_json", "read_parquet", "write_parquet"]

MAX_LEAN_ROWS = 1_000
MAX_LEAN_TEXT = 200
JSON_KEY = b"workbench.json_columns"
FIXED = ("execution_id", "trial_id", "call_key", "variant_hash", "workload", "status", "source", "price_book")


def clean(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table without secrets in its texts; each distinct text is looked at once."""
    out = frame.copy(deep=False)
    for name in frame.columns:
        if name in FIXED or str(frame[name].dtype) not in ("str", "object"):
            continue
        if str(frame[name].dtype) == "object":
            out[name] = pd.Series([redact(cell) for cell in frame[name]], index=frame.index, dtype="object")
            continue
        texts = frame[name].dropna().unique()
        changed = {text: mended for text in texts if (mended := redact(text)) != text}
        if changed:
            out[name] = frame[name].replace(changed)
    return out


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that `read_parquet` gives it back equal, mixed and nested cells included.

    Parquet has one type a column: columns of Python objects are written as JSON and named in the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    mixed = [str(name) for name in frame.columns if frame[name].dtype == object]
    plain = frame.copy(deep=False)
    for name in mixed:
        plain[name] = pd.Series(
            [json.dumps(cell, ensure_ascii=False, default=str) for cell in frame[name]],
            index=frame.index,
            dtype="str",
        )
    table = pa.Table.from_pandas(plain, preserve_index=False)
    table = table.replace_schema_metadata({**table.schema.metadata, JSON_KEY: json.dumps(mixed).encode()})
    pq.write_table(table, path, compression="zstd")


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a trial table that `write_parquet` wrote.

    Raises
    ------
    RecordError
        Where the file is not one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise RecordError(
            str(path), f"is not a Parquet table ({error})", "Record the execution again: `workbench sync`."
        ) from error
    frame: pd.DataFrame = table.to_pandas()
    for name in json.loads((table.schema.metadata or {}).get(JSON_KEY, b"[]")):
        frame[name] = pd.Series([json.loads(cell) for cell in frame[name]], index=frame.index, dtype="object")
    known = {name: dtype for name, dtype in COLUMNS.items() if name in frame}
    return validate(frame.astype(known))


def _short(value: Any) -> Any:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    return value[:MAX_LEAN_TEXT] + "…" if isinstance(value, str) and len(value) > MAX_LEAN_TEXT else value


def lean_json(frame: pd.DataFrame) -> str:
    """Return what a person looks through in MLflow's table view, as the JSON it reads.

    At most `MAX_LEAN_ROWS` rows, short texts, no prompts. The first rows, which are a fair sample: a plan
    asks its cases in a seeded order.
    """
    scores = [f"score_{name}" for name in score_names(frame)]
    numbers = ["tokens_in", "tokens_out", "cost_usd", "latency_s"]
    names = ["arm", "case_id", "repeat", "status", "expected", "output", *scores, *numbers, "error_kind"]
    rows = frame.head(MAX_LEAN_ROWS)[names].itertuples(index=False)
    data = [[_short(cell) for cell in row] for row in rows]
    return json.dumps({"columns": names, "data": data}, ensure_ascii=False, default=str)
