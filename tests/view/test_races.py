"""The card of a race: who is left, over time, static, escaped."""

from __future__ import annotations

import pytest

from tests.analyze.tables import trial_table
from tests.view.hostile import plain, shown, texts
from tests.view.world import PAYLOADS
from workbench.analyze.race import Race, race_result
from workbench.analyze.racing import Rules, replay
from workbench.view import charts
from workbench.view.plots.race import MOST_ARMS


def raced(names: tuple[str, ...] = ("good", "bad"), cases: int = 120) -> Race:
    """Return a race in which the first challenger is far ahead of the incumbent, and the others behind."""
    arms = {"base": (0.5, 1e-5)} | dict.fromkeys(names, (0.1, 1e-05)) | {names[0]: (0.98, 1e-5)}
    frame = trial_table(arms, cases=cases, repeats=1)
    order = list(dict.fromkeys(frame["case_id"]))
    racing = replay(frame, "exact", arms=list(arms), cases=order, repeats=1, rules=Rules(incumbent="base"))
    return race_result(racing, frame, "exact", ended="one arm is left", grid=len(frame))


def test_the_card_says_who_is_left_and_what_it_took() -> None:
    """The winner in the heading, calls of the grid, since when and by whom the others are out."""
    race = raced()
    html = plain(shown(race))
    assert race.winner == "good"
    assert "good is left" in html
    assert f"of the grid's {race.grid:,}" in html
    assert "eliminated by good" in html


def test_the_picture_has_a_panel_a_challenger() -> None:
    """Each with its status; the intervals are said to hold at every look."""
    words = texts(charts.race(raced()))
    for said in ("good: winner", "bad: eliminated", "hold at every look", "incumbent: base"):
        assert said in words
    assert "base: " not in words.replace("incumbent: base", "")


def test_many_challengers_are_cut_and_counted() -> None:
    """More panels than a page takes: the rest is counted."""
    many = raced(tuple(f"arm {index:02}" for index in range(MOST_ARMS + 2)), cases=30)
    assert "2 more: see .sequence(arm)" in texts(charts.race(many))


def test_before_the_first_case_there_are_words() -> None:
    """Nothing is complete: the picture says so."""
    frame = trial_table({"base": (0.5, 1e-5), "good": (0.9, 1e-5)}, cases=2, repeats=1)
    rules = Rules(incumbent="base")
    racing = replay(
        frame.iloc[:1], "exact", arms=["base", "good"], cases=["c0", "c1"], repeats=1, rules=rules
    )
    none = race_result(racing, frame.iloc[:1], "exact", ended="it was stopped", grid=4)
    assert "No case is complete yet" in texts(charts.race(none))
    assert "2 arms are left" in shown(none)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_text(payload: str) -> None:
    """An arm may be called anything: nothing runs, in the card and the picture."""
    race = raced((payload, "bad"), cases=30)
    shown(race)
    texts(charts.race(race))
