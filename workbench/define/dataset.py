"""Datasets: the cases that every variant is asked, as an immutable table with a digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.core.identity import digest
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.define.cells import CASE_ID, as_label, case_ids, column_missing, plain, refuse_repeats
from workbench.define.tables import read_csv, read_jsonl, read_parquet
from workbench.errors import DatasetError

__all__ = ["Case", "Dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case.

    Parameters
    ----------
    case_id
        Its identity within the dataset.
    values
        Its columns, without id and expected answer; an empty cell is None.
    expected
        The expected answer; None where there is none.
    """

    case_id: str
    values: Mapping[str, Any]
    expected: Any


@dataclass(frozen=True, slots=True, init=False, eq=False, repr=False)
class Dataset(Shown):
    """An immutable table of cases.

    Made by `from_csv`, `from_jsonl`, `from_parquet` or `from_frame`.

    Parameters
    ----------
    frame
        One row a case. The ids are the column `id`, or else a column called ``case_id`` or ``id``, which is
        then renamed to ``case_id``; without one, each id is 12 hexadecimal digits of the row's content.
    expected
        The column of expected answers; None where there is none.
    id
        The column of case ids; None: see above.
    name
        What errors and reports call the dataset.
    source
        Where it came from.

    Raises
    ------
    DatasetError
        Where the table is empty, an id is empty or occurs twice, or a column is not there.
    """

    name: str
    source: str
    expected: str | None
    cases: tuple[Case, ...]
    digest: str
    _frame: pd.DataFrame

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        expected: str | None = None,
        id: str | None = None,
        name: str = "data",
        source: str = "frame",
    ) -> None:
        frame = frame.rename(columns=str).reset_index(drop=True)
        columns = list(frame.columns)
        if not len(frame):
            raise DatasetError(f"dataset {name!r}", "it has no rows", "Give it at least one case.")
        repeated = sorted({column for column in columns if columns.count(column) > 1})
        if repeated:
            raise DatasetError(
                f"dataset {name!r}",
                f"the column {repeated[0]!r} occurs more than once",
                "Rename one of them.",
            )
        if expected is not None and expected not in columns:
            raise column_missing(name, expected, columns)
        if expected is not None and expected in (id, CASE_ID):
            raise DatasetError(
                f"dataset {name!r}",
                f"{expected!r} is both id and expected answer",
                "Name two different columns.",
            )
        ids, id_column = case_ids(frame, name, id, expected)
        refuse_repeats(ids, name)
        rest = frame.drop(columns=[] if id_column is None else [id_column])
        rest.insert(0, CASE_ID, pd.Series(ids, dtype="str"))
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "source", source)
        object.__setattr__(self, "expected", expected)
        self._fill(rest)

    def _fill(self, frame: pd.DataFrame) -> None:
        cases = []
        for row in frame.to_dict("records"):
            values = {str(column): plain(value) for column, value in row.items()}
            case_id = values.pop(CASE_ID)
            answer = None if self.expected is None else values.pop(self.expected)
            cases.append(Case(case_id=case_id, values=values, expected=answer))
        content = [[case.case_id, case.values, case.expected] for case in cases]
        object.__setattr__(self, "cases", tuple(cases))
        object.__setattr__(self, "digest", digest({"expected": self.expected, "cases": content}))
        object.__setattr__(self, "_frame", frame)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        expected: str | None = None,
        id: str | None = None,
        name: str = "data",
    ) -> Dataset:
        """Return the cases of a DataFrame, one row each; its index does not count."""
        return cls(frame.copy(), expected=expected, id=id, name=name)

    @classmethod
    def from_csv(cls, path: str | Path, *, expected: str | None = None, id: str | None = None) -> Dataset:
        """Return the cases of a CSV file (UTF-8, comma, a header line).

        Every cell is text, exactly as it is written: 007 keeps its zeros, NA stays NA. An empty cell is
        missing.

        Raises
        ------
        DatasetError
            Where the file is not there, is not UTF-8, or a line (named) does not fit the header.
        """
        return cls(read_csv(Path(path)), expected=expected, id=id, name=Path(path).stem, source=str(path))

    @classmethod
    def from_jsonl(cls, path: str | Path, *, expected: str | None = None, id: str | None = None) -> Dataset:
        """Return the cases of a JSON Lines file: one object a line; a key that a line lacks is missing.

        Raises
        ------
        DatasetError
            Where the file is not there, is not UTF-8, or a line (named) is not a JSON object.
        """
        return cls(read_jsonl(Path(path)), expected=expected, id=id, name=Path(path).stem, source=str(path))

    @classmethod
    def from_parquet(cls, path: str | Path, *, expected: str | None = None, id: str | None = None) -> Dataset:
        """Return the cases of a Parquet file.

        Raises
        ------
        DatasetError
            Where the file is not there, or is not Parquet.
        """
        return cls(read_parquet(Path(path)), expected=expected, id=id, name=Path(path).stem, source=str(path))

    @property
    def frame(self) -> pd.DataFrame:
        """The table: case_id, then the other columns, the expected one under its own name."""
        return self._frame.copy(deep=False)  # a change to it does not come back: pandas copies on write

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns that a template may use."""
        return tuple(str(each) for each in self._frame.columns if each not in (CASE_ID, self.expected))

    @property
    def labels(self) -> tuple[str, ...]:
        """The different expected answers as text, sorted; empty where nothing is expected."""
        return tuple(sorted({as_label(case.expected) for case in self.cases if case.expected is not None}))

    def _take(self, rows: Sequence[int]) -> Dataset:
        part = object.__new__(Dataset)
        for field in ("name", "source", "expected"):
            object.__setattr__(part, field, getattr(self, field))
        part._fill(self._frame.iloc[list(rows)].reset_index(drop=True))
        return part

    def _count(self, n: int, most: int) -> None:
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= most:
            raise DatasetError(
                f"dataset {self.name!r}",
                f"{n!r} of its {len(self)} cases cannot be taken",
                f"Take 1 to {most}.",
            )

    def _shuffled(self, seed: int) -> list[int]:
        """Return row numbers in an order that depends on seed and case id only, on any machine."""
        return sorted(range(len(self)), key=lambda row: digest([seed, self.cases[row].case_id]))

    def _balanced(self, seed: int) -> list[int]:
        """Return row numbers label by label in turn, so that every beginning is balanced.

        The second half of a label comes after all first halves, so that a rare label is not used up while
        others have more; cases without an answer come last.
        """
        by_label: dict[str, list[int]] = defaultdict(list)
        for row in self._shuffled(seed):
            by_label[as_label(self.cases[row].expected)].append(row)
        place: dict[int, tuple[bool, int, str]] = {}
        for label, rows in by_label.items():
            turn = digest([seed, label])
            for index, row in enumerate(rows):
                place[row] = (index >= len(rows) // 2, index, turn)
        for row, case in enumerate(self.cases):
            if case.expected is None:
                place[row] = (True, len(self), "")
        return sorted(place, key=lambda row: place[row])

    def split(self, n: int, seed: int = 1, *, stratify: bool = True) -> tuple[Dataset, Dataset]:
        """Return `n` cases, and the rest in their old order.

        Parameters
        ----------
        n
            How many to split off, 1 to one less than all.
        seed
            Which ones. The same seed and case ids give the same split, whatever the order of the rows.
        stratify
            Take as many of each expected answer as there are of any other, as far as they reach, at most half
            of each while others have more. The first part is in turn order, so that its every beginning is
            balanced too. False, or nothing expected: a random draw.

        Raises
        ------
        DatasetError
            Where there are not enough cases.
        """
        self._count(n, len(self) - 1)
        order = self._balanced(seed) if stratify and self.expected is not None else self._shuffled(seed)
        return self._take(order[:n]), self._take(sorted(order[n:]))

    def head(self, n: int) -> Dataset:
        """Return the first `n` cases, 1 to all of them."""
        self._count(n, len(self))
        return self._take(range(n))

    def sample(self, n: int, seed: int = 1) -> Dataset:
        """Return `n` cases drawn at random, 1 to all of them, in their old order."""
        self._count(n, len(self))
        return self._take(sorted(self._shuffled(seed)[:n]))

    @property
    def summary(self) -> str:
        """Name, number of cases, columns, expected answers and the first digits of the digest."""
        answers = "nothing expected"
        if self.expected is not None:
            answers = f"expected: {self.expected} ({len(self.labels)} different)"
        columns = ", ".join(self.columns)
        return f"{self.name}: {len(self):,} cases; columns {columns}; {answers}; digest {self.digest[:12]}"

    def __len__(self) -> int:
        return len(self.cases)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dataset) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        return str(redact(f"<Dataset {self.summary}>"))
