"""The codec: exact both ways, JSON, no secrets."""

from __future__ import annotations

import json
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from tests.conformance.sink import trial
from tests.store import strategies
from workbench.core.records import Attempt, Reply, Request, Score, Trial
from workbench.errors import ModelError
from workbench.store.codec import decode, encode, error_from_plain, error_to_plain

SECRET = "sk-" + "proj-" + "Ab3" * 12


@pytest.mark.parametrize(
    ("kind", "strategy"),
    [
        (Reply, strategies.replies),
        (Request, strategies.requests),
        (Score, strategies.scores),
        (Trial, strategies.trials),
    ],
)
def test_round_trip(kind: Any, strategy: Any) -> None:
    """Any record comes back equal from a text that SQLite can hold."""

    @given(strategy)
    def holds(record: Any) -> None:
        text = encode(record)
        text.encode("utf-8")
        assert decode(kind, text) == record

    holds()


def test_compact() -> None:
    """Fields at their default are not written."""
    assert encode(Reply(text="a", model_served="m")) == '{"text":"a","model_served":"m"}'


def test_values_json_does_not_know() -> None:
    """Numpy scalars become numbers, read-only mappings mappings, dates their text."""
    case = MappingProxyType({"n": np.int64(3), "share": np.float64(0.5), "day": date(2026, 1, 2)})
    assert decode(Trial, encode(trial(case=case))).case == {"n": 3, "share": 0.5, "day": "2026-01-02"}


@pytest.mark.parametrize(
    "value",
    [
        {"text": SECRET},
        {"text": f"\n{SECRET}\t"},  # escaped in JSON, where a letter would stand before the key
        {SECRET: 1},
        {"deep": [{"error": f"refused: {SECRET}"}]},
        {"url": "https://me:" + SECRET + "@host/", "quote": 'a "quoted" text'},
    ],
)
def test_no_secret(value: Any) -> None:
    """A secret anywhere in a value is not in its text, which is still JSON."""
    text = encode(value)
    assert SECRET not in text
    json.loads(text)


def test_text_beside_a_secret_is_kept() -> None:
    """Only the secret goes; the record stays a record."""
    case = {"mail": "me@host", "url": "http://x/", "key": "k: v"}
    text = encode(
        trial(output=f"key {SECRET} end", case={"mail": "me@host", "url": "http://x/", "key": "k: v"})
    )
    back = decode(Trial, text)
    assert back.output == "key [redacted] end"
    assert back.case == case


def test_errors() -> None:
    """A failed call comes back with its kind, words, attempts and causes."""
    attempt = Attempt(model="m", started_at=1.0, latency_s=0.5, error_kind="timeout", error="none")
    cause = ModelError("a", "b", "c", kind="server", status=500, attempts=[attempt])
    error = ModelError("m", "p", "r", kind="rate_limit", status=429, retry_after_s=2.0, causes=[cause])
    back = error_from_plain(json.loads(encode(error_to_plain(error))))
    assert str(back) == str(error)
    assert (back.kind, back.status, back.retry_after_s) == ("rate_limit", 429, 2.0)
    assert back.causes[0].attempts == (attempt,)
    assert back.causes[0].kind == "server"
