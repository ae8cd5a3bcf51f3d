"""What a study of a cache says, and who of an arm's replies is stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.semantic.test_threshold import world
from workbench.semantic.study import MEANING, CacheStudy, answer_groups, storable_share
from workbench.semantic.threshold import safe_threshold
from workbench.semantic.traffic import Traffic


def made(budget: float) -> CacheStudy:
    """Return the study of a made log."""
    curve, answers = world(800, 1)
    rows = [{"at": i, "text": f"q{i}", "key": str(answer)} for i, answer in enumerate(answers)]
    traffic = Traffic.from_frame(pd.DataFrame(rows), answer="key", rules=())
    return CacheStudy(
        traffic=traffic,
        curve=curve,
        safe=safe_threshold(curve, answer_groups(traffic), budget),
        embedder="made",
    )


def test_a_safe_threshold_is_where_figures_are_shown() -> None:
    """With one, at it; hindsight finds at least as many hits within the budget."""
    study = made(0.2)
    assert study.safe.threshold == study.shown_at
    best = study.hindsight
    assert best is not None
    assert best["wrong_of_all_high"] <= 0.2
    assert best["hit_rate"] >= study.at()["hit_rate"].iloc[0]
    pairs = study.pairs()
    assert len(pairs) == round(study.at()["hit_rate"].iloc[0] * 800)
    assert set(pairs["truth"]) <= {"right", "wrong", "unknown"}


def test_without_one_it_says_so() -> None:
    """No threshold is safe for one in ten thousand: figures are shown at .9 and say that."""
    study = made(0.0001)
    assert study.safe.threshold is None
    assert study.shown_at == pytest.approx(0.9, abs=0.01)
    assert "no safe threshold" in study.summary
    assert study.summary.endswith(MEANING)


def test_groups_are_the_answers() -> None:
    """Unknown ones are -1."""
    study = made(0.2)
    groups = answer_groups(study.traffic)
    assert len(np.unique(groups)) == study.traffic.rows["answer"].nunique()


@given(st.floats(0.01, 0.5), st.floats(0.5, 1.0), st.integers(0, 9))
def test_who_fails_more_often_stores_a_part_of_what_the_other_stores(
    few: float, many: float, seed: int
) -> None:
    """The same draws for every arm; about the share that is asked for; nobody fails at 0."""
    stored, less = storable_share(4_000, few, seed), storable_share(4_000, many, seed)
    assert stored is not None
    assert less is not None
    assert not (less & ~stored).any()
    assert 1 - stored.mean() == pytest.approx(few, abs=0.04)
    assert storable_share(10, 0.0) is None
