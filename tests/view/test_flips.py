"""The card of flips: complete, escaped, and readable without color."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from tests.view.world import PAYLOADS, unsafe
from workbench.analyze.flips import Flips, flips
from workbench.analyze.worddiff import word_diff
from workbench.view.cards import renderers
from workbench.view.flips import MOST_CASES, MOST_LETTERS, diff_html, flips_card


def found(
    before: str = "it is a bug", after: str = "it is billing", cases: int = 3, case: str = "c"
) -> Flips:
    """Return flips in which every case is broken, with these outputs."""
    sides = {"old": (before, 1.0), "new": (after, 0.0)}
    rows = [
        {
            "arm": arm,
            "case_id": f"{case}{index}",
            "repeat": 0,
            "status": "ok",
            "output": output,
            "expected": "bug",
            "score_exact": score,
        }
        for index in range(cases)
        for arm, (output, score) in sides.items()
    ]
    return flips(pd.DataFrame(rows), "exact", "old", "new")


def test_counts_and_both_outputs_are_there() -> None:
    """Every kind with its number, and what was removed and added in each broken case."""
    html = renderers()[Flips](found())
    assert "3 broken" in html
    assert "0 fixed" in html
    assert html.count("<del ") == html.count("<ins ") == 3
    assert re.search(r"<del [^>]*>a bug</del><ins [^>]*>billing</ins>", html)
    assert "1 (n 1)" in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_outputs_are_text(payload: str) -> None:
    """Nothing that a model or a case says becomes markup, wherever it stands."""
    html = flips_card(found(before=payload, after=f"{payload} more", case=payload))
    assert unsafe(html) == []


def test_a_secret_cut_by_a_diff_is_not_shown() -> None:
    """A secret is taken out before the words are compared, so that no piece of it is left."""
    head = "sk-" + "proj-" + "Abc123" * 6
    html = flips_card(found(before=f"key {head}-{'x1' * 10}", after=f"key {head}-{'y2' * 10}"))
    assert "Abc123" not in html
    assert "y2y2" not in html


def test_what_is_left_out_is_said() -> None:
    """More cases than a card takes are counted; a long diff ends with a word on it."""
    html = flips_card(found(cases=MOST_CASES + 3))
    assert html.count("<del ") == MOST_CASES
    assert "3 more: see .frame" in html
    long = diff_html(word_diff("a " * MOST_LETTERS, "a " * MOST_LETTERS + "b"))
    assert "longer" in long
    assert len(long) < MOST_LETTERS + 500
