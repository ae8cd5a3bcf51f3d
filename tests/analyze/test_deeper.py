"""Tests of the verbs of a comparison: each asks its own trials, by its own score, margin and error."""

from __future__ import annotations

import dataclasses

import pytest
from pandas.testing import assert_frame_equal

from tests.analyze.tables import trial_table
from workbench.analyze.all_pairs import all_pairs
from workbench.analyze.compare import Comparison, compare
from workbench.analyze.flips import flips
from workbench.analyze.frontier import frontier
from workbench.analyze.selection import confirm
from workbench.analyze.slices import slices
from workbench.analyze.variance import variance_split
from workbench.errors import DatasetError

ARMS = {"old": (0.6, 2e-5), "new": (0.8, 1e-5), "other": (0.7, 3e-5)}


def compared(arms: tuple[str, ...] = tuple(ARMS)) -> Comparison:
    """Return a comparison by another margin and error than the defaults."""
    frame = trial_table({arm: ARMS[arm] for arm in arms}, cases=40)
    frame["case_topic"] = frame["case_id"].map(lambda case: "even" if int(case[1:]) % 2 == 0 else "odd")
    return compare(frame, "exact", "old", 0.03, 0.1)


def test_each_verb_is_its_function_on_the_comparisons_own_terms() -> None:
    """Score, incumbent, margin and alpha are those of the comparison."""
    found, said = compared(), ("exact", "old")
    table = found.trials
    assert table is not None
    for one, other in (
        (found.frontier(draws=200), frontier(table, "exact", 0.03, 0.1, draws=200)),
        (found.all_pairs(draws=200), all_pairs(table, "exact", 0.03, 0.1, draws=200)),
        (found.slices("topic", min_cases=5), slices(table, *said, "topic", 0.03, 0.1, min_cases=5)),
        (found.flips("new"), flips(table, *said, "new")),
        (found.variance("new", more=2), variance_split(table, *said, "new", more=2, alpha=0.1)),
        (found.confirm(share=0.4, seed=3), confirm(table, *said, 0.03, 0.1, 0.4, 3)),
    ):
        assert_frame_equal(one.frame, other.frame)
        assert one.summary == other.summary


def test_a_challenger_is_named_by_arm_or_variant_and_need_not_be_where_it_is_alone() -> None:
    """The variant does where one arm has it; of several challengers one must be named."""
    alone = compared(("old", "new"))
    assert alone.flips().challenger == "new"
    assert alone.variance().challenger == "new"
    trials = alone.trials
    assert trials is not None
    renamed = trials.assign(variant=trials["variant"].replace({"new": "brief"}))
    assert compare(renamed, "exact", "old").flips("brief").challenger == "new"
    for name in (None, "old", "none"):
        with pytest.raises(DatasetError, match=r"Challengers: new, other|Challengers: other, new"):
            compared().flips(name)


def test_without_trials_it_says_so() -> None:
    """A comparison that was put together otherwise has nothing to look into."""
    bare = dataclasses.replace(compared(), trials=None)
    for ask in (bare.frontier, bare.all_pairs, bare.confirm, lambda: bare.slices("topic")):
        with pytest.raises(DatasetError, match="not at hand"):
            ask()
