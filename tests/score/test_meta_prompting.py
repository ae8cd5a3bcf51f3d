"""The scorers against a published study: 14 accuracies and 2,450 verdicts that others computed."""

from __future__ import annotations

import asyncio
import csv
from collections import defaultdict
from pathlib import Path

import pytest

from tests.evidence.meta_scorers import (
    PUBLISHED,
    VARIANTS,
    data_folder,
    final_answer,
    game_of_24,
    recorded_rows,
    recorded_trial,
    word_sorting,
)
from workbench.score.apply import rescore
from workbench.score.checks import exact
from workbench.score.functions import scorer

SCORERS = {"GameOf24": scorer(game_of_24), "word_sorting": scorer(word_sorting)}


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return the recordings' folder; without it the tests are skipped."""
    found = data_folder()
    if found is None:
        pytest.skip("the recordings are not on this machine (set WORKBENCH_DATA)")
    return found


def published(folder: Path, task: str) -> dict[str, float]:
    """Return others' verdicts on a task by trial id."""
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as lines:
        return {
            f"{task}/{row['variant']}/{row['idx']}": float(row["correct"])
            for row in csv.DictReader(lines)
            if row["task"] == task
        }


@pytest.mark.parametrize("task", PUBLISHED)
def test_published_accuracies(folder: Path, task: str) -> None:
    """The seven accuracies of a task come out as published, to the last digit."""
    trials = [recorded_trial(row) for row in recorded_rows(folder, task)]
    scores = asyncio.run(rescore(trials, [SCORERS[task]]))
    values = defaultdict(list)
    for trial, score in zip(trials, scores, strict=True):
        assert score.missing is None
        values[trial.variant].append(score.value)
    assert (
        tuple(round(100 * sum(values[name]) / len(values[name]), 6) for name in VARIANTS) == PUBLISHED[task]
    )


@pytest.mark.parametrize("task", PUBLISHED)
def test_published_verdicts(folder: Path, task: str) -> None:
    """Every single verdict agrees with the one that others computed."""
    trials = [recorded_trial(row) for row in recorded_rows(folder, task)]
    verdicts = {score.trial_id: score.value for score in asyncio.run(rescore(trials, [SCORERS[task]]))}
    theirs = published(folder, task)
    assert verdicts.keys() == theirs.keys()
    assert [name for name in theirs if verdicts[name] != theirs[name]] == []


def test_exact_without_a_function(folder: Path) -> None:
    """`exact` on the answer block agrees but for eight answers with commas and one without a block."""
    trials = [recorded_trial(row) for row in recorded_rows(folder, "word_sorting")]
    check = exact(within=r'(?i)>> final answer:\n"""(.*?)(?:"""|\Z)')
    scores = asyncio.run(rescore(trials, [check]))
    theirs = published(folder, "word_sorting")
    differing = [
        score for score in scores if score.value is not None and score.value != theirs[score.trial_id]
    ]
    outputs = {trial.trial_id: trial.output or "" for trial in trials}
    assert len(differing) == 8
    assert all("," in (final_answer(outputs[score.trial_id]) or "") for score in differing)
    assert [score.missing is not None for score in scores].count(True) == 1


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("(10 - 4) * (9 - 5) = 24", True),
        ("(10 - 4) * (9 - 5)", True),
        ("(10 - 4) * 4", False),
        ("10 + 4 + 9 + 5", False),
        ("(10 - 4) ** 2 * 9 / 5", False),
        ("10 / (4 - 4) * 9 * 5", False),
        ("24", False),
        ("__import__('os')", False),
        ("the sum is 24", False),
    ],
)
def test_game_of_24(answer: str, right: bool) -> None:
    """An expression counts where it makes 24 of each number once; nothing is executed."""
    output = f'Let us see.\n>> FINAL ANSWER:\n"""\n{answer}\n"""'
    assert game_of_24(output, {"input": "4 5 9 10"}) is right
