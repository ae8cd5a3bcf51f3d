"""Comparison: denominators, paired differences, verdicts, costs, and what to beware of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.compare import DIFFERENCE_COLUMNS, compare
from workbench.analyze.wording import signed, usd, with_bounds
from workbench.errors import DatasetError

ARMS = {"base": (0.7, 0.001), "good": (0.9, 0.002), "bad": (0.4, 0.003), "same": (0.7, 0.0005)}


def test_verdicts_name_what_is_shown() -> None:
    """Plain differences are better and worse; one near zero is neither; the incumbent stands first."""
    result = compare(trial_table(ARMS, cases=200), "exact", "base")
    verdicts = result.differences.set_index("arm")["verdict"].to_dict()
    assert verdicts == {"good": "better", "same": "cannot tell", "bad": "worse"}
    assert result.arms["arm"].iloc[0] == "base"
    assert tuple(result.differences.columns) == DIFFERENCE_COLUMNS


def test_not_worse_needs_a_margin() -> None:
    """An arm within a margin stated beforehand is not worse; without a margin nothing is said."""
    frame = trial_table({"base": (0.7, 1), "same": (0.7, 1)}, cases=800, repeats=3)
    assert compare(frame, "exact", "base", margin=0.05).differences["verdict"].tolist() == ["not worse"]
    assert compare(frame, "exact", "base").differences["verdict"].tolist() == ["cannot tell"]


def test_figures_are_the_plain_ones() -> None:
    """Means, costs and differences of a full table are those that pandas gives."""
    frame = trial_table(ARMS, cases=50)
    result = compare(frame, "exact", "base")
    means = frame.groupby("arm")[["score_exact", "cost_usd"]].mean()
    arms = result.arms.set_index("arm")
    assert np.allclose(arms["quality_mean"], means["score_exact"][arms.index])
    assert np.allclose(arms["cost_usd_per_1000"], 1000 * means["cost_usd"][arms.index])
    differences = result.differences.set_index("arm")["difference"]
    assert np.allclose(differences, (means["score_exact"] - means["score_exact"]["base"])[differences.index])


def test_every_denominator_is_there() -> None:
    """Attempted, answered and scored are counted; failures are missing, and counted as wrong beside it."""
    frame = trial_table({"base": (0.9, 1), "flaky": (0.9, 1)}, cases=50, repeats=2)
    lost = (frame["arm"] == "flaky") & (frame["repeat"] == 1)
    frame.loc[lost, ["status", "score_exact"]] = ["error", np.nan]
    frame.loc[0, "score_exact"] = np.nan
    result = compare(frame, "exact", "base", margin=0.02)
    arms = result.arms.set_index("arm")
    assert arms.loc["flaky", ["attempted", "answered", "scored"]].tolist() == [100, 50, 50]
    assert arms.loc["base", ["attempted", "answered", "scored"]].tolist() == [100, 100, 99]
    assert arms.loc["flaky", "error_share"] == 0.5
    assert arms.loc["flaky", "quality_if_failures_wrong"] == pytest.approx(
        arms.loc["flaky", "quality_mean"] / 2
    )
    row = result.differences.iloc[0]
    assert row["share_gap"] == pytest.approx(-0.5)
    assert row["difference_if_failures_wrong"] < -0.3
    text = " ".join(result.notes)
    assert "worse with failures counted as wrong" in text
    assert "50 of 100 trials were not answered (50 error)" in text
    assert "1 of 100 answers have no score" in text


def test_another_best_is_said() -> None:
    """Where failures counted as wrong make another arm the best, a note says so."""
    frame = trial_table({"base": (0.7, 1), "flaky": (0.95, 1)}, cases=100, repeats=1)
    lost = (frame["arm"] == "flaky") & (frame["case_id"].str[1:].astype(int) < 50)
    frame.loc[lost, ["status", "score_exact"]] = ["error", np.nan]
    text = " ".join(compare(frame, "exact", "base").notes)
    assert "flaky is best by what was answered, base with failures counted as wrong" in text
    assert "is best by" not in " ".join(compare(frame[~lost], "exact", "base").notes)


def test_unknown_price_is_not_zero() -> None:
    """An arm without a price has no cost, and no cost difference, and a note says so."""
    frame = trial_table({"base": (0.7, 1), "dark": (0.7, 1)}, cases=40)
    frame.loc[frame["arm"] == "dark", "cost_usd"] = np.nan
    result = compare(frame, "exact", "base")
    assert np.isnan(result.arms.set_index("arm").loc["dark", "cost_usd_per_1000"])
    assert np.isnan(result.differences["cost_difference_usd_per_1000"]).all()
    assert any("unknown (not zero) for dark" in note for note in result.notes)
    assert "cost unknown" in result.summary


def test_a_shared_call_counts_its_cost() -> None:
    """A trial answered from the journal costs what the call cost when it was made."""
    frame = trial_table({"base": (0.7, 0.002), "other": (0.7, 0.002)}, cases=40)
    frame.loc[frame["arm"] == "other", "source"] = "journal"
    result = compare(frame, "exact", "base").arms.set_index("arm")
    assert result.loc["other", "cost_usd_per_1000"] == pytest.approx(2.1, rel=0.05)


def test_arms_of_equal_text_cannot_differ() -> None:
    """Arms that share every call differ by exactly nothing, with a width, and are named."""
    frame = trial_table({"base": (0.7, 1)}, cases=40)
    result = compare(pd.concat([frame, frame.assign(arm="copy")]), "exact", "base")
    row = result.differences.iloc[0]
    assert row["difference"] == 0
    assert row["low"] < 0 < row["high"]
    assert any("shares its calls" in note for note in result.notes)


def test_mixtures_are_flagged() -> None:
    """Several served models, several workloads and unequal grids are each said."""
    frame = trial_table({"base": (0.7, 1), "other": (0.7, 1)}, cases=40)
    frame.loc[0, "model_served"] = "m-2"
    frame.loc[1, "workload"] = "interactive"
    text = " ".join(compare(frame.iloc[:-3], "exact", "base").notes)
    assert "several models (m-1, m-2)" in text
    assert "Interactive and batch" in text
    assert "not asked the same cells" in text


def test_few_cases_are_flagged() -> None:
    """Under thirty cases it says so; one case alone has no interval."""
    assert any("Only 5 cases" in note for note in compare(trial_table(ARMS, cases=5), "exact", "base").notes)
    single = compare(trial_table(ARMS, cases=1), "exact", "base")
    assert np.isnan(single.differences["low"]).all()
    assert (single.differences["verdict"] == "cannot tell").all()
    assert np.isnan(single.arms["quality_low"]).all()


def test_no_common_case_is_unknown() -> None:
    """Arms without a common scored case have no difference."""
    frame = trial_table({"base": (0.7, 1), "other": (0.7, 1)}, cases=10)
    frame.loc[frame["arm"] == "other", "case_id"] += "'"
    row = compare(frame, "exact", "base").differences.iloc[0]
    assert row["n_cases"] == 0
    assert np.isnan(row["difference"])
    assert row["verdict"] == "cannot tell"


def test_nothing_scored_is_unknown() -> None:
    """A table in which no trial was answered compares to NaN everywhere, and does not fail."""
    frame = trial_table({"base": (0.7, 1), "other": (0.7, 1)}, cases=10).assign(
        status="error", score_exact=np.nan, latency_s=np.nan
    )
    result = compare(frame, "exact", "base")
    assert result.arms["quality_mean"].isna().all()
    assert result.arms["latency_p95_s"].isna().all()


def test_open_scales_are_compared() -> None:
    """A score outside [0, 1] is compared in its own unit."""
    frame = trial_table({"base": (0.5, 1), "other": (0.9, 1)}, cases=80)
    frame["score_stars"] = 1 + 4 * frame["score_exact"]
    result = compare(frame, "stars", "base")
    assert not result.points
    assert result.differences["difference"].iloc[0] > 1
    assert "points" not in result.summary


@pytest.mark.parametrize(
    ("frame", "score", "incumbent", "said"),
    [
        (trial_table(ARMS, cases=2), "exact", "gone", "base"),
        (trial_table(ARMS, cases=2), "rubric", "base", "exact"),
        (trial_table(ARMS, cases=2).iloc[:0], "exact", "base", "none"),
    ],
)
def test_wrong_names_are_refused(frame: pd.DataFrame, score: str, incumbent: str, said: str) -> None:
    """An unknown arm or score is refused, and the known ones are named."""
    with pytest.raises(DatasetError, match=said):
        compare(frame, score, incumbent)


def test_it_shows_itself_escaped() -> None:
    """The summary has a line a challenger; names are text in HTML, not markup."""
    frame = trial_table({"base": (0.7, 0.001), "<b>x": (0.9, 0.002)}, cases=60)
    result = compare(frame, "exact", "base")
    assert "<b>x: better, +" in result.summary
    assert "points (95 % " in result.summary
    assert "more per 1,000 requests" in result.summary
    assert "<b>x" not in result._repr_html_()


def test_figures_read_as_people_say_them() -> None:
    """USD keeps two significant digits below a cent; unknown is a word; points have a sign."""
    assert [usd(value) for value in (1234.5, 0.12, 0.0123, -0.00045, 0, float("nan"))] == [
        "$1,234.50",
        "$0.12",
        "$0.012",
        "-$0.00045",
        "$0.00",
        "unknown",
    ]
    assert signed(0.121, points=True) == "+12.1 points"
    assert signed(-1.5, points=False) == "-1.5"
    assert with_bounds(0.121, 0.098, 0.144, points=True, alpha=0.05) == "+12.1 points (95 % 9.8 to 14.4)"
    assert with_bounds(0.1, float("nan"), 1.0, points=True, alpha=0.05).endswith("(no interval)")
