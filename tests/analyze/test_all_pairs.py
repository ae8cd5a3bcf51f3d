"""All pairs: the figures of a comparison, one error level for all, gaps allowed."""

from __future__ import annotations

import numpy as np
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.all_pairs import PAIR_COLUMNS, all_pairs
from workbench.analyze.compare import compare
from workbench.errors import DatasetError

ARMS = {"base": (0.7, 0.001), "good": (0.9, 0.002), "bad": (0.4, 0.003), "same": (0.7, 0.0005)}


def test_every_pair_once_better_arm_first() -> None:
    """Four arms make six pairs; none has a negative difference; clear ones are told apart."""
    found = all_pairs(trial_table(ARMS, cases=200), "exact", draws=500)
    assert tuple(found.table.columns) == PAIR_COLUMNS
    assert len(found.table) == 6
    assert (found.table["difference"] >= 0).all()
    assert found.arms[0] == "good"
    assert found.arms[-1] == "bad"
    assert found.unbeaten == ("good",)
    assert "6 pairs by case" in found.summary


def test_a_pair_is_what_a_comparison_says_of_it() -> None:
    """Differences and their own p are those of `compare`; intervals are wider, as more are in the family."""
    frame = trial_table(ARMS, cases=100)
    pairs = all_pairs(frame, "exact", draws=2_000).against("base").set_index("arm")
    alone = compare(frame, "exact", "base").differences.set_index("arm")
    for column in ("difference", "p_value", "cost_difference_usd_per_1000"):
        assert np.allclose(pairs[column], alone.loc[pairs.index, column])
    assert ((pairs["high"] - pairs["low"]) > (alone["high"] - alone["low"])[pairs.index]).all()


def test_the_other_way_round_is_the_mirror() -> None:
    """Against each arm there is a row for each other; two arms' rows are each other's mirror."""
    found = all_pairs(trial_table(ARMS, cases=60), "exact", margin=0.1, draws=500)
    one = found.against("good").set_index("arm").loc["bad"]
    other = found.against("bad").set_index("arm").loc["good"]
    assert len(found.against("good")) == 3
    assert (one["difference"], one["low"], one["high"]) == (
        -other["difference"],
        -other["high"],
        -other["low"],
    )
    assert (one["cost_low"], one["cost_high"]) == (-other["cost_high"], -other["cost_low"])
    assert (one["verdict"], other["verdict"]) == ("worse", "better")
    assert np.allclose(found.matrix, -found.matrix.T)


def test_gaps_are_allowed() -> None:
    """Any grid will do: a pair rests on the cases that both have; without any it is unknown."""
    frame = trial_table(ARMS, cases=80, failing=0.1)
    frame = frame[~((frame["arm"] == "same") & frame["case_id"].isin([f"c{n}" for n in range(50)]))]
    found = all_pairs(frame, "exact", draws=500).table.set_index(["arm", "against"])
    counts = [row["n_cases"] for key, row in found.iterrows() if "same" in key]
    assert max(counts) <= 30
    assert found["low"].notna().all()
    alone = frame.assign(case_id=frame["case_id"].where(frame["arm"] != "good", "x" + frame["case_id"]))
    lost = all_pairs(alone, "exact", draws=500).against("good")
    assert lost["difference"].isna().all()
    assert (lost["verdict"] == "cannot tell").all()
    assert lost["reason"].notna().all()


def test_unknown_prices_are_unknown() -> None:
    """Without prices the qualities are compared all the same."""
    found = all_pairs(trial_table(ARMS, cases=40).assign(cost_usd=np.nan), "exact", draws=500).table
    assert found["cost_low"].isna().all()
    assert found["low"].notna().all()


def test_equal_arms_rarely_differ() -> None:
    """Of six equal arms, any pair is told apart in at most 6 of 60 studies (5 % are three)."""
    arms, hits = dict.fromkeys("abcdef", (0.75, 0.001)), 0
    for seed in range(60):
        frame = trial_table(arms, cases=40, repeats=1, seed=seed)
        hits += bool((all_pairs(frame, "exact", draws=300).table["p_adjusted"] <= 0.05).any())
    assert hits <= 6


@pytest.mark.parametrize("rows", [slice(0, 0), slice(0, 10)])
def test_fewer_than_two_arms_are_refused(rows: slice) -> None:
    """An empty table and a single arm have no pairs; an unknown arm is named."""
    with pytest.raises(DatasetError, match="arm"):
        all_pairs(trial_table(ARMS, cases=5).iloc[rows], "exact")
    with pytest.raises(DatasetError, match="gone"):
        all_pairs(trial_table(ARMS, cases=5), "exact", draws=50).against("gone")
