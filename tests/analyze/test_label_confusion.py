"""Which labels an arm takes for which."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from workbench.analyze.compare import compare
from workbench.analyze.label_confusion import NO_ANSWER, OTHER, label_confusion
from workbench.errors import DatasetError

LABELS = ["access", "billing", "refund"]


def table(pairs: list[tuple[str | None, str | None]], arm: str = "new", **columns: Any) -> pd.DataFrame:
    """Return a trial table of one arm: expected and said, one case each; None is a failed call."""
    rows = [
        {
            "arm": arm,
            "variant": arm,
            "case_id": f"c{number}",
            "repeat": 0,
            "status": "error" if said is None else "ok",
            "expected": expected,
            "output": said,
            "score_exact": math.nan if said is None else float(said == expected),
        }
        for number, (expected, said) in enumerate(pairs)
    ]
    return pd.DataFrame(rows).assign(**columns)


PAIRS = [
    ("billing", "Billing."),
    ("billing", "access"),
    ("billing", "access"),
    ("access", "access"),
    ("access", "no idea"),
    ("refund", None),
    (None, "billing"),
]


def test_counts_and_figures() -> None:
    """Forms do not matter; another word and no answer have columns; figures leave failures out."""
    found = label_confusion(table(PAIRS), "new")
    assert list(found.matrix.columns) == [*LABELS, OTHER, NO_ANSWER]
    assert found.matrix.loc["billing"].tolist() == [2, 1, 0, 0, 0]
    assert found.matrix.loc["access"].tolist() == [1, 0, 0, 1, 0]
    assert found.matrix.loc["refund"].tolist() == [0, 0, 0, 0, 1]
    assert (found.accuracy.mean, found.accuracy.n, found.unlabeled) == (pytest.approx(2 / 5), 5, 1)
    each = found.labels.set_index("label")
    assert each.loc["billing", ["n", "recall", "precision", "f1"]].tolist() == pytest.approx(
        [3, 1 / 3, 1, 0.5]
    )
    assert math.isnan(each.loc["refund", "recall"])
    assert found.mistakes.values.tolist() == [["billing", "access", 2], ["access", OTHER, 1]]
    assert "5 of 6 trials with a label to read; 1 without an expected label left out" in found.summary
    assert "billing taken for access: 2" in found.summary
    assert len(found.frame) == 3


def test_labels_and_reader() -> None:
    """Given labels keep their order; a reader finds the label in the answer, and nothing where it cannot."""
    pairs = [("billing", '{"label": "billing"}'), ("access", "access"), ("access", "{}")]
    found = label_confusion(
        table(pairs), "new", labels=["billing", "access"], read=lambda text: json.loads(text).get("label")
    )
    assert list(found.matrix.index) == ["billing", "access"]
    assert found.matrix[NO_ANSWER].tolist() == [0, 2]
    assert found.accuracy.n == 1


def test_repeats_are_one_cluster() -> None:
    """Three repeats of a case count three times and are one case to the interval."""
    once = table([("a", "a"), ("b", "a"), ("a", "b"), ("b", "b")])
    thrice = pd.concat([once.assign(repeat=number) for number in range(3)])
    found = label_confusion(thrice, "new")
    assert (found.accuracy.n, found.accuracy.clusters) == (12, 4)


def test_a_comparison_asks_it() -> None:
    """By the challenger, by name, and by the incumbent's."""
    pairs = [("a", "a"), ("b", "a"), ("a", "b"), ("b", "b")]
    right = [(expected, expected) for expected, _ in pairs]
    frame = pd.concat([table(pairs, "old"), table(right, "new")], ignore_index=True)
    result = compare(frame, "exact", "old")
    assert result.confusion().accuracy.mean == result.confusion("new").accuracy.mean == 1
    assert result.confusion("old").accuracy.mean == 0.5
    with pytest.raises(DatasetError, match="no one challenger"):
        result.confusion("nobody")


def test_mistakes_are_named() -> None:
    """An unknown arm, and cases that expect nothing, are refused."""
    with pytest.raises(DatasetError, match="no arm"):
        label_confusion(table(PAIRS), "nobody")
    with pytest.raises(DatasetError, match="no label is expected"):
        label_confusion(table([(None, "a")]), "new")


@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=3, max_size=40))
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    """The matrix, accuracy, precision, recall and F1 of each label."""
    truth, said = zip(*pairs, strict=True)
    found = label_confusion(table(list(pairs)), "new", labels=LABELS)
    assert (found.matrix[LABELS].to_numpy() == confusion_matrix(truth, said, labels=LABELS)).all()
    assert found.accuracy.mean == pytest.approx(accuracy_score(truth, said))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures = precision_recall_fscore_support(truth, said, labels=LABELS, zero_division=math.nan)
    for name, values in zip(("precision", "recall", "f1"), figures, strict=False):
        assert found.labels[name].tolist() == pytest.approx(values.tolist(), nan_ok=True), name
