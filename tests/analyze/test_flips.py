"""Flips: what became of each case, by a stated rule, and how much of it is chance."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.flips import FLIP_COLUMNS, KINDS, flips
from workbench.errors import DatasetError


def table(**cases: tuple[list[float], list[float]]) -> pd.DataFrame:
    """Return a trial table; a case is the scores of the incumbent's and of the challenger's repeats."""
    rows = [
        {
            "arm": arm,
            "case_id": case,
            "repeat": repeat,
            "status": "error" if math.isnan(value) else "ok",
            "score_exact": value,
            "output": f"{arm} {case} {repeat} {value:g}",
            "expected": "yes",
        }
        for case, sides in cases.items()
        for arm, values in zip(("old", "new"), sides, strict=True)
        for repeat, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_every_case_has_its_kind() -> None:
    """Right is more than half of the scored repeats; a tie is not; a missing side is unknown."""
    frame = table(
        fixed=([0, 0, 1], [1, 1, 0]),
        broken=([1, 1, 1], [1, 0, 0]),
        right=([1, 1, 0], [1, 1, 1]),
        wrong=([0, 0, 0], [0, 0, 1]),
        tie=([1, 0, math.nan], [1, 1, math.nan]),
        lost=([1, 1, 1], [math.nan] * 3),
    )
    result = flips(frame, "exact", "old", "new")
    assert tuple(result.frame.columns) == FLIP_COLUMNS
    assert result.frame.set_index("case_id")["kind"].to_dict() == {
        "broken": "broken",
        "fixed": "fixed",
        "tie": "fixed",
        "right": "unchanged right",
        "wrong": "unchanged wrong",
        "lost": "unknown",
    }
    assert list(result.counts) == list(KINDS)
    assert sum(result.counts.values()) == 6
    assert "2 fixed, 1 broken, 1 unchanged right, 1 unchanged wrong of 5 cases; net +20.0 points; 1" in (
        result.summary
    )
    counts = result.frame.set_index("case_id")[["n_incumbent", "n_challenger"]]
    assert counts.loc["tie"].tolist() == [2, 2]
    assert counts.loc["lost"].tolist() == [3, 0]


def test_the_output_shown_is_of_the_majority() -> None:
    """Of either arm the first output on the side that it counts for is shown, and both are compared."""
    result = flips(table(fixed=([1, 0, 0], [0, 1, 1])), "exact", "old", "new")
    row = result.frame.iloc[0]
    assert (row["output_incumbent"], row["output_challenger"]) == ("old fixed 1 0", "new fixed 1 1")
    assert row["expected"] == "yes"
    kinds = [(each.kind, each.text.strip()) for each in result.diff("fixed")]
    assert kinds[:3] == [("removed", "old"), ("added", "new"), ("same", "fixed 1")]
    with pytest.raises(DatasetError, match="no case 'gone'"):
        result.diff("gone")


def test_a_missing_output_has_no_diff() -> None:
    """Where an arm never answered there is no diff."""
    frame = table(lost=([1], [math.nan]), kept=([1], [1]))
    assert flips(frame, "exact", "old", "new").diff("lost") == ()


def test_chance_alone_is_all_noise() -> None:
    """Two draws of one arm: the noise share is near 1; for arms that never waver it is 0."""
    same = trial_table({"old": (0.6, 1), "new": (0.6, 1)}, cases=1500, repeats=3, seed=2)
    assert flips(same, "exact", "old", "new").noise_share > 0.93
    sure = table(a=([1, 1], [0, 0]), b=([0, 0], [0, 0]))
    result = flips(sure, "exact", "old", "new")
    assert result.noise_share == 0
    assert "0% are sampling noise" in result.summary


def test_the_noise_share_is_unbiased_in_its_parts() -> None:
    """Its two parts are those of the known chances: p (1 - p) + q (1 - q), and that plus (p - q) squared."""
    rng = np.random.default_rng(5)
    p, q = rng.random((2, 4000))
    frame = pd.concat(
        pd.DataFrame(
            {
                "arm": arm,
                "case_id": [f"c{i}" for i in range(len(p))],
                "repeat": repeat,
                "status": "ok",
                "score_exact": (rng.random(len(p)) < chance).astype(float),
            }
        )
        for arm, chance in (("old", p), ("new", q))
        for repeat in range(3)
    )
    noise = (p * (1 - p) + q * (1 - q)).sum()
    found = flips(frame, "exact", "old", "new")
    assert found.noise_cases == 4000
    assert found.noise_share == pytest.approx(noise / (noise + ((p - q) ** 2).sum()), abs=0.02)


def test_without_repeats_noise_is_unknown() -> None:
    """One repeat a case cannot tell a change from chance, and says so."""
    result = flips(table(a=([1], [0]), b=([1], [1])), "exact", "old", "new")
    assert math.isnan(result.noise_share)
    assert "cannot be told" in result.summary
    still = flips(table(a=([1, 1], [1, 1])), "exact", "old", "new")
    assert "No two draws differ" in still.summary


def test_an_open_scale_needs_a_threshold() -> None:
    """A score beyond 0 and 1 is refused until it is said what is right."""
    frame = table(a=([2, 3], [4, 5]))
    with pytest.raises(DatasetError, match="right_above"):
        flips(frame, "exact", "old", "new")
    assert flips(frame, "exact", "old", "new", right_above=3.5).counts["fixed"] == 1


def test_an_unknown_arm_is_refused() -> None:
    """Both names must be arms of the table."""
    with pytest.raises(DatasetError, match="no arm 'x'"):
        flips(table(a=([1], [1])), "exact", "old", "x")
