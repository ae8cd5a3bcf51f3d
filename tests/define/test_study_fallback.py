"""Who stands in for a model, as a study file says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.define.test_study import GOOD, folder_with
from workbench.define.study import Study
from workbench.errors import StudyError


def load(tmp_path: Path, fallback: str) -> Study:
    """Return the good study with a fallback."""
    return Study.load(folder_with(tmp_path, GOOD + fallback))


def test_none(tmp_path: Path) -> None:
    """Without it nobody does."""
    assert load(tmp_path, "").fallback == {}


def test_it_is_read(tmp_path: Path) -> None:
    """A list of models for each name, and the file written is the same study."""
    study = load(
        tmp_path, "fallback:\n  mine: [offline/tfidf, {name: b, base_url: 'https://b.example/v1'}]\n"
    )
    assert study.fallback == {"mine": ("offline/tfidf", {"name": "b", "base_url": "https://b.example/v1"})}
    assert "fallback:" in study.to_yaml()


@pytest.mark.parametrize(
    ("fallback", "problem"),
    [
        ("fallback: {yours: [a/b]}\n", "unknown key 'yours' in fallback"),
        ("fallback: {mine: [mine]}\n", "cannot stand in for itself"),
        ("fallback: {mine: []}\n", "fallback.mine is empty"),
        ("fallback: {mine: a/b}\n", "fallback.mine"),
        ("fallback: {mine: [3]}\n", r"fallback.mine\[0\] is no model"),
        ("fallback: {mine: [{name: b, api_key: x}]}\n", "a key does not belong"),
        ("fallback: [mine]\n", "fallback is a list"),
    ],
)
def test_mistakes(tmp_path: Path, fallback: str, problem: str) -> None:
    """Each is refused with its line."""
    with pytest.raises(StudyError, match=problem) as caught:
        load(tmp_path, fallback)
    assert caught.value.line is not None
