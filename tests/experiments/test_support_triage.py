"""The study that ships: its tickets are many, varied, disjoint from the examples, and fit for slices."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from workbench.define.study import Study
from workbench.semantic.embed import SentenceEmbedder

FILE = Path(__file__).resolve().parents[2] / "experiments" / "support-triage" / "study.yaml"
KINDS = {"easy", "two-topics", "negation", "typos", "sarcasm", "terse", "long"}


@pytest.fixture(scope="module")
def study() -> Study:
    """The study as shipped."""
    return Study.load(FILE)


def test_shape(study: Study) -> None:
    """At least 400 cases, 8 labels, 4 variants, 2 models, 3 repeats, an incumbent and a gate."""
    assert len(study.dataset) >= 400
    assert len(study.dataset.labels) == 8
    assert len(study.variants) >= 4
    assert len(study.models) >= 2
    assert study.repeats == 3
    assert study.gate["margin"] > 0
    assert study.incumbent
    assert {"user", "feature", "channel", "timestamp", "kind"} <= set(study.dataset.columns)
    assert set(study.dataset.frame["kind"]) == KINDS
    assert min(study.dataset.frame["label"].value_counts()) >= 40


def test_examples_are_no_cases(study: Study) -> None:
    """No example's text is a case's text, and few examples are the beginning of the many."""
    assert study.examples is not None
    assert not set(study.examples.frame["text"]) & set(study.dataset.frame["text"])
    few, many = study.variants[2].examples, study.variants[3].examples
    assert few is not None
    assert many is not None
    assert set(few.frame["case_id"]) < set(many.frame["case_id"])
    assert Counter(few.frame["label"]) == dict.fromkeys(study.dataset.labels, 2)


def test_no_template_behind_the_tickets(study: Study) -> None:
    """No first five words occur more than three times."""
    words = [re.sub(r"[^\w\s]", "", text.lower()).split()[:5] for text in study.dataset.frame["text"]]
    assert Counter(map(tuple, words)).most_common(1)[0][1] <= 3


def test_no_unmarked_near_duplicates(study: Study) -> None:
    """No pair of tickets not marked as a pair is above cosine .92."""
    assert study.examples is not None
    rows = [*study.examples.cases, *study.dataset.cases]
    vectors = SentenceEmbedder().embed([str(case.values["text"]) for case in rows])
    similar = np.argwhere(np.triu(vectors @ vectors.T, k=1) > 0.92)
    unmarked = [
        (rows[i].case_id, rows[j].case_id)
        for i, j in similar
        if not rows[i].values["pair"] or rows[i].values["pair"] != rows[j].values["pair"]
    ]
    assert not unmarked
