"""Tests of predicted means: what is still to come lies within them as often as is said."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.plan.predicted import predicted_mean


@pytest.mark.parametrize(("shape", "least"), [("normal", 0.92), ("exponential", 0.90)])
def test_coverage(shape: str, least: float) -> None:
    """2,000 seeded pilots of 30, each with 100 to come: at least so many of the means lie within."""
    rng = np.random.default_rng(1)
    draw = {"normal": lambda n: rng.normal(50, 10, n), "exponential": lambda n: rng.exponential(50, n)}[shape]
    hits = 0
    for _ in range(2_000):
        low, high = predicted_mean([float(value) for value in draw(30)], 100)
        hits += low <= draw(100).mean() <= high
    assert hits / 2_000 >= least


def test_more_to_come_is_surer_and_a_tail_stretches_its_side() -> None:
    """The interval shrinks with the cases to come; with a long right tail the mean is not its middle."""
    seen = [5.0] * 20 + [50.0]
    few, many = predicted_mean(seen, 10), predicted_mean(seen, 1_000)
    assert many[1] - many[0] < few[1] - few[0]
    mean = sum(seen) / len(seen)
    assert many[1] - mean > mean - many[0]
    assert many[0] >= 0


def test_answers_that_never_vary() -> None:
    """Equal lengths predict themselves."""
    assert predicted_mean([4.0] * 12, 100) == (4.0, 4.0)
