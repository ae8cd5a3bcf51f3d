"""What a judge follows beside the answers: shown where it is built in, not shown where it is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.analyze.bias import answer_pairs, length_bias, order_consistency, self_preference
from workbench.errors import DatasetError

RNG = np.random.default_rng(1)
TRUTH = RNG.choice([-1.0, 0.0, 1.0], 300, p=[0.4, 0.2, 0.4])
LENGTHS = RNG.normal(size=300)


def test_a_judge_that_takes_the_first_is_found_out() -> None:
    """In a third of the pairs it takes what stands first: inconsistent, and biased to the first."""
    lazy = RNG.random(300) < 1 / 3
    found = order_consistency(np.where(lazy, 1.0, TRUTH), np.where(lazy, -1.0, TRUTH))
    assert found.shown is True
    rows = found.frame.set_index("measure")
    assert rows.loc["consistent verdicts", "estimate"] == pytest.approx(1 - lazy.mean())
    assert rows.loc["first less second", "estimate"] == pytest.approx(lazy.mean())


def test_an_unsure_judge_is_inconsistent_and_not_biased() -> None:
    """Verdicts at random in both orders: seldom alike, for no place in particular."""
    found = order_consistency(*RNG.choice([-1.0, 1.0], (2, 300)))
    assert found.shown is False
    assert found.frame["estimate"].iloc[0] < 0.65


def test_unusable_verdicts_are_left_out_and_counted() -> None:
    """A pair with one missing verdict says nothing of the order."""
    found = order_consistency([1, np.nan, -1], [1, 1, np.nan])
    assert found.unusable == 2
    assert found.shown is None
    assert "2 pairs without a usable verdict" in found.summary


def test_length_that_people_like_too_is_no_bias() -> None:
    """People and judge prefer the longer alike: nothing is added; a judge that adds to it is shown."""
    people = np.where(RNG.random(300) < 0.4, np.sign(LENGTHS), TRUTH)
    assert length_bias(people, LENGTHS).shown is True
    assert length_bias(people, LENGTHS, people).shown is False
    judge = np.where(RNG.random(300) < 0.3, np.sign(LENGTHS), people)
    assert length_bias(judge, LENGTHS, people).shown is True


def test_own_family_first() -> None:
    """A judge that takes its own answer in a quarter of the pairs more than people do is shown."""
    own = RNG.choice([-1.0, 0.0, 1.0], 300)
    judge = np.where(RNG.random(300) < 0.25, own, TRUTH)
    found = self_preference(judge, own, TRUTH)
    assert found.shown is True
    assert found.frame["n"].iloc[0] == int((own != 0).sum())
    assert self_preference(TRUTH, own, TRUTH).shown is False


def test_pairs_of_a_trial_table() -> None:
    """Two arms on one case and repeat are a pair; what was not answered is not."""
    table = pd.DataFrame(
        {
            "arm": ["a", "b", "a", "b"],
            "case_id": ["1", "1", "2", "2"],
            "repeat": 0,
            "status": ["ok", "ok", "ok", "error"],
            "output": ["long answer", "short", "x", None],
            "score_judge": [1.0, 0.0, 1.0, np.nan],
        }
    )
    pairs = answer_pairs(table, "judge", own=["a"])
    assert pairs[["arm", "other", "gain", "length", "own"]].to_numpy().tolist() == [["a", "b", 1.0, 6.0, 1.0]]
    assert pairs["people"].isna().all()
    with pytest.raises(DatasetError, match="one arm only"):
        answer_pairs(table[table["arm"] == "a"], "judge")
