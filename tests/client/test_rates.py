"""What servers say of their limits, and the estimate of a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.endpoints import ask_of
from workbench.client.rates import Rate, Said, estimate_tokens, read_limits, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("20ms", 0.02),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        (" 12.5 ", 12.5),
        ("1d", 86400),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1s later", None),
        ("2026-01-01T00:00:00Z", None),
        (None, None),
    ],
)
def test_durations(text: str | None, seconds: float | None) -> None:
    """Durations as OpenAI and its likes write them; anything else is unknown."""
    assert seconds_of(text) == (None if seconds is None else pytest.approx(seconds))


def test_headers() -> None:
    """Names in any case; what is missing or unreadable is None."""
    said = read_limits(
        {
            "X-RateLimit-Limit-Requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
            "x-ratelimit-limit-tokens": "lots",
            "x-ratelimit-remaining-tokens": "-1",
            "content-type": "application/json",
        }
    )
    assert said["requests"] == Said(limit=500, remaining=499, reset_s=pytest.approx(0.12))
    assert said["tokens"] == Said()


@given(st.dictionaries(st.sampled_from(["limit", "remaining", "reset"]), st.text(max_size=12)))
def test_any_headers(values: dict[str, str]) -> None:
    """No header's text does harm."""
    headers = {
        f"x-ratelimit-{name}-{what}": text for name, text in values.items() for what in ("requests", "tokens")
    }
    rate = Rate(None)
    rate.observe(read_limits(headers)["tokens"], 1.0)
    assert rate.ready_in(1.0, 2.0) >= 0


def test_the_lower_limit_counts() -> None:
    """A server's limit lowers a declared one and never raises it; where none is declared it is the limit."""
    declared, unknown = Rate(100), Rate(None)
    for limit, expected in ((500, 100), (50, 50), (80, 80)):
        declared.observe(Said(limit=limit), 0.0)
        assert declared.per_min == expected
    assert unknown.ready_in(1e9, 0.0) == 0
    unknown.observe(Said(limit=600), 0.0)
    assert unknown.per_min == 600


def test_what_remains_counts() -> None:
    """Others use the same limit: what the server has left is all there is."""
    rate = Rate(6000)
    assert rate.ready_in(50, 0.0) == 0
    rate.observe(Said(limit=6000, remaining=0, reset_s=60), 0.0)
    assert rate.ready_in(50, 0.0) == pytest.approx(50 / 95)


def test_the_end_of_a_window() -> None:
    """Nothing left and a reset nearer than a steady flow would take: nothing until then."""
    rate = Rate(6000)
    assert rate.observe(Said(limit=6000, remaining=0, reset_s=17), 0.0) == 17
    assert rate.observe(Said(limit=6000, remaining=0, reset_s=60), 0.0) == 0
    assert rate.observe(Said(limit=6000, remaining=3000, reset_s=17), 0.0) == 0


def test_estimate() -> None:
    """A quarter of the bytes, 4 a message, and the output's maximum or 256."""
    assert estimate_tokens(ask_of()) == 6 / 4 + 4 + 256
    assert estimate_tokens(ask_of(max_tokens=10)) == 6 / 4 + 4 + 10
    assert estimate_tokens(ask_of(max_tokens=10, max_completion_tokens=7)) == 6 / 4 + 4 + 7
