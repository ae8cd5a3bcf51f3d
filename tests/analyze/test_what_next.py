"""What to label next: the chances are the true ones, and any beginning is a sample."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analyze.what_next import residual_spread, what_next
from workbench.errors import DatasetError, InputError

CASES = [f"c{number:02}" for number in range(40)]
STRATA = pd.Series(["few"] * 6 + ["many"] * 34, index=CASES)
SPREAD = pd.Series(np.linspace(0, 2, 40), index=CASES)
WAYS = {"random": {}, "stratified": {"strata": STRATA}, "worth": {"spread": SPREAD}}


@given(st.sampled_from(sorted(WAYS)), st.integers(0, 9), st.integers(4, 39))
def test_a_longer_sample_holds_the_shorter(how: str, seed: int, count: int) -> None:
    """The same seed gives the same order; one case more is the next; chances only grow."""
    queue = what_next(CASES, how, seed=seed, **WAYS[how])  # type: ignore[arg-type]
    again = what_next(CASES, how, seed=seed, **WAYS[how])  # type: ignore[arg-type]
    short, longer = queue.first(count), again.first(count + 1)
    assert short["case_id"].tolist() == longer["case_id"].tolist()[:-1]
    assert (short["probability"].to_numpy() <= longer["probability"].to_numpy()[:-1] + 1e-12).all()
    assert short["probability"].between(0, 1, inclusive="right").all()
    assert (queue.first(40)["probability"] == 1).all()


@pytest.mark.parametrize("how", sorted(WAYS))
def test_weights_give_every_total(how: str) -> None:
    """Over many seeds, the weighted sum of any figure is that of all cases: the chances are the true ones."""
    figures = pd.Series(np.sin(np.arange(40)) + 0.1 * np.arange(40), index=CASES)
    found = []
    for seed in range(300):
        drawn = what_next(CASES, how, seed=seed, **WAYS[how]).first(12)  # type: ignore[arg-type]
        found.append(float((figures[drawn["case_id"]].to_numpy() / drawn["probability"]).sum()))
    assert abs(np.mean(found) - figures.sum()) < 4 * np.std(found) / np.sqrt(300)


def test_a_stratified_beginning_resembles_the_whole() -> None:
    """Two of each stratum come first, then in proportion."""
    queue = what_next(CASES, "stratified", strata=STRATA, seed=3)
    assert queue.least == 4
    assert queue.frame["stratum"].head(4).value_counts().to_dict() == {"few": 2, "many": 2}
    assert (queue.frame["stratum"].head(20) == "few").sum() == 3


def test_worth_is_drawn_more_often_and_nothing_never() -> None:
    """A case without spread keeps a quarter of an average chance."""
    queue = what_next(CASES, "worth", spread=SPREAD, seed=3)
    worth = queue.frame.set_index("case_id")["worth"]
    assert worth["c00"] == pytest.approx(0.25)
    assert worth["c39"] == pytest.approx(0.25 + 0.75 * 2)
    assert worth.mean() == pytest.approx(1)


def test_only_a_whole_beginning_counts() -> None:
    """A label beyond one that is not there yet is left out; one without a value is there."""
    queue = what_next(CASES, seed=1)
    order = queue.frame["case_id"]
    labels = pd.DataFrame({"case_id": [*order[:10], order[11]], "value": [1.0, np.nan, *[0.0] * 9]})
    weighed = queue.weigh(labels)
    assert weighed["case_id"].tolist() == order[:10].tolist()
    assert weighed["probability"].tolist() == [0.25] * 10
    with pytest.raises(InputError, match="no sample"):
        queue.weigh(labels.tail(1))


def test_spread_is_learned_from_the_labels() -> None:
    """Where judge and people were further apart the spread is larger; groups without labels get the mean."""
    by = pd.Series(["sure"] * 20 + ["unsure"] * 15 + ["new"] * 5, index=CASES)
    off = pd.Series([0.0] * 8 + [1.0] * 8, index=[*CASES[:8], *CASES[20:28]])
    found = residual_spread(off, by)
    assert found["c00"] < found["c39"] < found["c20"]
    assert found["c39"] == pytest.approx(np.sqrt(0.5))
    numbers = residual_spread(off, pd.Series(np.arange(40.0), index=CASES))
    assert numbers.notna().all()
    with pytest.raises(DatasetError, match="no case has a label"):
        residual_spread(pd.Series([np.nan], index=["c00"]), by)


def test_what_is_missing_is_said() -> None:
    """Strata and spreads are given for every case, sizes are none below 0, ids are there once."""
    with pytest.raises(InputError, match="strata is not given"):
        what_next(CASES, "stratified")
    with pytest.raises(DatasetError, match="1 cases have no value in spread"):
        what_next(CASES, "worth", spread=SPREAD.drop("c00"))
    with pytest.raises(DatasetError, match="negative"):
        what_next(CASES, "worth", spread=SPREAD - 1)
    with pytest.raises(DatasetError, match="there twice"):
        what_next(["a", "a"])
    with pytest.raises(InputError, match="least is 0"):
        what_next(CASES, least=0)
    assert "drawn at random (seed 1)" in what_next(CASES).summary
