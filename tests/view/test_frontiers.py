"""The cards of the front and of all pairs: every figure written, static, escaped."""

from __future__ import annotations

import pytest

from tests.view.hostile import compared, plain, shown, texts
from tests.view.world import PAYLOADS
from workbench.view import charts


def test_the_front_says_probabilities_and_what_is_shown() -> None:
    """Each arm has its chance of being on the front and of being the cheapest good one, and its status."""
    found = compared().frontier(draws=300)
    html = plain(shown(found))
    row = found.table.iloc[0]
    assert f"{100 * row['p_front']:.0f} %" in html
    assert f"{100 * row['p_cheapest']:.0f} %" in html
    assert str(row["status"]) in html
    assert "not worse than the best by more than 2.0 points" in html
    assert "300 bootstrap draws" in html


def test_a_front_without_prices_has_dashes() -> None:
    """An unknown cost is a dash, and no probability is made of it."""
    known = compared()
    assert known.trials is not None
    bare = known.trials.assign(cost_usd=float("nan"))
    from workbench.analyze.compare import compare

    html = plain(shown(compare(bare, "exact", known.incumbent, 0.02).frontier(draws=100)))
    assert "$" not in html.partition("Cheapest first")[2]
    assert "–" in html


def test_all_pairs_are_drawn_and_squared() -> None:
    """Three arms: three intervals in the picture, and a square of differences without its diagonal."""
    found = compared().all_pairs(draws=300)
    words = texts(charts.pairs(found))
    assert "few-shot – terse" in words
    assert "for all 3 pairs at once" in words
    html = plain(shown(found))
    assert html.count("<img ") == 1
    assert f"{100 * found.matrix.iloc[0, 2]:+.1f} points" in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_text(payload: str) -> None:
    """An arm may be called anything: nothing runs, in cards and pictures."""
    result = compared(payload)
    pairs = result.all_pairs(draws=50)
    shown(result.frontier(draws=50))
    shown(pairs)
    texts(charts.pairs(pairs))
