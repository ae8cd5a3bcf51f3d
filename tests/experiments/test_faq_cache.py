"""The study of the cache: its log is long, varied and honest, and apart from the cases that judge prompts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from workbench.define.study import Study
from workbench.semantic.curve import CacheCurve, cache_curve
from workbench.semantic.embed import SentenceEmbedder
from workbench.semantic.guard import LexicalGuard
from workbench.semantic.neighbors import neighbors
from workbench.semantic.policy import CachePolicy
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


def test_the_figures_that_the_readme_says() -> None:
    """Hits and wrong answers by threshold, and what the guard does to wrong and to right ones."""
    traffic = Traffic.from_csv(FOLDER / "traffic.csv", answer="answer", partition=["tenant"])
    near = neighbors(SentenceEmbedder().embed(list(traffic.texts)), traffic.partitions, floor=0.5)

    def counts(curve: CacheCurve, *columns: str) -> list[list[int]]:
        rows: list[list[int]] = curve.table[list(columns)].astype(int).to_numpy().tolist()
        return rows

    curve = cache_curve(traffic, near, [0.5, 0.7, 0.8, 0.895, 0.98])
    assert curve.floor == pytest.approx(0.041, abs=0.0005)
    assert curve.ceiling == pytest.approx(0.771, abs=0.0005)
    assert counts(curve, "exact_hits", "semantic_hits", "wrong", "unknown") == [
        [23, 455, 183, 6],
        [26, 220, 45, 6],
        [26, 103, 24, 1],
        [29, 31, 6, 0],
        [29, 4, 0, 0],
    ]
    assert counts(curve, "right")[2:4] == [[104], [54]]
    guarded = cache_curve(traffic, near, [0.8, 0.895], CachePolicy(guard=LexicalGuard()))
    wrong = [row[0] for row in counts(guarded, "wrong")]
    assert wrong[0] < 24
    assert wrong[1] < 6
