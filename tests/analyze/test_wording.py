"""Figures as a person says them: never a bound of zero that is none."""

from __future__ import annotations

import pytest

from workbench.analyze.wording import clock, with_bounds


@pytest.mark.parametrize(
    ("low", "words"),
    [
        (0.0, "0.0 to 4.9"),
        (0.098, "9.8 to 4.9"),
        (0.0004, "0.04 to 4.9"),
        (-0.0004, "-0.04 to 4.9"),
        (0.000004, "0.0004 to 4.9"),
        (1e-9, "just above 0 to 4.9"),
        (-1e-9, "just below 0 to 4.9"),
    ],
)
def test_a_bound_that_is_not_zero_is_not_written_as_zero(low: float, words: str) -> None:
    """As many digits as it takes to see on which side of zero it lies."""
    assert with_bounds(0.023, low, 0.049, points=True, alpha=0.05) == f"+2.3 points (95 % {words})"


def test_bounds_in_a_score_of_its_own_unit() -> None:
    """Three significant digits, which never hide a side."""
    assert with_bounds(0.5, 1e-7, 1.0, points=False, alpha=0.05) == "+0.5 (95 % 1e-07 to 1)"


@pytest.mark.parametrize(("seconds", "words"), [(3.4, "0:03"), (245, "4:05"), (3725, "1:02:05")])
def test_a_clock(seconds: float, words: str) -> None:
    """Minutes and seconds, with hours where there are any."""
    assert clock(seconds) == words
