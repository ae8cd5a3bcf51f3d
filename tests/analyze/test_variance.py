"""Variance: the parts are those that were put in, and the advice is the narrowest interval for the money."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from workbench.analyze.compare import compare
from workbench.analyze.variance import OPTION_COLUMNS, PART_COLUMNS, variance_split
from workbench.errors import DatasetError


def scored(
    seed: int,
    *,
    cases: int = 200,
    repeats: int = 3,
    judges: int = 1,
    case: float = 0.2,
    sampling: float = 0.1,
    judge: float = 0.05,
    lost: float = 0.0,
) -> pd.DataFrame:
    """Return a table whose scores are made of the three parts (standard deviations), judges with leanings."""
    rng = np.random.default_rng(seed)
    parts = []
    for arm in ("base", "new"):
        own = rng.normal(0, case, cases)
        for repeat in range(repeats):
            draw = own + rng.normal(0, sampling, cases)
            columns = {
                f"score_j{j}": draw + 0.2 * j * (arm == "new") + rng.normal(0, judge, cases)
                for j in range(judges)
            }
            fixed = {"arm": arm, "case_id": [f"c{i}" for i in range(cases)], "repeat": repeat, "status": "ok"}
            parts.append(pd.DataFrame({**fixed, "cost_usd": 0.001, **columns}))
    frame = pd.concat(parts, ignore_index=True)
    names = [name for name in frame if str(name).startswith("score_")]
    frame[names] = frame[names].where(rng.random((len(frame), judges)) >= lost)
    return frame[rng.random(len(frame)) >= lost]


@pytest.mark.parametrize("lost", [0.0, 0.25])
def test_the_parts_are_those_put_in(lost: float) -> None:
    """Over tables the mean estimate is the true variance, with missing repeats and missing judges as well."""
    found = np.mean(
        [
            variance_split(scored(seed, judges=3, lost=lost), "j0", "base", "new", judges=["j1", "j2"])
            .parts["sd_single"]
            .to_numpy()
            ** 2
            for seed in range(30)
        ],
        axis=0,
    )
    truth = np.array([0.08, 0.02, 0.005, 0.04, 0.01, 0.0025, 0.04, 0.01, 0.0025])
    assert np.allclose(found, truth, rtol=0.08)


def test_the_parts_make_up_the_whole() -> None:
    """Shares add up to 1; the width as it is is the comparison's; a score alone has no judge's part."""
    frame = scored(1)
    result = variance_split(frame, "j0", "base", "new")
    assert tuple(result.frame.columns) == PART_COLUMNS
    assert result.parts.groupby("of")["share"].sum().to_numpy() == pytest.approx([1, 1, 1])
    row = compare(frame, "j0", "base").differences.iloc[0]
    assert result.width == pytest.approx(row["high"] - row["low"])
    judge = result.parts[result.parts["part"] == "judge"]
    assert judge["variance"].isna().all()
    assert judge["reason"].str.contains("one score a trial").all()


def test_sampling_that_outweighs_is_not_negative() -> None:
    """Where cases do not differ at all the case part is near 0 and never below."""
    results = [variance_split(scored(seed, case=0.0, sampling=0.3), "j0", "base", "new") for seed in range(8)]
    cases = [result.parts["variance"].iloc[0] for result in results]
    assert min(cases) == 0
    assert max(cases) < 0.02
    assert any(result.parts["reason"].iloc[0] == "estimated below zero" for result in results)


def test_options_are_what_the_formula_gives() -> None:
    """Each width is that of its part divided, at the same money; without other prices cases win."""
    result = variance_split(scored(2, judges=2), "j0", "base", "new", judges=["j1"])
    assert tuple(result.options.columns) == OPTION_COLUMNS
    case, sampling, judge = result.parts["variance"].iloc[:3]
    widths = result.options.set_index("buy")["width"]
    scale = result.width / math.sqrt(case + sampling + judge)
    assert widths["repeats"] == pytest.approx(scale * math.sqrt(case + (sampling + judge) / 2))
    # Two labels an answer at an answer's price: three times the price so far buys 2 * 1.5 times more.
    assert widths["labels"] == pytest.approx(scale * math.sqrt(case + sampling + judge / 2.5))
    assert widths["cases"] < result.width / math.sqrt(2)
    assert result.advice == "cases"
    assert result.options["more"].tolist() == pytest.approx([200, 3, 3])


def test_dear_cases_make_repeats_the_better_buy() -> None:
    """Where a case costs far more than its calls and draws scatter most, repeats win; labels likewise."""
    noisy = scored(3, case=0.02, sampling=0.4)
    result = variance_split(noisy, "j0", "base", "new", case_usd=1.0)
    assert result.advice == "repeats"
    assert "Buy repeats." in result.summary
    judged = scored(3, judges=2, case=0.02, sampling=0.02, judge=0.5)
    cheap = variance_split(judged, "j0", "base", "new", judges=["j1"], label_usd=1e-6)
    assert cheap.advice == "labels"


def test_without_repeats_case_and_sampling_are_one() -> None:
    """One repeat a case: both parts unknown, with the reason; cases are still reckoned."""
    frame = scored(4, repeats=1)
    result = variance_split(frame, "j0", "base", "new")
    own = result.parts[result.parts["of"] == "difference"]
    assert own["variance"].isna().all()
    assert own["reason"].iloc[0].startswith("no case has two scored repeats")
    assert result.options["width"].notna().tolist() == [True, False, False]
    assert result.width == pytest.approx(
        compare(frame, "j0", "base").differences.iloc[0][["low", "high"]].diff().iloc[1]
    )
    assert "repeats: unknown" in result.summary


def test_unknown_prices_count_answers() -> None:
    """Without costs every answer is a unit, and the words say that prices are unknown."""
    result = variance_split(scored(5).drop(columns="cost_usd"), "j0", "base", "new")
    assert result.price.startswith("1,200 answers' worth, prices unknown")
    assert variance_split(scored(5), "j0", "base", "new").price.startswith("$1.20")


def test_one_case_says_nothing() -> None:
    """Below two cases there is no variance, no width and no advice."""
    result = variance_split(scored(6, cases=1), "j0", "base", "new")
    assert math.isnan(result.width)
    assert result.advice is None
    assert "cannot be told" in result.summary


def test_unknown_names_are_refused() -> None:
    """Arms and scores must be in the table."""
    with pytest.raises(DatasetError, match="no arm"):
        variance_split(scored(7), "j0", "base", "gone")
    with pytest.raises(DatasetError, match="no score"):
        variance_split(scored(7), "j0", "base", "new", judges=["j9"])
