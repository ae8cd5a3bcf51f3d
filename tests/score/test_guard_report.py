"""The report on a classifier: what it is counted of, and how sure it is."""

from __future__ import annotations

import asyncio
import math

import pytest

from workbench.client.guards.words import words
from workbench.errors import InputError
from workbench.score.guard_report import KnownText, examine

TEXTS = [
    KnownText(text="crap", categories=("word",), group="plain"),
    KnownText(text="such crap", categories=("word",), group="plain"),
    KnownText(text="krap", categories=("word",), group="odd"),
    KnownText(text="crap, says the dictionary", near="word", group="talk"),
    KnownText(text="scrap", near="word", group="inside"),
    KnownText(text="a parcel"),
]


def test_shares() -> None:
    """Recall of the texts with it, precision of the findings, over-blocking of the look-alikes."""
    report = asyncio.run(examine(words(["crap"]), TEXTS))
    marks = report.marks("word")
    assert {name: (found.sum(), len(found)) for name, found in marks.items()} == {
        "recall": (2, 3),
        "precision": (2, 3),
        "over_blocking": (1, 2),
    }
    assert list(marks["recall"].index) == ["plain", "plain", "odd"]
    (row,) = report.frame.to_dict("records")
    assert (row["category"], row["recall_n"], row["recall"]) == ("word", 3, pytest.approx(2 / 3))
    assert row["recall_low"] < row["recall"] < row["recall_high"]
    assert len(report.latency_ms) == 6
    assert report.summary.startswith("words: 6 texts; a check takes ")
    assert "word" in report._repr_html_()


def test_of_none_is_no_share() -> None:
    """A category without look-alikes or findings has no share there, not 0."""
    texts = [KnownText(text="krap", categories=("word",)), KnownText(text="a parcel")]
    (row,) = asyncio.run(examine(words(["crap"]), texts, ["word"])).frame.to_dict("records")
    assert row["recall"] == 0
    assert math.isnan(row["precision"])
    assert math.isnan(row["over_blocking"])


def test_no_text() -> None:
    """It is an error."""
    with pytest.raises(InputError):
        asyncio.run(examine(words(["crap"]), []))
