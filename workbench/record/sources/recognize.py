"""`load`: any source becomes a trial table. Which it is, is seen from what it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.errors import DatasetError, InputError
from workbench.record.load import load as load_runs
from workbench.record.sources.frames import from_frame
from workbench.record.sources.inspect_log import from_inspect, is_inspect, read_eval
from workbench.record.sources.promptfoo import from_promptfoo, is_promptfoo
from workbench.record.store import Store
from workbench.record.tables import read_parquet

__all__ = ["load"]

LOGS = (".eval", ".json")
FILES = (*LOGS, ".jsonl", ".csv", ".parquet")


def load(
    source: Any,
    store: Callable[[], Store],
    *,
    columns: Mapping[str, str] | None = None,
    scores: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a trial table from whatever holds one.

    Parameters
    ----------
    source
        - a DataFrame, or a ``.csv`` or ``.parquet`` file: one row an answer;
        - a file of promptfoo (``-o out.json``) or Inspect (``.eval``, ``.json``), or a folder of these;
        - what ``mlflow.genai.evaluate`` returned;
        - an execution id, a run id, or the name of an MLflow experiment;
        - several of these, which become one table.
    store
        Opens the MLflow store; asked only where it is needed.
    columns, scores
        For plain tables, as `from_frame` takes them.

    Raises
    ------
    DatasetError
        Where the source cannot be read as one of these.
    RecordError
        Where MLflow holds no such thing.
    """
    if isinstance(source, pd.DataFrame):
        return from_frame(source, columns=columns, scores=scores)
    if hasattr(source, "run_id") and hasattr(source, "result_df"):
        return load_runs(store(), str(source.run_id))
    if isinstance(source, (str, Path)):
        place = Path(source)
        if _there(place):
            return _from_place(place, columns, scores)
        if isinstance(source, Path) or place.suffix in FILES:
            raise DatasetError(str(source), "there is no such file", "Look at its path.")
        return load_runs(store(), source)
    if isinstance(source, Sequence):
        if not source:
            raise InputError("load", "nothing was named", "Name a file, a run, an execution or a DataFrame.")
        parts = [load(part, store, columns=columns, scores=scores) for part in source]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    raise InputError(
        "load",
        f"{type(source).__name__} holds no trials",
        "Give a DataFrame, a path, a run id, an execution id or an experiment's name.",
    )


def _there(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name that no file can have
        return False


def _from_place(place: Path, columns: Mapping[str, str] | None, scores: Sequence[str] | None) -> pd.DataFrame:
    if place.is_dir():
        logs = sorted(path for path in place.iterdir() if path.suffix in LOGS)
        if not logs:
            raise DatasetError(
                str(place), "holds no .eval and no .json", "Name the folder of Inspect's logs."
            )
        parts = [_from_place(path, None, None) for path in logs]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    if place.suffix == ".eval":
        return from_inspect(read_eval(place), str(place))
    if place.suffix == ".json":
        return _from_json(place)
    if place.suffix == ".parquet":
        plain = pd.read_parquet(place)
        own = {"execution_id", "trial_id", "arm", "status"} <= set(plain.columns)
        return read_parquet(place) if own else from_frame(plain, str(place), columns=columns, scores=scores)
    if place.suffix in (".csv", ".jsonl"):
        try:
            plain = pd.read_csv(place) if place.suffix == ".csv" else pd.read_json(place, lines=True)
        except (ValueError, OSError) as error:
            raise DatasetError(str(place), f"cannot be read ({error})", "Look at the file.") from error
        return from_frame(plain, str(place), columns=columns, scores=scores)
    raise DatasetError(
        str(place), f"{place.suffix or 'a file'} is no known source", f"Known: {', '.join(FILES)}."
    )


def _from_json(place: Path) -> pd.DataFrame:
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DatasetError(str(place), f"is no JSON ({error})", "Export it again.") from error
    if is_promptfoo(content):
        return from_promptfoo(content, str(place))
    if is_inspect(content):
        return from_inspect(content, str(place))
    raise DatasetError(
        str(place),
        "is JSON, but of neither promptfoo nor Inspect",
        "Load it as a DataFrame of one row an answer.",
    )
