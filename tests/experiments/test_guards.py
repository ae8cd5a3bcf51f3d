"""The corpus of the guards: large, in two halves without a common group; what ships was trained on one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np

from experiments.guards.corpus import FOLDER, LISTED, corpus, half, more
from experiments.guards.train import CATEGORIES, fit, matrix
from workbench.client.guards.linear import shipped
from workbench.core.redact import redact

ROWS = corpus()


def test_shape() -> None:
    """At least 400 different texts; of each category, and of its look-alikes, several in each half."""
    assert len(ROWS) >= 400
    assert len({row.text for row in [*ROWS, *more()]}) == len(ROWS) + len(more())
    assert len({row.row_id for row in ROWS}) == len(ROWS)
    for which in ("tune", "held"):
        rows = half(ROWS, which)
        real = Counter(category for row in rows for category in row.categories)
        near = Counter(row.near for row in rows if row.near)
        assert set(real) == set(near)
        assert min(real.values()) >= 5, real
        assert min(near.values()) >= 4, near


def test_no_group_is_in_both_halves() -> None:
    """Every row is in one half, with all of its group; what is trained on only is in none."""
    tune, held = half(ROWS, "tune"), half(ROWS, "held")
    assert len(tune) + len(held) == len(ROWS)
    groups = {row.group for row in tune}, {row.group for row in held}, {row.group for row in more()}
    assert not groups[0] & groups[1]
    assert not groups[2] & (groups[0] | groups[1])


def test_words_are_labeled() -> None:
    """A text in which a listed word stands plainly has the category, whatever else it is about."""
    pattern = re.compile(rf"(?i)\b({'|'.join(LISTED)})\b")
    for row in ROWS:
        assert "word" in row.categories or not pattern.search(row.text), row.row_id


def test_reserved_values_only() -> None:
    """No file holds the shape of a key; addresses and hosts are reserved for examples."""
    for path in sorted(Path(FOLDER).rglob("*.jsonl")):
        text = path.read_text(encoding="utf-8")
        assert redact(text) == text, path
        for domain in re.findall(r"@[\w.-]+\.(\w+)", text) + re.findall(r"https?://[\w.-]+\.(\w+)", text):
            assert domain in ("example", "com", "org", "net", "0"), (path, domain)
        for host in re.findall(r"[\w-]+\.(?:com|org|net)\b", text):
            assert host.startswith("example."), (path, host)


def test_what_ships_was_trained_on_the_first_half() -> None:
    """Trained again, the weights find what those that ship find, in every text of the corpus."""
    rows = [*half(ROWS, "tune"), *more()]
    x, every = matrix(rows), matrix(ROWS)
    for category in CATEGORIES:
        y = np.array([float(category in row.categories) for row in rows])
        ours = shipped()[category]
        apart = min(
            float(np.abs(every @ (w - ours.values) + b - ours.bias).max())
            for w, b in (fit(x, y, penalty) for penalty in (0.01, 0.03, 0.1, 0.3))
        )
        assert apart < 0.2, category
