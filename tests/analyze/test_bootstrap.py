"""The cluster bootstrap: exact against resamples spelled out, in agreement with the formulas."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analyze.bootstrap import Means, Percentile, bootstrap, resamples
from workbench.analyze.intervals import clustered_mean


@given(st.integers(1, 40), st.integers(1, 30), st.integers(0, 9))
def test_a_resample_has_as_many_clusters(clusters: int, draws: int, seed: int) -> None:
    """Every row adds up to the number of clusters, and the same seed gives the same."""
    counts = resamples(clusters, draws, [seed])
    assert counts.shape == (draws, clusters)
    assert (counts.sum(axis=1) == clusters).all()
    assert np.array_equal(counts, resamples(clusters, draws, [seed]))


@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 99))
def test_means_are_those_of_the_resample(clusters: int, n: int, seed: int) -> None:
    """A drawn mean is the mean of the values written out as often as their cluster was drawn, less gaps."""
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(clusters), rng.integers(0, clusters, n)])
    x = rng.normal(5, 1, size=(len(codes), 3))
    x[rng.random(x.shape) < 0.2] = np.nan
    part, counts = Means.of(x, codes), resamples(clusters, 5, [seed])
    for row, off in zip(counts, part(counts), strict=True):
        written = np.repeat(x, row[codes].astype(int), axis=0)
        for column in range(3):
            known = written[:, column][~np.isnan(written[:, column])]
            expected = known.mean() if len(known) else np.nan
            assert part.middle[column] + off[column] == pytest.approx(expected, abs=1e-5, nan_ok=True)


@given(st.integers(1, 20), st.integers(1, 200), st.floats(0, 100), st.integers(0, 99))
def test_percentiles_are_numpys(clusters: int, n: int, percentile: float, seed: int) -> None:
    """A drawn percentile is numpy's of the values written out, also where it lies far from the middle one."""
    rng = np.random.default_rng(seed)
    x, codes = rng.exponential(size=n).round(2), np.sort(rng.integers(0, clusters, n))
    counts = resamples(clusters, 5, [seed])
    found = Percentile.of(np.sort(x), codes, percentile)(counts)[:, 0]
    for row, value in zip(counts, found, strict=True):
        written = np.repeat(np.sort(x), row[codes].astype(int))
        expected = np.percentile(written, percentile) if len(written) else np.nan
        assert value == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_the_standard_error_is_that_of_the_formula() -> None:
    """With repeats of 150 cases, spread of the draws and clustered standard error are alike within 5 %."""
    rng = np.random.default_rng(1)
    codes = np.repeat(np.arange(150), 3)
    x = rng.normal(size=150)[codes] + rng.normal(size=450)
    drawn = bootstrap([Means.of(x[:, None], codes)], 150, draws=4_000)[0]
    assert drawn.std() == pytest.approx(clustered_mean(x, codes).se, rel=0.05)


def test_who_computes_does_not_matter() -> None:
    """Blocks computed by a pool are those computed here; a seed of its own gives others."""
    x = np.random.default_rng(2).normal(size=(5_000, 2))
    part = Means.of(x, np.arange(5_000))
    alone = bootstrap([part], 5_000, draws=900)[0]
    with ThreadPoolExecutor(2) as pool:
        assert np.array_equal(alone, bootstrap([part], 5_000, draws=900, executor=pool)[0])
    assert not np.array_equal(alone, bootstrap([part], 5_000, draws=900, seed=2)[0])


def test_statistics_share_their_resamples() -> None:
    """Two statistics of one call see the same draws: a value and its double are off by the double."""
    x = np.random.default_rng(3).normal(size=(50, 1))
    once, twice = bootstrap([Means.of(x, np.arange(50)), Means.of(2 * x, np.arange(50))], 50, draws=100)
    assert np.allclose(twice, 2 * once, atol=1e-6)
