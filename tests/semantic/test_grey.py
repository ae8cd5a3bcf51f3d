"""A log without answer keys is certified by a few labels with known probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.semantic.test_threshold import world
from workbench.errors import InputError
from workbench.semantic.curve import CacheCurve
from workbench.semantic.grey import BINS, certify, grey_sample
from workbench.semantic.truth import RIGHT, UNKNOWN


def blind(curve: CacheCurve) -> CacheCurve:
    """Return the curve as if no answer were known."""
    unknown = np.full_like(curve.truth, UNKNOWN)
    return CacheCurve(**{name: getattr(curve, name) for name in curve.__slots__} | {"truth": unknown})


def all_labels(curve: CacheCurve) -> dict[tuple[int, int], bool]:
    """Return what a person would say of every pair."""
    done = curve.replay
    pairs = zip(done.request.tolist(), done.source.tolist(), curve.truth == RIGHT, strict=True)
    return {(request, source): bool(right) for request, source, right in pairs}


def test_a_sample_is_seeded_and_its_probabilities_are_those_of_its_strata() -> None:
    """Each stratum's labels over its size; the inverse probabilities add up to all pairs."""
    curve = blind(world(1_500, 1)[0])
    one, again, other = (grey_sample(curve, 200, seed=seed) for seed in (1, 1, 2))
    assert one.equals(again)
    assert not one.equals(other)
    assert len(one) == 200
    assert one["probability"].between(0, 1).all()
    assert (1 / one["probability"]).sum() == pytest.approx(len(grey_sample(curve, 10**6)))
    assert pd.cut(one["cosine"], BINS, labels=False).nunique() == BINS


def test_all_labels_give_the_truth() -> None:
    """Where every pair is labeled, the estimate is what the keys say."""
    curve, _ = world(800, 2)
    hidden = blind(curve)
    found = certify(hidden, grey_sample(hidden, 10**6), all_labels(curve))
    assert np.allclose(found["wrong_of_all"], curve.frame["wrong_of_all"])
    assert (found["low"] <= found["wrong_of_all"]).all()
    assert (found["wrong_of_all"] <= found["high"]).all()


def test_bounds_of_a_few_labels_hold_the_truth() -> None:
    """Over 200 samples of 150 pairs: each one-sided bound fails in at most some 5 %, at every threshold."""
    curve, _ = world(1_500, 3)
    hidden, labels = blind(curve), all_labels(curve)
    truth = curve.frame["wrong_of_all"].to_numpy()
    fails = np.zeros((2, len(truth)))
    for seed in range(200):
        found = certify(hidden, grey_sample(hidden, 150, seed=seed), labels)
        fails += [found["high"].to_numpy() < truth - 1e-12, found["low"].to_numpy() > truth + 1e-12]
    # 5 % of 200 is 10; 23 is beyond the 99.9 % binomial band.
    assert fails.max() <= 22


def test_without_labels_nothing_is_known() -> None:
    """From none of them wrong to all of them."""
    curve, _ = world(300, 4)
    hidden = blind(curve)
    found = certify(hidden, grey_sample(hidden, 20), {})
    assert np.allclose(found["high"], curve.frame["hit_rate"])
    assert (found["low"] == 0).all()
    served = curve.frame["hit_rate"] > 0
    assert found["wrong_of_all"].isna().equals(served)


def test_a_curve_that_knows_all_needs_no_label() -> None:
    """Its sample is empty; what it knows stands."""
    curve, _ = world(300, 5)
    sample = grey_sample(curve, 50)
    assert sample.empty
    assert np.allclose(certify(curve, sample, {})["high"], curve.frame["wrong_of_all"])


def test_no_label_is_no_sample() -> None:
    """Refused."""
    with pytest.raises(InputError, match="at least one"):
        grey_sample(world(50, 6)[0], 0)
