"""Agreement of a table: people among themselves, judges with most people, unusable verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.analyze.agreement import UNUSABLE, Agreement, agreement
from workbench.errors import DatasetError, InputError


def table() -> pd.DataFrame:
    """Three people and a judge that rambles in places, on eight items."""
    return pd.DataFrame(
        {
            "rater 1": ["a", "a", "b", "b", "a", "b", "a", "b"],
            "rater 2": ["a", "a", "b", "b", "a", "b", "b", None],
            "rater 3": ["a", "b", "b", "b", "a", "b", None, "b"],
            "judge": ["a", "a", "b", "a", "???", "b", "a", "???"],
        }
    )


def found(**changes: object) -> Agreement:
    """The agreement of that table."""
    return agreement(table(), ["judge"], unusable=["???"], **changes)  # type: ignore[arg-type]


def test_unusable_verdicts_are_counted_and_never_guessed() -> None:
    """They are left out of the estimate, are errors beside it, and have a column of their own."""
    row = found().row("judge", "accuracy")
    assert (row["n"], row["unusable"]) == (5, 2)
    assert row["estimate"] == pytest.approx(4 / 5)
    assert row["estimate_if_unusable_wrong"] == pytest.approx(4 / 7)
    assert found().confusions["judge"][UNUSABLE].tolist() == [1, 1]


def test_unusable_is_an_error_on_both_sides() -> None:
    """It is neither said where the category is so, nor left unsaid where it is not."""
    for measure in ("sensitivity", "specificity"):
        for category in ("a", "b"):
            row = found().row("judge", measure, category)
            assert row["estimate_if_unusable_wrong"] < row["estimate"]


def test_a_tie_of_people_is_no_majority() -> None:
    """Where one says a and one says b, nothing is held against the judge, and it is counted."""
    assert found().without_majority == 1
    assert "1 without a majority" in found().summary


def test_people_stand_among_themselves() -> None:
    """Every two people have a row, all have Fleiss, Gwet and Krippendorff; the judge is not among them."""
    raters = found().frame["raters"]
    assert (raters == "rater 1 × rater 2").sum() == 2
    assert set(found().frame.loc[raters == "people", "statistic"]) == {
        "fleiss_kappa",
        "gwet_ac1",
        "krippendorff_alpha",
    }
    assert not raters.str.contains("× judge").any()


def test_ordered_labels_have_weighted_kappas() -> None:
    """On an ordinal scale near misses count less than far ones."""
    rng = np.random.default_rng(1)
    truth = rng.integers(1, 6, 60)
    near = np.clip(truth + rng.integers(-1, 2, 60), 1, 5)
    both = agreement(pd.DataFrame({"rater": truth, "judge": near}), ["judge"], scale="ordinal")
    kappas = [both.row("judge", name)["estimate"] for name in ("kappa", "kappa_linear", "kappa_quadratic")]
    assert kappas == sorted(kappas)
    assert kappas[2] > 0.8 > kappas[0]


def test_cases_are_clusters() -> None:
    """The same items thrice do not make it three times as sure."""
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 50)
    said = np.where(rng.random(50) < 0.8, truth, 1 - truth)
    once = pd.DataFrame({"rater": truth, "judge": said})
    thrice = pd.concat([once] * 3, ignore_index=True)
    alone = agreement(once, ["judge"]).row("judge", "kappa")
    together = agreement(thrice, ["judge"], clusters=list(range(50)) * 3).row("judge", "kappa")
    assert together["low"] == pytest.approx(alone["low"])


def test_a_judge_without_people_and_two_judges() -> None:
    """Without people there is nothing to hold a judge against: no row, and no error."""
    nobody = agreement(table()[["judge", "rater 1"]].rename(columns={"rater 1": "other"}), ["judge", "other"])
    assert nobody.frame.empty
    assert nobody.judges == ()


def test_what_is_wrong_is_said() -> None:
    """An unknown judge, an unknown label, words without an order."""
    with pytest.raises(DatasetError, match="no column nobody"):
        agreement(table(), ["nobody"])
    with pytest.raises(DatasetError, match=r"\?\?\? is not among"):
        agreement(table(), ["judge"], categories=("a", "b"))
    with pytest.raises(InputError, match="no order"):
        agreement(table(), ["judge"], scale="ordinal")
    with pytest.raises(DatasetError, match="there is no kappa of 'x'"):
        found().row("x", "kappa")


def test_it_shows_itself() -> None:
    """The summary names people's kappa, the judge's, and the unusable."""
    assert "people (3): kappa" in found().summary
    assert "2 verdicts are unusable: as errors, kappa" in found().summary
    assert "<table>" in found()._repr_html_()
