"""From trials to cases: means over repeats, failures, and cases that share calls."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.cells import case_clusters, case_means, scores, scores_with_failures, weights
from workbench.errors import DatasetError


def test_unknown_score_names_the_known() -> None:
    """A score that is not in the table is refused, and the table's scores are named."""
    with pytest.raises(DatasetError, match="exact"):
        scores(trial_table({"a": (0.5, 1)}, cases=2), "rubric")


def test_failures_are_missing_or_wrong_as_asked() -> None:
    """A failed trial has no score, and counts 0 only where failures are counted."""
    frame = pd.DataFrame({"status": ["ok", "error", "ok"], "score_s": [1.0, 1.0, np.nan]})
    assert np.allclose(scores(frame, "s"), [1, np.nan, np.nan], equal_nan=True)
    assert np.allclose(scores_with_failures(frame, "s"), [1, 0, np.nan], equal_nan=True)


def test_case_means_leave_missing_repeats_out() -> None:
    """A case's mean is over the repeats it has; every case weighs the same."""
    frame = pd.DataFrame({"case_id": ["x", "x", "y"], "arm": ["a", "a", "a"], "v": [1.0, np.nan, 0.0]})
    assert case_means(frame, frame["v"])["a"].to_dict() == {"x": 1.0, "y": 0.0}
    assert weights(frame).tolist() == [0.5, 0.5, 1.0]


def test_cases_that_share_calls_are_one_cluster() -> None:
    """Sharing is passed on: x with y, y with z, but not w; a missing key shares nothing."""
    frame = pd.DataFrame(
        {"case_id": ["x", "y", "y", "z", "w", "v"], "call_key": ["1", "1", "2", "2", None, None]}
    )
    clusters = case_clusters(frame)
    assert clusters[["x", "y", "z"]].nunique() == 1
    assert clusters.nunique() == 3
