"""Drift: what changed is called changed, what varies anyway is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from workbench.analyze.drift import DRIFT_COLUMNS, drift
from workbench.errors import DatasetError


def asked(
    seed: int,
    *,
    cases: int = 40,
    repeats: int = 2,
    arms: tuple[str, ...] = ("a@m",),
    right: float = 0.8,
    **same: Any,
) -> pd.DataFrame:
    """Return trials of a model that answers right with this chance, each draw by itself."""
    rng = np.random.default_rng(seed)
    rows = []
    for arm in arms:
        for case in range(cases):
            for repeat in range(repeats):
                good = rng.random() < right
                text = "right" if good else f"wrong {rng.integers(3)}"
                row = {"arm": arm, "case_id": f"c{case}", "repeat": repeat, "status": "ok", "output": text}
                row |= {"score_exact": float(good), "tokens_in": 50 + case, "model_served": "m-1"}
                rows.append(row | {"tokens_out": int(rng.integers(3, 7))} | same)
    return pd.DataFrame(rows)


def test_the_columns() -> None:
    """One row an arm, with all that was measured."""
    found = drift(asked(1), asked(2), "exact")
    assert tuple(found.frame.columns) == DRIFT_COLUMNS
    row = found.frame.iloc[0]
    assert (row["n_cases"], row["draws_before"], row["draws_now"]) == (40, 80, 80)
    assert row["verdict"] == "no sign of a change"
    assert "no proof" in found.summary


def test_false_alarms_stay_below_alpha() -> None:
    """60 seeded rechecks of two unchanged arms: some arm is called changed in at most 5 %, give or take."""

    def pair(seed: int) -> pd.DataFrame:
        return asked(seed, cases=12, arms=("a@m", "b@m"))

    alarms = sum(bool(drift(pair(2 * n), pair(2 * n + 1), "exact", draws=200).changed) for n in range(60))
    assert alarms <= 9  # P(Binomial(60, .05) > 9) < 0.1 %


def test_a_worse_model_is_found() -> None:
    """From 95 % right to 50 %: changed, by answers and score."""
    found = drift(asked(1, right=0.95), asked(2, right=0.5), "exact").frame.iloc[0]
    assert found["verdict"] == "changed"
    assert found["score_change"] < -0.2
    assert found["p_answers"] < 0.05
    assert found["agreement_across"] < found["agreement_within"]


def test_other_words_of_the_same_score_are_found() -> None:
    """Equally right, and says it otherwise: the answers show it, the score does not."""
    other = asked(2)
    other["output"] = "It is " + other["output"]
    found = drift(asked(1), other, "exact").frame.iloc[0]
    assert found["verdict"] == "changed"
    assert found["p_score"] > 0.05
    assert "answers agree" in found["why"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_served": "m-2"}, "served by m-2, before by m-1"),
        ({"tokens_in": 7}, "100% of the same prompts are counted otherwise"),
        ({"tokens_out": 60}, "tokens"),
    ],
)
def test_signs_beside_the_answers(change: dict[str, Any], says: str) -> None:
    """Another served name, another tokenizer, longer answers: each is a change by itself, and is said."""
    found = drift(asked(1), asked(2, **change), "exact")
    assert found.changed == ("a@m",)
    assert says in found.frame.loc[0, "why"]


def test_too_few_cases_cannot_tell_but_a_name_can() -> None:
    """Nine cases that look different are no proof; another name is."""
    few, other = asked(1, cases=9), asked(2, cases=9, right=0.0)
    assert drift(few, other, "exact").frame.loc[0, "verdict"] == "cannot tell"
    assert drift(few, other.assign(model_served="m-2"), "exact").changed == ("a@m",)


def test_without_any_repeat_the_answers_are_not_tested() -> None:
    """Nobody knows how much they vary anyway: no p-value; repeats at one of the times are enough for one."""
    once = drift(asked(1, repeats=1), asked(2, repeats=1), "exact").frame.iloc[0]
    assert np.isnan(once["p_answers"])
    assert np.isnan(once["agreement_within"])
    assert not np.isnan(drift(asked(1, repeats=1), asked(2), "exact").frame.loc[0, "p_answers"])


def test_failures_and_other_cases_are_left_out() -> None:
    """What was not answered both times is not compared; nothing in common is an error."""
    later = asked(2)
    later.loc[later["case_id"] == "c0", "status"] = "error"
    assert drift(asked(1), later, "exact").frame.loc[0, "n_cases"] == 39
    with pytest.raises(DatasetError, match="answered both times"):
        drift(asked(1), later.assign(status="error"), "exact")


def test_the_same_twice_is_the_same() -> None:
    """A seeded shuffle gives equal figures; a model that never varies and has not changed shows no sign."""
    first, second = (drift(asked(1), asked(2), "exact").frame for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    settled: dict[str, Any] = {"right": 1.0, "tokens_out": 4}
    steady = drift(asked(1, **settled), asked(2, **settled), "exact").frame.iloc[0]
    assert steady["verdict"] == "no sign of a change"
    assert steady["p_answers"] == 1.0
