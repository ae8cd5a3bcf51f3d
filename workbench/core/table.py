"""THE trial table: its columns, units and types, and the way between records and a DataFrame.

One row is one trial. Beside the fixed `COLUMNS` a table has ``case_<column>`` for every column of the
dataset, and for every scorer ``score_<name>`` (float, NaN where missing), ``missing_<name>`` (why) and
``reason_<name>`` (the scorer's words). Prompts are not in it: variant and case make them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from workbench.core.records import Attempt, Score, Trial
from workbench.errors import DatasetError

__all__ = [
    "ATTEMPT_COLUMNS",
    "COLUMNS",
    "answered",
    "attempts_frame",
    "score_names",
    "to_frame",
    "validate",
]

COLUMNS: dict[str, str] = {
    "execution_id": "str",
    "trial_id": "str",
    "call_key": "str",
    "study": "str",
    "arm": "str",
    "variant": "str",
    "variant_hash": "str",
    "model": "str",
    "model_served": "str",
    "fell_back": "bool",  # whether another model than the arm's answered, or was the last to fail
    "params": "str",  # canonical JSON
    "case_id": "str",
    "repeat": "int64",
    "sample": "str",
    "workload": "str",
    "status": "str",
    "output": "str",
    "expected": "str",  # text as it is, anything else as JSON
    "finish_reason": "str",
    "error_kind": "str",
    "error": "str",
    "tokens_in": "Int64",
    "tokens_in_uncached": "Int64",
    "tokens_in_cached": "Int64",
    "tokens_in_cache_write": "Int64",
    "tokens_out": "Int64",
    "tokens_reasoning": "Int64",
    "cost_usd": "float64",
    "price_book": "str",
    "attempts": "int64",
    "source": "str",
    "in_doubt": "bool",
    "started_at": "datetime64[us, UTC]",
    "latency_s": "float64",
    "wait_s": "float64",
    "ttft_s": "float64",
}
"""Column -> dtype. Costs in USD, times in seconds, tokens as counts."""

REQUIRED = ("arm", "case_id", "repeat", "status")

ATTEMPT_COLUMNS: dict[str, str] = {
    "execution_id": "str",
    "trial_id": "str",
    "arm": "str",
    "attempt": "int64",
    "purpose": "str",
    "scorer": "str",  # whose judge; missing elsewhere
    "asked": "str",  # as a person names the model
    "model": "str",
    "model_served": "str",
    "started_at": "datetime64[us, UTC]",
    "latency_s": "float64",
    "wait_s": "float64",
    "ttft_s": "float64",
    "error_kind": "str",
    "error": "str",
    "http_status": "Int64",
    "tokens_in_uncached": "Int64",
    "tokens_in_cached": "Int64",
    "tokens_in_cache_write": "Int64",
    "tokens_out": "Int64",
    "tokens_reasoning": "Int64",
    "usage_unknown": "bool",
    "service_tier": "str",
    "cost_usd": "float64",
    "price_book": "str",
}
"""The ledger's columns: one row is one attempt."""

_MADE = ("tokens_in", "params", "expected", "attempts", "started_at", "fell_back")
_USAGE = ("tokens_in_uncached", "tokens_in_cached", "tokens_in_cache_write", "tokens_out", "tokens_reasoning")


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _timestamp(seconds: float | None) -> Any:
    # None, not NaT: a column of nothing but NaT has no time zone and cannot be given one
    return None if seconds is None else pd.Timestamp(seconds, unit="s", tz="UTC")


def _row(trial: Trial) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(trial, name) for name in COLUMNS if name not in _USAGE and name not in _MADE
    }
    row["params"] = _text(dict(trial.params))
    row["expected"] = _text(trial.expected)
    row["attempts"] = len(trial.attempts)
    row["fell_back"] = bool(trial.attempts) and trial.attempts[-1].ref is not None
    row["started_at"] = _timestamp(trial.started_at)
    usage = trial.usage
    row["tokens_in"] = None if usage is None else usage.tokens_in
    for name in _USAGE:
        row[name] = None if usage is None else getattr(usage, name)
    for name, value in trial.case.items():
        row[f"case_{name}"] = value
    return row


def _typed(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=None if rows else list(columns))
    for name, dtype in columns.items():
        if name not in frame:
            frame[name] = pd.Series([None] * len(frame), dtype="object")
        frame[name] = frame[name].astype(dtype)  # type: ignore[call-overload]
    extra = [name for name in frame.columns if name not in columns]
    return frame[[*columns, *extra]]


