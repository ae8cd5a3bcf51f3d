"""The cards of a recheck and of a verification: what changed, in words, static, escaped."""

from __future__ import annotations

import pytest

from tests.analyze.tables import trial_table
from tests.analyze.test_drift import asked
from tests.view.hostile import plain, shown, texts
from tests.view.world import PAYLOADS
from workbench.analyze.drift import drift
from workbench.plan.gate import Gate
from workbench.promote.equal import EqualArms, equal_arms
from workbench.promote.verify import Difference, Verification
from workbench.view import charts


def verified(*differences: Difference) -> Verification:
    """Return what came of recomputing a decision."""
    return Verification(
        run_id="r1",
        execution_id="e1",
        verdict="promote",
        trials=1200,
        checked=345,
        taken=("WB117",),
        differences=differences,
    )


def test_a_changed_model_is_named() -> None:
    """The arm, why, and both names that served it; without a change there is no alarm."""
    changed = drift(asked(1), asked(2, model_served="m-2"), "exact")
    html = plain(shown(changed))
    assert "1 of 1 arms changed" in html
    assert "m-1 / m-2" in html
    same = plain(shown(drift(asked(1), asked(2), "exact")))
    assert "No sign of a change" in same
    assert "no proof" in same


def test_a_verification_counts_and_names_each_difference() -> None:
    """All equal, or every figure that is another one with both values."""
    html = plain(shown(verified()))
    assert "345 figures recomputed from 1,200 trials: all equal" in html
    assert "WB117" in html
    bad = plain(shown(verified(Difference(where="a: quality_mean", recorded=0.8, recomputed=0.7))))
    assert "1 not equal" in bad
    for said in ("a: quality_mean", "0.8", "0.7"):
        assert said in bad


def dealt(arm: str = "new") -> EqualArms:
    """Return equal arms, one of them called so."""
    frame = trial_table({"old": (0.5, 1e-5), arm: (0.9, 1e-5)}, cases=40)
    return equal_arms(frame, Gate(), "old", studies=40)


def test_equal_arms_are_drawn_beside_what_an_eager_reader_does() -> None:
    """Three ways of choosing with their intervals, and the error that the gate allows."""
    words = texts(charts.equal(dealt()))
    for said in ("the highest mean wins", "each test by itself", "the gate", "allowed: 5%", "of 40 studies"):
        assert said in words
    html = plain(shown(dealt()))
    assert "The gate promotes an arm in" in html
    assert html.count("<img ") == 1


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_text(payload: str) -> None:
    """What a store or a model says stays text."""
    shown(verified(Difference(where=payload, recorded=payload, recomputed=None)))
    shown(dealt(payload))
    shown(drift(asked(1, arms=(payload,)), asked(2, arms=(payload,), model_served=payload), "exact"))
