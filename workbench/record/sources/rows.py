"""What every source gives: plain rows, made a trial table in one place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.core.identity import digest
from workbench.core.redact import redact
from workbench.core.table import validate
from workbench.errors import DatasetError

__all__ = ["Judged", "case_of", "number", "table"]

WORDS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0, "pass": 1.0, "fail": 0.0}
"""Words by which judges say yes and no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A score as another tool gave it: a value, or why there is none.

    Parameters
    ----------
    value
        None where missing.
    missing
        Why; None where there is a value.
    reason
        The judge's words; None where it gave none.
    """

    value: float | None
    missing: str | None = None
    reason: str | None = None


def number(value: Any, reason: Any = None) -> Judged:
    """Return a raw value as a score: a number, a truth value or a word for one; anything else is missing."""
    words = None if reason is None else str(reason)
    if isinstance(value, str):
        value = WORDS.get(value.strip().lower(), value)
        try:
            value = float(value)
        except ValueError:
            return Judged(value=None, missing=f"not a number: {value[:100]!r}", reason=words)
    if value is None or not isinstance(value, (bool, int, float)) or not math.isfinite(value):
        missing = "not scored" if value is None else f"not a number: {str(value)[:100]!r}"
        return Judged(value=None, missing=missing, reason=words)
    return Judged(value=float(value), reason=words)


def case_of(inputs: Any) -> str:
    """Return an id for a case that has none: 12 hexadecimal digits of its content."""
    return digest(inputs)[:12]


def table(rows: Sequence[Mapping[str, Any]], source: str, *, study: str = "") -> pd.DataFrame:
    """Return the trial table of a source.

    Rows of one arm and case that say no repeat are numbered in their order. Where a row was not answered, no
    score of it counts, whatever the source wrote there.

    Parameters
    ----------
    rows
        Names of the trial table's columns; ``scores`` is a mapping from name to `Judged`.
    source
        What is read, for errors; also the table's execution.
    study
        Name of the study; empty: the source's.

    Raises
    ------
    DatasetError
        Where there is no row, or a cell occurs twice.
    """
    if not rows:
        raise DatasetError(source, "holds no result", "Name a finished run or its file.")
    names = sorted({name for row in rows for name in row.get("scores", {})})
    plain = []
    for row in rows:
        cells = {name: value for name, value in row.items() if name != "scores"}
        scores = row.get("scores", {})
        for name in names:
            score = _score(row, scores.get(name))
            cells |= {f"score_{name}": score.value, f"missing_{name}": score.missing}
            cells[f"reason_{name}"] = score.reason
        plain.append(cells)
    frame = pd.DataFrame(plain)
    if "repeat" not in frame:
        frame["repeat"] = frame.groupby(["arm", "case_id"]).cumcount()
    frame["execution_id"] = source
    frame["study"] = study or source
    # At least one attempt was made; what else a source does not say stays missing.
    defaults: dict[str, Any] = {"sample": "main", "workload": "batch", "source": "call", "attempts": 1}
    for name, value in defaults.items():
        frame[name] = frame[name].fillna(value) if name in frame else value
    frame["trial_id"] = [
        digest([source, *cell])[:32]
        for cell in zip(frame["arm"], frame["case_id"], frame["repeat"], strict=True)
    ]
    for name in ("output", "error", "expected"):
        if name in frame:
            frame[name] = [_text(value) for value in frame[name]]
    dtypes = {f"score_{name}": "float64" for name in names}
    dtypes |= {f"{kind}_{name}": "str" for kind in ("missing", "reason") for name in names}
    return validate(frame.astype(dtypes))


def _score(row: Mapping[str, Any], judged: Judged | None) -> Judged:
    if row["status"] != "ok":
        return Judged(value=None, missing=str(row["status"]))
    return Judged(value=None, missing="not scored") if judged is None else judged


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return str(redact(text))
