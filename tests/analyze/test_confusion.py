"""A judge against what is so: against scikit-learn."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from workbench.analyze.bootstrap import resamples
from workbench.analyze.confusion import accuracy, confusion, macro_f1, sensitivity, specificity

codes = st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 2)), min_size=2, max_size=60)


@given(codes)
def test_figures_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    """Confusion, accuracy, macro-F1, sensitivity and specificity, on what both have."""
    truth, said = np.array(pairs).T
    keep = (truth >= 0) & (said >= 0)
    if not keep.any():
        assert accuracy(truth, said).reason is not None
        return
    a, b = truth[keep], said[keep]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert (confusion(truth, said, 3) == confusion_matrix(a, b, labels=[0, 1, 2])).all()
        assert accuracy(truth, said).mean == pytest.approx(accuracy_score(a, b))
        assert macro_f1(truth, said, 3).mean == pytest.approx(f1_score(a, b, average="macro"), abs=1e-9)
        if (a == 1).any():
            assert sensitivity(truth, said, 1).mean == pytest.approx(recall_score(a == 1, b == 1))
        if (a != 1).any():
            assert specificity(truth, said, 1).mean == pytest.approx(recall_score(a != 1, b != 1))


def test_the_error_of_macro_f1_is_that_of_the_bootstrap() -> None:
    """The delta method's error is the bootstrap's, within its noise, also by cluster."""
    from scipy.stats import t

    rng = np.random.default_rng(1)
    truth = rng.choice(3, 160, p=[0.2, 0.3, 0.5])
    said = np.where(rng.random(160) < 0.7, truth, rng.integers(0, 3, 160))
    groups = np.repeat(np.arange(80), 2)
    found = macro_f1(truth, said, 3, groups)
    drawn = [
        macro_f1(*(np.repeat(side, times[groups].astype(int)) for side in (truth, said)), 3).mean
        for times in resamples(80, 600, [2])
    ]
    assert (found.high - found.mean) / t.ppf(0.975, 79) == pytest.approx(np.std(drawn), rel=0.12)


def test_all_right_is_no_certainty() -> None:
    """Twelve of twelve: macro-F1 is 1, its lower bound is not."""
    truth = np.array([0, 1, 2] * 4)
    found = macro_f1(truth, truth, 3)
    assert found.high == 1
    assert 0.3 < found.low < 0.6
