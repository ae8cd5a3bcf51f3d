"""The study of the cache: its log is long, varied and honest, and apart from the cases that judge prompts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from workbench.define.study import Study
from workbench.semantic.rules import bypass
from workbench.semantic.traffic import Traffic

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "faq-cache"
OWN = ("personal", "volatile")


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """The log as shipped."""
    return pd.read_csv(FOLDER / "traffic.csv", keep_default_na=False)


def test_shape(log: pd.DataFrame) -> None:
    """At least 600 requests of many users over days, by time; nights are quiet; two tenants."""
    at = pd.to_datetime(log["at"])
    assert len(log) >= 600
    assert at.is_monotonic_increasing
    assert at.dt.date.nunique() >= 7
    assert (at.dt.hour < 5).mean() < 0.02
    assert log["user"].nunique() >= 40
    assert set(log["feature"]) == {"chat", "search", "mail", "app"}
    assert set(log["tenant"]) == {"home", "office"}


def test_every_answer_is_an_entry_and_what_is_one_persons_has_its_own(log: pd.DataFrame) -> None:
    """Personal and volatile requests share their answer with none; ambiguous ones have no known answer."""
    entries = pd.read_csv(FOLDER / "answers.csv")
    assert entries["answer"].is_unique
    own = log["answer"].str.startswith(OWN)
    assert log["answer"][own].is_unique
    assert 0.05 <= own.mean() <= 0.12
    assert set(log["answer"][~own]) - {""} == set(entries["answer"])
    assert 1 <= (log["answer"] == "").sum() <= 10


def test_no_template_behind_the_requests(log: pd.DataFrame) -> None:
    """Few are equal word for word, and no five first words occur often among the different ones."""
    texts = log["text"].drop_duplicates()
    assert 0.02 <= 1 - len(texts) / len(log) <= 0.10
    starts = [re.sub(r"[^\w\s]", "", text.lower()).split()[:5] for text in texts]
    assert Counter(tuple(start) for start in starts if len(start) == 5).most_common(1)[0][1] <= 6


def test_the_cases_are_not_taken_from_the_log(log: pd.DataFrame) -> None:
    """No case and no example is a request, and every entry has an example."""
    study = Study.load(FOLDER / "study.yaml")
    assert study.examples is not None
    asked = {text.lower() for text in log["text"]}
    for part in (study.dataset, study.examples):
        assert not asked & {text.lower() for text in part.frame["text"]}
    assert set(study.examples.frame["answer"]) == set(study.dataset.labels)
    assert len(study.dataset) >= 120
    assert len(study.variants) == 3


def test_nobody_is_in_the_log(log: pd.DataFrame) -> None:
    """Addresses are reserved ones."""
    assert not [text for text in log["text"] if "@" in text and "@example.org" not in text]


def test_what_the_rules_catch() -> None:
    """Of the log, after which they were written, nearly all; of other words few: README says so."""
    log = Traffic.from_csv(FOLDER / "traffic.csv", answer="answer", partition=["tenant"])
    own = log.rows["answer"].str.startswith(OWN).fillna(False).to_numpy(dtype=bool)
    assert (own & ~log.cacheable).sum() == 48
    assert (own.sum(), (~own & ~log.cacheable).sum()) == (52, 7)
    other = pd.read_csv(FOLDER / "rules.csv")
    caught = pd.Series(bypass(other["text"].tolist())).notna()
    counts = caught.groupby(other["expected"]).agg(["sum", "size"])
    assert counts.loc["bypass"].tolist() == [6, 44]
    assert counts.loc["cache"].tolist() == [1, 44]