def to_frame(trials: Iterable[Trial], scores: Iterable[Score] = ()) -> pd.DataFrame:
    """Return the trial table.

    Parameters
    ----------
    trials
        One row each, in order.
    scores
        Joined on ``trial_id``; of two scores of one scorer for one trial the later one counts.
    """
    by_trial: dict[str, dict[str, Any]] = defaultdict(dict)
    for score in scores:
        cells = by_trial[score.trial_id]
        cells[f"score_{score.scorer}"] = float("nan") if score.value is None else float(score.value)
        cells[f"missing_{score.scorer}"] = score.missing
        cells[f"reason_{score.scorer}"] = score.reason
    rows = [_row(trial) | by_trial.get(trial.trial_id, {}) for trial in trials]
    names = sorted({name for cells in by_trial.values() for name in cells})
    dtypes = {name: "float64" if name.startswith("score_") else "str" for name in names}
    frame = _typed(rows, COLUMNS | dtypes)
    cases = [name for name in frame.columns if name not in COLUMNS and name not in dtypes]
    return frame[[*COLUMNS, *cases, *names]]


def _paid(trial: Trial, index: int, attempt: Attempt, scorer: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(attempt, name)
        for name in ATTEMPT_COLUMNS
        if hasattr(attempt, name) and name != "started_at"
    }
    row |= {"execution_id": trial.execution_id, "trial_id": trial.trial_id, "arm": trial.arm}
    row |= {"attempt": index, "scorer": scorer}
    row["asked"] = trial.model if attempt.ref is None else attempt.ref.name
    row["started_at"] = _timestamp(attempt.started_at)
    row["usage_unknown"] = attempt.usage is None
    for name in _USAGE:
        row[name] = None if attempt.usage is None else getattr(attempt.usage, name)
    return row


def attempts_frame(trials: Iterable[Trial], scores: Iterable[Score] = ()) -> pd.DataFrame:
    """Return the ledger: one row an attempt, those for a trial first, then those of its judges.

    A trial answered from the journal repeats attempts already counted, and only its judges' are here.

    Parameters
    ----------
    trials
        One execution's.
    scores
        Theirs; scores of other trials are left out.
    """
    judged: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        judged[score.trial_id].append(score)
    rows = []
    for trial in trials:
        if trial.source == "call":
            rows += [_paid(trial, index, attempt) for index, attempt in enumerate(trial.attempts)]
        for score in judged[trial.trial_id]:
            rows += [
                _paid(trial, index, attempt, score.scorer) for index, attempt in enumerate(score.attempts)
            ]
    return _typed(rows, ATTEMPT_COLUMNS)


def validate(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table in canonical form: known columns typed, absent ones added as missing.

    Raises
    ------
    DatasetError
        Where a required column (arm, case_id, repeat, status) is absent, or a cell of the grid occurs twice.
    """
    absent = [name for name in REQUIRED if name not in frame]
    if absent:
        raise DatasetError(
            "trial table", f"column {absent[0]!r} is missing", f"A trial table needs {', '.join(REQUIRED)}."
        )
    out = frame.copy(deep=False)
    for name, dtype in COLUMNS.items():
        if name not in out:
            fill: Any = {"int64": 0, "bool": False}.get(dtype)
            out[name] = pd.Series([fill] * len(out), index=out.index, dtype="object")
        if str(out[name].dtype) != dtype:
            out[name] = out[name].astype(dtype)  # type: ignore[call-overload]
    key = ["execution_id", "arm", "case_id", "repeat", "sample"]
    twice = out.duplicated(key)
    if bool(twice.any()):
        cell = out.loc[twice, ["arm", "case_id", "repeat"]].iloc[0].to_dict()
        raise DatasetError(
            "trial table", f"the cell {cell} occurs twice", "Keep one row for each arm, case and repeat."
        )
    rest = [name for name in out.columns if name not in COLUMNS]
    return out[[*COLUMNS, *rest]]


def answered(frame: pd.DataFrame) -> pd.Series:
    """Return a boolean Series: True where a usable answer arrived (status ``ok``)."""
    return frame["status"] == "ok"


def score_names(frame: pd.DataFrame) -> list[str]:
    """Return the names of the scorers whose columns the table has, sorted."""
    return sorted(name.removeprefix("score_") for name in frame.columns if name.startswith("score_"))
