"""Arms corrected by people's labels: the judge's error goes, the comparison says so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.compare import compare
from workbench.analyze.corrected import corrected
from workbench.analyze.labeled import labeled
from workbench.analyze.rectify import rectify
from workbench.errors import DatasetError

ARMS = {"old": (0.7, 0.001), "flashy": (0.7, 0.002), "good": (0.85, 0.0005)}


def judged(failing: float = 0.0, repeats: int = 2) -> pd.DataFrame:
    """A table whose judge is fond of one arm: it passes half of that arm's failures."""
    table = trial_table(ARMS, cases=300, repeats=repeats, failing=failing, seed=8)
    rng = np.random.default_rng(4)
    fond = (table["arm"] == "flashy") & (rng.random(len(table)) < 0.5)
    table["score_judge"] = table["score_exact"].mask(fond & table["score_exact"].notna(), 1.0)
    return table


def labels(table: pd.DataFrame, count: int = 150, seed: int = 5) -> pd.DataFrame:
    """What people say of the first repeat of cases drawn at random."""
    cases = np.random.default_rng(seed).permutation(table["case_id"].unique())[:count]
    own = table[table["case_id"].isin(cases) & (table["repeat"] == 0) & (table["status"] == "ok")]
    return own[["arm", "case_id", "repeat"]].assign(value=own["score_exact"], probability=count / 300)


def test_a_fond_judge_is_corrected() -> None:
    """The judge shows a difference that is none; corrected it is gone, and the real one stays."""
    table = judged()
    by_judge = compare(table, "judge", "old").differences.set_index("arm")
    found = rectify(table, "judge", labels(table), "old")
    rows = found.differences.set_index("arm")
    assert by_judge.loc["flashy", "verdict"] == "better"
    assert rows.loc["flashy", "verdict"] == "cannot tell"
    assert rows.loc["good", "verdict"] == "better"
    assert rows.loc["flashy", "judge_difference"] == pytest.approx(by_judge.loc["flashy", "difference"])
    assert found.arms["arm"].iloc[0] == "good"
    assert found.arms["rank_low"].iloc[0] == found.arms["rank_high"].iloc[0] == 1


def test_means_hold_what_all_labels_would_say() -> None:
    """Each arm's interval holds the mean of people over all cases."""
    table = judged()
    found = rectify(table, "judge", labels(table), "old").arms.set_index("arm")
    truth = table.groupby("arm")["score_exact"].mean().reindex(found.index)
    assert ((found["quality_low"] < truth) & (truth < found["quality_high"])).all()
    assert (found["labels_worth"] > found["labeled"]).all()


def test_failures_count_as_wrong_beside_it() -> None:
    """With failures as wrong a mean is lower by their share: nobody needs to label them."""
    table = judged(failing=0.2, repeats=1)
    found = rectify(table, "judge", labels(table), "old").arms.set_index("arm")
    answered = table.groupby("arm")["status"].agg(lambda status: (status == "ok").mean())
    ratio = found["quality_if_failures_wrong"] / found["quality_mean"]
    assert np.allclose(ratio, answered.reindex(ratio.index), atol=0.05)


def test_a_comparison_is_corrected_in_place() -> None:
    """Quality, differences and front are people's; cost stays; it says so, and forgets its trials."""
    table = judged()
    plain = compare(table, "judge", "old", 0.02)
    found = corrected(plain, labels(table))
    assert found.labels == len(labels(table))
    assert found.trials is None
    assert "Quality is by people: 450 labels" in found.summary
    assert found.differences["cost_low"].equals(plain.differences["cost_low"])
    assert list(found.differences.columns) == list(plain.differences.columns)
    assert list(found.arms.columns) == list(plain.arms.columns)
    rows = found.arms.set_index("arm")
    assert rows.loc["flashy", "quality_mean"] < plain.arms.set_index("arm").loc["flashy", "quality_mean"]
    assert rows.loc["good", "front"] == "best"


def test_labels_settle_or_more_are_named() -> None:
    """With few labels and a useless judge the real difference cannot be told yet; how many more is said."""
    table = judged()
    table["score_judge"] = np.random.default_rng(7).integers(0, 2, len(table)).astype(float)
    found = rectify(table, "judge", labels(table, 15), "old")
    row = found.differences.set_index("arm").loc["good"]
    assert row["verdict"] == "cannot tell"
    assert 5 < row["more_labels"] < 280
    assert f"about {row['more_labels']:.0f} more labeled cases would settle it" in found.summary


def test_labels_on_different_cases_are_no_pairs() -> None:
    """Where each arm was labeled on cases of its own, means stand and differences are missing, with why."""
    table = judged()
    apart = pd.concat(
        [labels(table, 100, seed).query("arm == @arm") for seed, arm in enumerate(ARMS)], ignore_index=True
    )
    found = rectify(table, "judge", apart.drop(columns="probability"), "old")
    assert found.arms["quality_mean"].notna().all()
    assert found.differences["difference"].isna().all()
    assert found.arms["rank_low"].isna().all()


def test_several_raters_are_averaged_and_silence_is_missing() -> None:
    """Two people on a trial are one value; a person who said nothing leaves none."""
    table = judged(repeats=1)
    given = pd.DataFrame(
        {
            "arm": "old",
            "case_id": ["c0", "c0", "c1", "c2"],
            "value": [1.0, 0.0, np.nan, 1.0],
            "rater": ["one", "two", "one", "one"],
        }
    )
    found = labeled(table, "judge", given)
    assert found.people.loc["c0", "old"] == 0.5
    assert np.isnan(found.people.loc["c1", "old"])
    assert bool(found.drawn.loc["c1", "old"])
    assert (found.raters, found.assumed) == (2, True)


def test_labels_by_trial_id() -> None:
    """A label may name its trial alone."""
    table = judged(repeats=1)
    table["trial_id"] = [f"t{number}" for number in range(len(table))]
    found = labeled(table, "judge", pd.DataFrame({"trial_id": ["t0", "t1"], "value": [1.0, 0.0]}))
    assert found.people["old"].notna().sum() == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arm": ["old"], "value": [1.0]}, "no column case_id"),
        ({"arm": ["old"], "case_id": ["nowhere"], "value": [1.0]}, "of no trial"),
        ({"arm": ["old"], "case_id": ["c0"], "value": [1.0], "probability": [0.0]}, "probability"),
    ],
)
def test_labels_that_do_not_fit_are_refused(given: dict[str, list[object]], said: str) -> None:
    """A missing column, an unknown case, an impossible chance."""
    with pytest.raises(DatasetError, match=said):
        rectify(judged(), "judge", pd.DataFrame(given), "old")
