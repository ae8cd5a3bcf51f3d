"""A log of requests: read, put in order, taken apart by text and partition."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.errors import DatasetError
from workbench.semantic.rules import Rule, bypass
from workbench.semantic.traffic import TRAFFIC_COLUMNS, Traffic

ROWS = pd.DataFrame(
    {
        "at": ["2026-01-02T10:00:00Z", "2026-01-01T09:00:00+01:00", "2026-01-03", "2026-01-04"],
        "text": ["How do I pay?", "How do I pay?", "Where is my order 12345?", "How do I pay?"],
        "tenant": ["a", "a", "a", "b"],
        "key": ["pay", None, "order", "pay"],
    }
)


def test_requests_come_by_time_and_share_texts_within_a_partition() -> None:
    """Rows are sorted; a node is a text of one partition; times are epoch seconds."""
    log = Traffic.from_frame(ROWS, partition=["tenant"], answer="key")
    assert tuple(log.frame.columns) == TRAFFIC_COLUMNS
    assert log.frame["at_s"].iloc[0] == pd.Timestamp("2026-01-01T08:00:00Z").timestamp()
    assert log.nodes.tolist() == [0, 0, 1, 2]
    assert log.texts == ("How do I pay?", "Where is my order 12345?", "How do I pay?")
    assert log.partitions.tolist() == [0, 0, 1]
    assert log.frame["answer"].tolist() == [None, "pay", "order", "pay"]
    assert log.cacheable.tolist() == [True, True, False, True]
    assert log.repeated == 1 / 4


def test_numbers_are_epoch_seconds() -> None:
    """Also where a file holds them as text."""
    log = Traffic.from_frame(ROWS.assign(at=["5", "4.5", "6", "7"]))
    assert log.frame["at_s"].tolist() == [4.5, 5, 6, 7]


def test_files_give_the_same_log(tmp_path: Path) -> None:
    """CSV and JSON lines."""
    ROWS.to_csv(tmp_path / "log.csv", index=False)
    ROWS.to_json(tmp_path / "log.jsonl", orient="records", lines=True)
    one = Traffic.from_csv(tmp_path / "log.csv", answer="key")
    other = Traffic.from_jsonl(tmp_path / "log.jsonl", answer="key")
    assert one.frame.equals(other.frame)
    assert one.name == "log"
    assert "4 requests over 3.0 days" not in one.summary
    assert "4 requests over 2.7 days, 2 different texts, 3 with a known answer" in one.summary


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (ROWS.drop(columns="at"), "no column 'at'"),
        (ROWS.assign(at=["soon", *ROWS["at"][1:]]), "row 1 has no time"),
        (ROWS.head(0), "no row"),
    ],
)
def test_what_is_no_log_is_refused(frame: pd.DataFrame, said: str) -> None:
    """Cases without times are no traffic."""
    with pytest.raises(DatasetError, match=said):
        Traffic.from_frame(frame)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Where is my parcel?", "personal"),
        ("Has my refund for the blue lamp been processed?", "personal"),
        ("Please look at order #48213", "personal"),
        ("Send it to someone@example.org", "personal"),
        ("My IBAN is DE02 1203 0000 0000 2020 51", "personal"),
        ("How much do I still owe?", "personal"),
        ("Is the app down?", "volatile"),
        ("What are the opening hours today?", "volatile"),
        ("How do I change my password?", None),
        ("How do I track an order?", None),
        ("Can I return a lamp after 30 days?", None),
        ("What does delivery cost?", None),
    ],
)
def test_the_default_rules(text: str, reason: str | None) -> None:
    """Answers of one person or of one moment stay out; general questions do not."""
    assert bypass([text]) == [reason]


def test_own_rules_take_the_place_of_the_default_ones() -> None:
    """None of the others applies."""
    assert bypass(["Is the app down?", "the price"], [Rule(reason="prices", pattern="price")]) == [
        None,
        "prices",
    ]


def test_a_long_text_takes_no_time_to_speak_of() -> None:
    """No pattern backtracks over a text without end: 200,000 characters come back."""
    assert bypass(["is my " * 30_000 + "x"]) == [None]
