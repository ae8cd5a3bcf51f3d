"""Which labels an arm takes for which: confusion, accuracy, and precision, recall and F1 of each label."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import case_clusters, check_arm
from workbench.analyze.confusion import accuracy, confusion, macro_f1, sensitivity
from workbench.analyze.intervals import Interval
from workbench.core.normal import normal
from workbench.core.show import Shown
from workbench.core.table import answered, validate
from workbench.errors import DatasetError

__all__ = ["NO_ANSWER", "OTHER", "LabelConfusion", "label_confusion"]

OTHER = "(other)"
"""What was answered and is none of the labels."""

NO_ANSWER = "(no answer)"
"""No usable answer, or nothing that could be read in it: missing, and in no figure but the counts."""

_COLUMNS = ("label", "n", "recall", "recall_low", "recall_high", "precision", "f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConfusion(Shown):
    """An arm's labels against the expected ones. Made by `label_confusion`.

    Parameters
    ----------
    arm
        Whose.
    matrix
        Counts of trials: one row an expected label, one column a label said, then `OTHER` and `NO_ANSWER`.
    labels
        One row an expected label: label, n (answered trials), recall with its interval, precision, f1; NaN
        where there is nothing to divide by.
    accuracy, macro_f1
        Over the answered trials, with intervals by case.
    unlabeled
        Trials whose case has no expected label; they are left out.
    """

    arm: str
    matrix: pd.DataFrame
    labels: pd.DataFrame
    accuracy: Interval
    macro_f1: Interval
    unlabeled: int = 0

    @property
    def frame(self) -> pd.DataFrame:
        """One row an expected label: its recall, precision and F1, then how often what was said of it."""
        return self.labels.merge(self.matrix.rename_axis("label").reset_index(), on="label")

    @property
    def mistakes(self) -> pd.DataFrame:
        """One row a pair of labels that were taken for each other: expected, said, n; most frequent first."""
        rows = [
            (expected, said, int(count))
            for expected, row in self.matrix.drop(columns=NO_ANSWER).iterrows()
            for said, count in row.items()
            if said != expected and count
        ]
        found = pd.DataFrame(rows, columns=["expected", "said", "n"])
        return found.sort_values("n", ascending=False, kind="stable", ignore_index=True)

    @property
    def summary(self) -> str:
        """Accuracy and macro-F1 with their denominators, and what is most often taken for what."""
        attempted = int(self.matrix.to_numpy().sum())
        lines = [
            f"{self.arm}: accuracy {_said(self.accuracy)}, macro-F1 {_said(self.macro_f1)},"
            f" {self.accuracy.n} of {attempted} trials with a label to read"
            + (f"; {self.unlabeled} without an expected label left out" if self.unlabeled else "")
        ]
        lines += [
            f"{row.expected} taken for {row.said}: {row.n}" for row in self.mistakes.head(3).itertuples()
        ]
        return "\n".join(lines)


def _said(found: Interval) -> str:
    if math.isnan(found.mean):
        return "unknown"
    return f"{found.mean:.3f} ({found.low:.3f} to {found.high:.3f})"


def label_confusion(
    frame: pd.DataFrame,
    arm: str,
    *,
    labels: Sequence[str] | None = None,
    read: Callable[[str], str | None] | None = None,
    alpha: float = 0.05,
) -> LabelConfusion:
    """Return which labels an arm takes for which.

    Labels are compared by their normal forms (`core.normal`), as `exact` does, and shown as first written.
    Repeats count each; intervals are by case.

    Parameters
    ----------
    frame
        A trial table.
    arm
        Name of an arm.
    labels
        Labels that count, in their order; None: those expected anywhere in the table, sorted.
    read
        Reads the label in an answer, such as ``exact(field="label").part``; where it gives None or raises,
        there is none to read. None: the answer is the label.
    alpha
        1 - confidence of the intervals, in (0, 1).

    Raises
    ------
    DatasetError
        Where there is no such arm, or no label is expected.
    """
    table = validate(frame)
    check_arm(table, arm)
    known = _known(table, labels)
    names = {key: index for index, key in enumerate(known)}
    own = table[table["arm"] == arm]
    truth = np.array([names.get(normal(text), -1) for text in own["expected"].fillna("")], dtype=np.int64)
    texts = own["output"].where(answered(own))
    said = np.array([_code(text, names, read) for text in texts], dtype=np.int64)
    rows = truth >= 0
    clusters = own["case_id"].map(case_clusters(table)).to_numpy()[rows]
    truth, said = truth[rows], said[rows]
    shown = list(known.values())
    counts = confusion(truth, np.where(said < 0, len(known) + 1, said), len(known) + 2)[: len(known)]
    right = [sensitivity(truth, said, index, clusters, alpha) for index in range(len(known))]
    return LabelConfusion(
        arm=arm,
        matrix=pd.DataFrame(counts, index=shown, columns=[*shown, OTHER, NO_ANSWER]),
        labels=_each(shown, counts[:, :-1], right),
        accuracy=accuracy(truth, said, clusters, alpha),
        macro_f1=macro_f1(truth, said, len(known), clusters, alpha),
        unlabeled=int((~rows).sum()),
    )


def _known(table: pd.DataFrame, labels: Sequence[str] | None) -> dict[str, str]:
    """Return normal form -> label as written, in order."""
    texts = [text for text in table["expected"].dropna().unique() if str(text).strip()]
    found: dict[str, str] = {}
    for text in sorted(texts) if labels is None else labels:
        found.setdefault(normal(str(text)), str(text))
    if not found:
        raise DatasetError("confusion", "no label is expected", "Give the cases an expected value.")
    return found


def _code(text: object, names: dict[str, int], read: Callable[[str], str | None] | None) -> int:
    """Return the label's number, one above all where it is another, -1 where there is none to read."""
    if not isinstance(text, str):
        return -1
    part: str | None = text
    if read is not None:
        part = None
        with suppress(Exception):  # a reader of JSON or of a pattern raises where it finds nothing
            part = read(text)
    return -1 if part is None else names.get(normal(part), len(names))


def _each(shown: Sequence[str], counts: NDArray[np.int64], right: Sequence[Interval]) -> pd.DataFrame:
    hits, so = np.diagonal(counts).astype(float), counts.sum(axis=1)
    said = counts[:, : len(shown)].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, f1 = hits / said, 2 * hits / (so + said)
    columns = (
        shown,
        so,
        [found.mean for found in right],
        [found.low for found in right],
        [found.high for found in right],
        precision,
        f1,
    )
    return pd.DataFrame(dict(zip(_COLUMNS, columns, strict=True)))
