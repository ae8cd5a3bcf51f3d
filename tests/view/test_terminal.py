"""The decision in a terminal."""

from __future__ import annotations

import dataclasses

import pytest

from tests.view.world import PAYLOADS, world
from workbench.view.terminal import WIDTH, terminal


@pytest.fixture(scope="module")
def decision():
    """A decision, made once."""
    return world().decision


def test_the_card_is_a_box_of_at_most_a_hundred_columns(decision):
    """All lines are equally wide, and 100 columns are enough."""
    lines = terminal(decision).splitlines()
    assert {len(line) for line in lines} == {WIDTH}
    assert WIDTH <= 100


def test_the_card_says_verdict_arms_rules(decision):
    """The verdict in capitals, every arm, every rule of the chosen one with its sign."""
    text = terminal(decision)
    assert f"PROMOTE {decision.chosen}" in text
    assert "✓ WB101" in text
    for arm in decision.comparison.arms["arm"]:
        assert arm in text


def test_an_open_decision_says_what_would_settle_it():
    """Few cases: what is lacking, with its remedy."""
    text = terminal(world(cases=10).decision)
    assert "NOT ENOUGH EVIDENCE" in text
    assert "What would settle it:" in text
    assert "→" in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_steers_the_terminal(decision, payload):
    """Control characters and text direction marks do not come through."""
    text = terminal(dataclasses.replace(decision, study=payload, reasons=(payload, "x" * 500)))
    assert all(sign.isprintable() for line in text.splitlines() for sign in line)
    assert max(len(line) for line in text.splitlines()) == WIDTH
