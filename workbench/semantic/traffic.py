"""A log of requests: what was asked, when, by whom; what a cache's rates are computed from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import DatasetError
from workbench.semantic.rules import DEFAULT_RULES, Rule, bypass

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TRAFFIC_COLUMNS", "Traffic"]

TRAFFIC_COLUMNS = ("at_s", "text", "partition", "user", "feature", "answer", "bypass")
"""Columns of a log: epoch seconds; the variable part of the prompt; what must be equal for an answer to be
shared (JSON of a list); who and for what; the key of the right answer, None where unknown; why the request
must not be cached, None where it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic(Shown):
    """A log of requests. Made by `from_frame`, `from_csv` or `from_jsonl`.

    The evaluation cases of a study are no traffic: how often people repeat one another is what a cache
    lives on, and cases are chosen not to repeat.

    Parameters
    ----------
    name
        For titles.
    rows
        One row a request, by time: the columns of `TRAFFIC_COLUMNS`.
    nodes
        Shape (n,): number of the request's text within its partition.
    texts
        The text of each node.
    partitions
        Shape (nodes,): number of each node's partition.
    """

    name: str
    rows: pd.DataFrame
    nodes: NDArray[np.int64] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    partitions: NDArray[np.int64] = field(repr=False)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        text: str = "text",
        at: str = "at",
        user: str | None = None,
        feature: str | None = None,
        partition: Sequence[str] = (),
        answer: str | None = None,
        rules: Sequence[Rule] = DEFAULT_RULES,
        name: str = "traffic",
    ) -> Self:
        """Return the log of a table.

        Parameters
        ----------
        text, at
            Columns: the variable part of the prompt, and when it came (ISO 8601, a timestamp, or epoch
            seconds).
        user, feature
            Columns; None: they are not known.
        partition
            Columns that must be equal for an answer to be shared: tenant, language, the conversation so
            far. Every template variable but `text` belongs here.
        answer
            Column with the key of the right answer; None, or an empty cell: not known.
        rules
            Who must not be cached.

        Raises
        ------
        DatasetError
            Where a column is not there, a time cannot be read, or there is no row.
        """
        named = {"text": text, "at": at, "user": user, "feature": feature, "answer": answer}
        _check(frame, [column for column in named.values() if column is not None] + list(partition), name)
        rows = pd.DataFrame({"at_s": _seconds(frame[at], name), "text": frame[text].astype(str)})
        rows["partition"] = [
            json.dumps(list(map(str, values))) for values in frame[list(partition)].itertuples(index=False)
        ]
        for column in ("user", "feature", "answer"):
            source = named[column]
            values = pd.Series(None, index=frame.index, dtype=object) if source is None else frame[source]
            rows[column] = values.astype(object).where(values.notna(), None)
        rows["bypass"] = pd.Series(bypass(rows["text"].tolist(), rules), index=rows.index, dtype=object)
        rows = rows.sort_values("at_s", kind="stable", ignore_index=True)[list(TRAFFIC_COLUMNS)]
        keys = pd.MultiIndex.from_frame(rows[["partition", "text"]])
        nodes, unique = pd.factorize(keys)
        groups, _ = pd.factorize(pd.Index([key[0] for key in unique]))
        return cls(
            name=name,
            rows=rows,
            nodes=np.asarray(nodes, dtype=np.int64),
            texts=tuple(key[1] for key in unique),
            partitions=np.asarray(groups, dtype=np.int64),
        )

    @classmethod
    def from_csv(cls, path: str | Path, **columns: object) -> Self:
        """Return the log of a CSV file; `columns` as `from_frame` takes them."""
        try:
            frame = pd.read_csv(
                path, dtype=object, encoding="utf-8-sig", keep_default_na=False, na_values=[""]
            )
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"traffic log {path}", f"cannot be read ({error})", "Give a CSV file."
            ) from error
        return cls.from_frame(frame, **{"name": Path(path).stem, **columns})  # type: ignore[arg-type]

    @classmethod
    def from_jsonl(cls, path: str | Path, **columns: object) -> Self:
        """Return the log of a file of JSON lines; `columns` as `from_frame` takes them."""
        try:
            frame = pd.read_json(path, lines=True, dtype=False)
        except (OSError, ValueError) as error:
            raise DatasetError(
                f"traffic log {path}", f"cannot be read ({error})", "Give JSON lines."
            ) from error
        return cls.from_frame(frame, **{"name": Path(path).stem, **columns})  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def cacheable(self) -> NDArray[np.bool_]:
        """Shape (n,): whether no rule keeps the request out of the cache."""
        return np.asarray(self.rows["bypass"].isna())

    @property
    def repeated(self) -> float:
        """Share of all requests whose very text was asked before in its partition: the floor of hit rates."""
        seen = pd.Series(self.nodes)[self.cacheable].duplicated()
        return float(seen.sum() / len(self))

    @property
    def frame(self) -> pd.DataFrame:
        """One row a request."""
        return self.rows

    @property
    def summary(self) -> str:
        """Requests, days, texts, what must not be cached, how much is repeated word for word."""
        days = (self.rows["at_s"].iloc[-1] - self.rows["at_s"].iloc[0]) / 86_400
        kept_out = self.rows["bypass"].value_counts()
        why = ", ".join(f"{count:,} {reason}" for reason, count in kept_out.items())
        return (
            f"{self.name}: {len(self):,} requests over {days:.1f} days, {len(self.texts):,} different texts, "
            f"{self.rows['answer'].notna().sum():,} with a known answer; never cached: {why or 'none'}; "
            f"{self.repeated:.1%} of all repeat an earlier text word for word"
        )


def _check(frame: pd.DataFrame, needed: list[str], name: str) -> None:
    if absent := [column for column in needed if column not in frame.columns]:
        raise DatasetError(
            f"traffic log {name}",
            f"it has no column {absent[0]!r}",
            f"Its columns: {', '.join(map(str, frame.columns))}. A log needs a text and a time a row.",
        )
    if frame.empty:
        raise DatasetError(f"traffic log {name}", "it has no row", "Give at least one request.")


def _seconds(column: pd.Series, name: str) -> pd.Series:
    """Return epoch seconds of numbers or of anything pandas reads as a time (UTC where none is said)."""
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all():
        return numbers.astype("float64")
    times = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise DatasetError(
            f"traffic log {name}",
            f"row {row + 1} has no time that can be read: {column.iloc[row]!r}",
            "Write times as ISO 8601 (2026-01-31T09:30:00Z) or as epoch seconds.",
        )
    return (times - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
