"""Tests of a prompt's anatomy from a trial table: signs, verdicts, the shortest variant."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from workbench.analyze.anatomy import ANATOMY_COLUMNS, Anatomy, anatomy
from workbench.analyze.compare import compare

BLOCKS = pd.DataFrame(
    {
        "block": [1, 2, 3, 4],
        "kind": ["paragraph", "item", "item", "paragraph"],
        "text": ["Sort <b>it</b>.", "- be\n kind", "- be brief", "{{text}}"],
        "arm": ["w1", "w2", "w3", None],
        "reason": ["", "", "", "it holds text of the case"],
    }
)
TOKENS = {"whole": 100, "w1": 80, "w2": 70, "w3": 95, "w23": 65}


def table(arms: dict[str, float], cases: int = 400, first: int = 0) -> pd.DataFrame:
    """Return a trial table in which an arm is wrong in such a share of the cases, the same for all."""
    rows = [
        {
            "arm": arm,
            "case_id": f"c{case}",
            "repeat": 0,
            "status": "ok",
            "score_exact": float((case * 7919) % cases >= wrong * cases),
            "cost_usd": TOKENS[arm] * 1e-6,
            "tokens_in": TOKENS[arm],
            "source": "call",
        }
        for arm, wrong in arms.items()
        for case in range(first, first + cases)
    ]
    return pd.DataFrame(rows)


def told(frame: pd.DataFrame, margin: float = 0.03) -> Anatomy:
    """Return the anatomy of a table."""
    return anatomy(frame, compare(frame, "exact", "whole", margin), BLOCKS)


FRAME = table({"whole": 0.1, "w1": 0.4, "w2": 0.1, "w3": 0.1})


def test_a_block_is_the_whole_minus_the_prompt_without_it() -> None:
    """Effect, tokens and money of a needed block are positive, and their bounds are turned with the sign."""
    found = told(FRAME).frame.set_index("block")
    assert list(told(FRAME).frame.columns) == list(ANATOMY_COLUMNS)
    assert found["verdict"].to_list() == ["needed", "not needed", "not needed", "kept"]
    assert found.loc[1, "effect"] == pytest.approx(0.3)
    assert 0 < found.loc[1, "low"] < 0.3 < found.loc[1, "high"]
    assert found["tokens"].to_list()[:3] == [20, 30, 5]
    assert found.loc[2, "usd_per_1000"] == pytest.approx(0.03)
    assert found.loc[2, "usd_low"] <= found.loc[2, "usd_per_1000"] <= found.loc[2, "usd_high"]
    assert math.isnan(found.loc[4, "effect"])
    assert found.loc[4, "reason"] == "it holds text of the case"


def test_the_shortest_is_the_one_that_saves_most() -> None:
    """Of those not worse by the margin; what is superfluous alone is named, and not summed up."""
    found = told(FRAME)
    assert (found.shortest, found.tokens, found.shortest_tokens) == ("w2", 100, 70)
    assert found.drop == (2, 3)
    assert "30% fewer input tokens" in found.summary
    assert "Blocks 2, 3 are each superfluous alone" in found.summary
    assert "<b>" not in found._repr_html_()


def test_together_they_count_where_they_were_confirmed() -> None:
    """The shorter variant wins if it is not worse on the other cases, and not if it is."""
    for wrong, shortest in ((0.1, "w23"), (0.5, "w2")):
        rest = table({"whole": 0.1, "w23": wrong}, first=1000)
        again = compare(rest, "exact", "whole", 0.03)
        found = anatomy(FRAME, told(FRAME).comparison, BLOCKS, confirmation=(rest, again))
        assert found.shortest == shortest
        assert found.confirmation is again
        assert "together they were not tried" not in found.summary


def test_a_margin_that_cannot_be_shown_leaves_the_whole() -> None:
    """With a margin of 0 nothing is shown to be superfluous, and with few cases neither."""
    for found in (told(FRAME, margin=0.0), told(table({"whole": 0, "w1": 0, "w2": 0, "w3": 0}, cases=5))):
        assert (found.shortest, found.drop) == ("whole", ())
        assert found.shortest_tokens == found.tokens
        assert "No block of whole" in found.summary


def test_failures_speak_against_leaving_out() -> None:
    """A prompt that is as good in what it answers, and answers less, does not make its block superfluous."""
    frame = FRAME.copy()
    fails = (frame["arm"] == "w2") & (np.arange(len(frame)) % 4 == 0)
    frame.loc[fails, "status"] = "error"
    frame.loc[fails, "score_exact"] = np.nan
    found = told(frame).frame.set_index("block")
    assert found.loc[2, "verdict"] == "cannot tell"
    assert "failures as wrong" in found.loc[2, "reason"]


def test_an_arm_that_never_ran_is_not_judged() -> None:
    """A budget may end before a block's arm began: nothing is said of it."""
    found = told(FRAME[FRAME["arm"] != "w3"]).frame.set_index("block")
    assert found.loc[3, "verdict"] == "cannot tell"
    assert "nothing was asked" in found.loc[3, "reason"]
