"""How figures are written."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.view import figures


@pytest.mark.parametrize("value", [None, math.nan, pd.NA, pd.NaT])
def test_missing_is_a_dash_and_never_zero(value):
    """Every way of writing gives a dash where there is no value."""
    for write in (figures.count, figures.share, figures.usd, figures.seconds, figures.elapsed):
        assert write(value) == "–"
    assert figures.quality(value, as_share=True) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0.00"),
        (12.4, "$12.40"),
        (1234.5, "$1,234.50"),
        (0.03129, "$0.0313"),
        (-0.5, "-$0.500"),
        (1e-7, "$0.000000100"),
    ],
)
def test_money_keeps_three_digits_below_a_dollar(value, text):
    """Small amounts do not become zero."""
    assert figures.usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "12.3 ms"), (0.42, "0.42 s"), (12.34, "12.3 s"), (0.0, "0 ms")]
)
def test_latency_has_the_unit_that_suits_it(value, text):
    """Milliseconds below 0.1 s, seconds above."""
    assert figures.seconds(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "longest", "text"),
    [(0.42, 0.9, "420 ms"), (0.003, 0.9, "3 ms"), (0.42, 12.0, "0.42 s"), (0.003, 12.0, "0.003 s")],
)
def test_latencies_beside_each_other_take_one_unit(value, longest, text):
    """That of the longest, and none is written as zero."""
    assert figures.seconds(value, longest).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(8, "8 s"), (245, "4 min 05 s"), (7800, "2 h 10 min"), (-1, "0 s")]
)
def test_durations_read_as_people_say_them(value, text):
    """Seconds, minutes, hours."""
    assert figures.elapsed(value).replace("\u00a0", " ") == text


def test_intervals_carry_the_unit_once_and_vanish_without_bounds():
    """The bounds have no unit; a missing bound, or three equal figures, leave the figure alone."""
    written = [figures.share(value) for value in (0.842, 0.791, 0.883)]
    assert figures.interval(*written).replace("\u00a0", " ") == "84.2 % (79.1 to 88.3)"
    assert figures.interval("$0.1", "–", "$0.2") == "$0.1"
    assert figures.interval("$0.1", "$0.1", "$0.1") == "$0.1"
    assert figures.span("3", "3") == "3"
    assert figures.span("3", "4") == "3 to 4"


@given(st.text(), st.integers(min_value=4, max_value=60))
def test_shortened_text_is_one_printable_line(text, limit):
    """Whatever a name holds, what is drawn fits and XML allows it."""
    short = figures.shorten(text, limit)
    assert len(short) <= limit
    assert short == "" or short.isprintable()


def test_a_difference_of_latencies_carries_its_unit_once() -> None:
    """Milliseconds where all are small, seconds else; without bounds it says so; missing is a dash."""
    assert figures.delay(0.0032, 0.0011, 0.0053).replace("\u00a0", " ") == "+3.2 ms (1.1 to 5.3)"
    assert figures.delay(-0.42, -0.6, 0.01).replace("\u00a0", " ") == "-0.42 s (-0.60 to 0.01)"
    assert figures.delay(0.01, math.nan, math.nan).replace("\u00a0", " ") == "+10.0 ms (no interval)"
    assert figures.delay(math.nan, math.nan, math.nan) == figures.MISSING
