"""The evidence beside a comparison: gathered as the gate asks, from a real table to the verdict."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from tests.analyze.tables import trial_table
from workbench.analyze.agreement import agreement
from workbench.analyze.compare import compare
from workbench.plan.gate import Gate
from workbench.promote.decision import Decision, decide
from workbench.promote.evidence import Judge, gather
from workbench.promote.looks import Looks


def table() -> pd.DataFrame:
    """Return a table in which `good` is better on the whole, and much worse in one topic."""
    frame = trial_table({"base": (0.6, 0.001), "good": (0.9, 0.001)}, cases=200)
    number = frame["case_id"].str[1:].astype(int)
    frame["case_topic"] = (number % 5 == 0).map({True: "refunds", False: "rest"})
    lost = (frame["case_topic"] == "refunds") & (frame["arm"] == "good")
    return frame.assign(score_exact=frame["score_exact"].mask(lost, 0.0))


def decided(gate: Gate, **known: Any) -> Decision:
    """Return the decision on the table by a gate."""
    frame = table()
    result = compare(frame, gate.score, "base", gate.margin, gate.alpha)
    evidence = gather(frame, gate, "base", **known)
    return decide(result, gate, study="s", execution_id="e", plan_hash="p", evidence=evidence)


def test_only_what_the_gate_asks_for_is_gathered() -> None:
    """Neither slices nor a split where nobody asked; the trials always."""
    plain = gather(table(), Gate(), "base")
    assert plain.slices is None
    assert plain.confirmation is None
    assert plain.trials is not None
    asked = gather(table(), Gate(slice_by="topic", confirm_share=0.5), "base", seed=3)
    assert asked.slices is not None
    assert asked.confirmation is not None
    assert asked.confirmation.seed == 3


def test_a_broken_slice_keeps_the_incumbent() -> None:
    """Better on the whole is promoted, but not by a gate that watches the topic it breaks."""
    assert decided(Gate()).verdict == "promote"
    watched = decided(Gate(slice_by="topic"))
    assert watched.verdict == "keep"
    assert "WB115" in watched.reasons[0]
    assert "refunds" in watched.reasons[0]


def test_a_choice_that_is_confirmed_is_promoted() -> None:
    """The second half says the same."""
    assert decided(Gate(confirm_share=0.5)).verdict == "promote"


def test_changed_cases_and_uncounted_looks_are_not_enough() -> None:
    """A promotion is refused, and the incumbent is not said to be the better one."""
    changed = decided(Gate(), cases_planned="a" * 64, cases_now="b" * 64)
    assert changed.verdict == "not enough evidence"
    assert "WB114" in changed.reasons[0]
    looked = decided(Gate(), looks=Looks(count=2))
    assert looked.verdict == "not enough evidence"
    assert "WB117" in looked.reasons[0]


def test_a_regression_is_named() -> None:
    """An arm shown to be worse is one; an arm that is better, or that loses less than the margin, is none."""
    frame = trial_table({"base": (0.8, 0.001), "bad": (0.5, 0.001), "good": (0.95, 0.001)}, cases=200)
    for margin, named in ((0.02, ("bad",)), (0.9, ())):
        gate = Gate(margin=margin)
        result = compare(frame, gate.score, "base", gate.margin, gate.alpha)
        decision = decide(result, gate, study="s", execution_id="e", plan_hash="p")
        assert decision.regressions == named


def test_a_decision_has_an_identity() -> None:
    """The same evidence and gate are the same decision; another gate is another one."""
    assert decided(Gate()).hash == decided(Gate()).hash
    assert decided(Gate()).hash != decided(Gate(min_cases=31)).hash


def test_a_judges_agreement_is_taken_from_the_table_of_agreement() -> None:
    """Kappa with its interval and the labels it rests on; another statistic where it is asked for."""
    people = [1.0, 0.0] * 60
    said = [1.0, 0.0] * 55 + [0.0, 1.0] * 5
    found = agreement(pd.DataFrame({"person": people, "polite": said}), ["polite"])
    judge, row = Judge.of(found, "polite", "exact"), found.row("polite", "kappa")
    assert (judge.score, judge.measure, judge.labels, judge.stale) == ("exact", "kappa", 120, False)
    assert (judge.agreement, judge.low, judge.high) == (row["estimate"], row["low"], row["high"])
    assert judge.agreement == pytest.approx(1 - (10 / 120) / 0.5)
    assert Judge.of(found, "polite", measure="gwet_ac1").score == "polite"


def test_a_decision_rests_on_no_judge_that_people_did_not_confirm() -> None:
    """The same figures promote by a trusted judge, and do not by one that nobody held against people."""
    trusted = Judge(score="exact", agreement=0.8, low=0.7, high=0.9, measure="kappa", labels=200)
    assert decided(Gate(), judge=trusted).verdict == "promote"
    assert decided(Gate(), judge=Judge.unheld("exact")).verdict == "not enough evidence"
