"""The cards of slices, variance and confirmation: every figure written, static, escaped."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from tests.view.hostile import compared, plain, shown, texts
from tests.view.world import PAYLOADS
from workbench.view import charts
from workbench.view.plots.forest import MOST_ROWS


def test_slices_are_drawn_and_the_one_that_flips_is_named() -> None:
    """Every slice × challenger is drawn; small ones say why; what a slice left out changes is marked."""
    result = compared()
    found = result.slices("topic")
    words = texts(charts.slices(found))
    assert "By topic" in words
    assert "a · few-shot" in words
    html = plain(shown(found))
    assert html.count("<img ") == 1
    assert ("(another one)" in html) == bool(found.left_out["flips"].any())
    few = result.slices("topic", min_cases=30)
    assert "fewer than 30 independent cases: not tested" in plain(shown(few))


def test_many_slices_are_cut_and_counted() -> None:
    """A column with a value a case gives more rows than a picture takes; it says how many there are."""
    found = compared().slices(pd.Series({f"c{i}": f"s{i}" for i in range(60)}, name="own"))
    assert f"the first {MOST_ROWS} of 120" in texts(charts.slices(found))


def test_the_variance_says_what_to_buy() -> None:
    """Shares of case and sampling, the options for the same money, and the advice in the heading."""
    split = compared().variance("few-shot")
    html = plain(shown(split))
    assert f"buy {split.advice}" in html
    assert "more repeats of every case" in html
    share = split.parts.loc[split.parts["of"] == "difference", "share"].iloc[0]
    assert f"{100 * share:.0f} %" in html
    assert "labels" in html


def test_what_cannot_be_split_says_why() -> None:
    """One repeat a case: the reason stands where the share would."""
    result = compared()
    assert result.trials is not None
    once = dataclasses.replace(result, trials=result.trials[result.trials["repeat"] == 0])
    html = plain(shown(once.variance("few-shot")))
    assert "one repeat" in html.lower() or "repeats" in html


def test_the_winner_stands_beside_what_is_left_of_it() -> None:
    """Four estimates, drawn and written; the verdict of the confirming cases."""
    found = compared().confirm()
    words = texts(charts.confirmation(found))
    assert "on the other cases" in words
    html = plain(shown(found))
    assert found.chosen in html
    assert ("not confirmed" in html) is not found.confirmed
    for estimate in ("naive", "shrunken", "choosing", "confirmed"):
        assert estimate in html
    assert "fewer than 4 arms: no shrunken estimate" in html


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_text(payload: str) -> None:
    """Arms and slices may be called anything: nothing runs, in cards and pictures."""
    result = compared(payload, slice_of=payload)
    found = result.slices("topic")
    shown(found)
    texts(charts.slices(found))
    shown(result.variance(payload))
    shown(result.flips(payload))
    confirmed = result.confirm()
    shown(confirmed)
    texts(charts.confirmation(confirmed))
