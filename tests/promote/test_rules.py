"""The gate's rules, one by one: pass, fail, unclear, not applicable."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.promote.world import (
    ARMS,
    BETTER,
    CHEAPER,
    DEARER,
    INCUMBENT,
    SAME,
    UNCLEAR,
    UNPRICED,
    WORSE,
    comparison,
)
from workbench.analyze.selection import CONFIRMATION_COLUMNS, Confirmation
from workbench.analyze.slices import LEFT_OUT_COLUMNS, SLICE_COLUMNS, Slices
from workbench.plan.gate import Gate
from workbench.promote.evidence import Evidence, Judge
from workbench.promote.looks import Looks
from workbench.promote.rulebook import RULES
from workbench.promote.rules import wb113_judge
from workbench.promote.rules.finding import Facts, Finding

SHIFTED_OFF = {"difference": -0.04, "low": -0.06, "high": -0.025, "verdict": "worse"}
SMALL_LOSS = {"difference": -0.03, "low": -0.05, "high": -0.005, "verdict": "worse"}


MANY = ARMS["many"].name


def trials(**columns: list[Any]) -> pd.DataFrame:
    """Return the challenger's trials with these columns, beside as many good ones of the incumbent."""
    count = len(next(iter(columns.values())))
    good = {"refused": "ok"}
    other = {name: [good.get(value, 1.0) for value in values] for name, values in columns.items()}
    rows = [
        pd.DataFrame({"arm": name, "status": "ok"} | made, index=range(count))
        for name, made in ((INCUMBENT, other), (MANY, columns))
    ]
    return pd.concat(rows, ignore_index=True)


def found(
    code: str,
    row: dict[str, Any],
    *,
    arm: dict[str, Any] | None = None,
    gate: Gate | None = None,
    evidence: Evidence | None = None,
) -> Finding:
    """Return one rule's finding on a challenger with these figures."""
    gate = gate or Gate()
    facts = Facts.of(comparison({"many": row}, arms={"many": arm or {}}, gate=gate), MANY, gate, evidence)
    return next(finding for finding in (rule(facts) for rule in RULES) if finding.code == code)


def sliced(verdict: str, reason: str | None = None) -> Slices:
    """Return slices by topic in one of which the challenger has this verdict."""
    row = {"slice": "refunds", "arm": MANY, "n_cases": 40, "verdict": verdict, "reason": reason}
    figures = {"difference": -0.2, "low": -0.3, "high": -0.1}
    return Slices(
        score="exact",
        incumbent=INCUMBENT,
        by="topic",
        margin=0.02,
        alpha=0.05,
        min_cases=10,
        table=pd.DataFrame([row | figures], columns=list(SLICE_COLUMNS)),
        left_out=pd.DataFrame(columns=list(LEFT_OUT_COLUMNS)),
    )


def confirmation(chosen: str, verdict: str) -> Confirmation:
    """Return a confirmation of this arm with this verdict."""
    figures = {"arm": chosen, "n_cases": 100, "difference": 0.1, "low": 0.02, "high": 0.2, "verdict": verdict}
    rows = [{"estimate": name} | figures for name in ("naive", "shrunken", "choosing", "confirmed")]
    return Confirmation(
        score="exact",
        incumbent=INCUMBENT,
        margin=0.02,
        alpha=0.05,
        share=0.5,
        seed=1,
        chosen=chosen,
        table=pd.DataFrame(rows, columns=list(CONFIRMATION_COLUMNS)),
        kept=np.nan,
    )


def judge(low: float, high: float) -> Judge:
    """Return a judge that agrees with people so much."""
    return Judge(score="exact", agreement=(low + high) / 2, low=low, high=high, measure="kappa", labels=80)


ASKED: dict[str, Any] = {
    "max_refusal_share": 0.1,
    "min_valid_share": 0.9,
    "max_guard_share": 0.0,
    "min_judge_agreement": 0.6,
    "slice_by": "topic",
    "confirm_share": 0.5,
}
"""Settings of a gate that asks for everything there is."""

BROKEN = Evidence(
    trials=trials(
        status=["refused", "ok", "ok", "ok"],
        score_json_valid=[np.nan, 1.0, 0.0, 1.0],
        score_guard_secrets=[np.nan, 1.0, 1.0, 0.0],
    ),
    cases_planned="a" * 64,
    cases_now="b" * 64,
    judge=judge(0.2, 0.4),
    slices=sliced("worse"),
    confirmation=confirmation(MANY, "cannot tell"),
    looks=Looks(count=3),
)
"""Evidence by which every rule on it fails."""

SOUND = Evidence(
    trials=trials(status=["ok"] * 3, score_json_valid=[1.0, 1.0, 1.0], score_guard_secrets=[1.0, 1.0, 1.0]),
    cases_planned="a" * 64,
    cases_now="a" * 64,
    judge=judge(0.7, 0.9),
    slices=sliced("cannot tell"),
    confirmation=confirmation(MANY, "better"),
    looks=Looks(),
)
"""Evidence by which every rule on it passes."""

ON_EVIDENCE = ("WB110", "WB111", "WB112", "WB113", "WB114", "WB115", "WB116", "WB117")


def test_every_rule_keeps_the_form() -> None:
    """A rule lies in the file of its code, codes ascend, and whatever needs mending has a remedy."""
    gate = Gate(max_cost_usd_per_1000=0.5, max_p95_s=0.1, min_cases=500, **ASKED)
    broken = {"answered": 300, "scored": 300, "error_share": 0.5, "served_models": "a, b", "cost_known": 5}
    facts = Facts.of(
        comparison(
            {"many": WORSE | {"share_gap": -0.5, "verdict_if_failures_wrong": "better"}},
            arms={"many": broken},
            gate=gate,
        ),
        MANY,
        gate,
        BROKEN,
    )
    findings = [rule(facts) for rule in RULES]
    assert [finding.code for finding in findings] == sorted({finding.code for finding in findings})
    for rule, finding in zip(RULES, findings, strict=True):
        assert inspect.getmodule(rule).__name__.rsplit(".", 1)[1].startswith(finding.code.lower())
        assert re.fullmatch(r"WB\d{3}", finding.code)
        assert finding.outcome == "fail"
        assert finding.remedy
        assert finding.evidence.startswith(f"{ARMS['many'].name}: ")


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        (BETTER, "pass"),
        (SAME | CHEAPER, "pass"),
        (SAME | DEARER, "fail"),
        (SAME | UNPRICED, "unclear"),
        (UNCLEAR | DEARER, "unclear"),
        (UNCLEAR | CHEAPER, "unclear"),
        (WORSE | CHEAPER, "fail"),
        (WORSE | UNPRICED, "fail"),
        (SHIFTED_OFF | CHEAPER, "fail"),
        (SMALL_LOSS | CHEAPER, "unclear"),
        (SMALL_LOSS | DEARER, "fail"),
        (dict.fromkeys(("difference", "low", "high"), np.nan) | {"verdict": "cannot tell"}, "unclear"),
    ],
)
def test_quality(row: dict[str, Any], outcome: str) -> None:
    """Better passes; as good passes where it is cheaper; what cannot become either fails; else unclear."""
    assert found("WB101", row).outcome == outcome


def test_quality_asks_for_prices_where_they_decide() -> None:
    """An arm as good but unpriced is told to declare prices, not to buy cases."""
    assert "prices" in found("WB101", SAME | UNPRICED).remedy


@pytest.mark.parametrize(
    ("limit", "outcome"), [(None, "not applicable"), (1.2, "pass"), (0.8, "fail"), (1.0, "unclear")]
)
def test_cost(limit: float | None, outcome: str) -> None:
    """The whole interval counts against the limit."""
    assert found("WB102", BETTER, gate=Gate(max_cost_usd_per_1000=limit)).outcome == outcome


def test_unknown_cost_is_unclear() -> None:
    """Without a price a cost limit is neither kept nor broken."""
    unknown = {"cost_usd_per_1000": np.nan, "cost_low": np.nan, "cost_high": np.nan, "cost_known": 0}
    finding = found("WB102", BETTER, arm=unknown, gate=Gate(max_cost_usd_per_1000=1))
    assert finding.outcome == "unclear"
    assert "cost unknown" in finding.evidence
    assert found("WB109", BETTER, arm=unknown).outcome == "fail"


@pytest.mark.parametrize(
    ("limit", "outcome"), [(None, "not applicable"), (0.7, "pass"), (0.3, "fail"), (0.5, "unclear")]
)
def test_latency(limit: float | None, outcome: str) -> None:
    """The whole interval of p95 counts against the limit."""
    assert found("WB103", BETTER, gate=Gate(max_p95_s=limit)).outcome == outcome


def test_latency_without_an_upper_bound_is_unclear() -> None:
    """Too few calls for an upper bound: unclear, said so."""
    finding = found("WB103", BETTER, arm={"latency_p95_high_s": np.nan}, gate=Gate(max_p95_s=0.7))
    assert finding.outcome == "unclear"
    assert "unknown" in finding.evidence


@pytest.mark.parametrize(
    ("code", "arm", "row"),
    [
        ("WB104", {"error_share": 0.06, "answered": 564}, {}),
        ("WB105", {}, {"share_gap": -0.011}),
        ("WB106", {"answered": 590}, {"verdict_if_failures_wrong": "cannot tell"}),
        ("WB107", {"served_models": "minilm-1, minilm-2"}, {}),
        ("WB108", {}, {"n_cases": 29}),
        ("WB109", {"cost_known": 599}, {}),
    ],
)
def test_each_other_rule_passes_and_fails(code: str, arm: dict[str, Any], row: dict[str, Any]) -> None:
    """Each fails on its own fault, and passes or does not apply without it."""
    assert found(code, BETTER | row, arm=arm).outcome == "fail"
    assert found(code, BETTER).outcome in ("pass", "not applicable")


def test_mixed_models_can_be_allowed() -> None:
    """A gate that allows mixed models is not asked about them."""
    mixed = {"served_models": "a, b"}
    assert found("WB107", BETTER, arm=mixed, gate=Gate(allow_mixed_models=True)).outcome == "not applicable"


@pytest.mark.parametrize("code", ON_EVIDENCE)
def test_rules_on_evidence_pass_and_do_not_apply(code: str) -> None:
    """Each passes on sound evidence, and does not apply where the gate does not ask or nothing is known."""
    assert found(code, BETTER, gate=Gate(**ASKED), evidence=SOUND).outcome == "pass"
    assert found(code, BETTER).outcome == "not applicable"


@pytest.mark.parametrize("code", ON_EVIDENCE[:4] + ON_EVIDENCE[5:7])
def test_what_the_gate_asks_for_and_nobody_looked_at_is_unclear(code: str) -> None:
    """A limit does not pass because nothing is known: unclear, with what to do."""
    finding = found(code, BETTER, gate=Gate(**ASKED))
    assert finding.outcome == "unclear"
    assert finding.remedy


def test_the_figures_of_shares_are_said() -> None:
    """Refusals of all, valid answers and guards' findings of what was checked."""
    gate = Gate(**ASKED)
    said = {code: found(code, BETTER, gate=gate, evidence=BROKEN).evidence for code in ON_EVIDENCE}
    assert "1 of 4 refused (25.0%)" in said["WB110"]
    assert "2 of 3 answers valid (66.7%)" in said["WB111"]
    assert "secrets 1 of 3" in said["WB112"]
    assert "kappa 0.30 (0.20 to 0.40) on 80 labels" in said["WB113"]
    assert "worse in refunds (n 40) -20.0 points" in said["WB115"].replace("\N{MINUS SIGN}", "-")
    assert "looked at 3 times" in said["WB117"]


def test_a_judge_in_between_is_unclear() -> None:
    """The whole interval counts; a judge of another score says nothing."""
    gate = Gate(**ASKED)
    assert found("WB113", BETTER, gate=gate, evidence=Evidence(judge=judge(0.5, 0.7))).outcome == "unclear"
    other = replace(judge(0.7, 0.9), score="polite")
    assert found("WB113", BETTER, gate=gate, evidence=Evidence(judge=other)).outcome == "unclear"


def test_a_judge_is_held_to_a_floor_where_the_gate_names_none() -> None:
    """The lower bound of kappa counts against .4: above it passes, across it is unclear, below it fails."""
    outcomes = {
        (low, high): found("WB113", BETTER, gate=Gate(), evidence=Evidence(judge=judge(low, high))).outcome
        for low, high in ((0.4, 0.6), (0.39, 0.6), (0.1, 0.39))
    }
    assert list(outcomes.values()) == ["pass", "unclear", "fail"]
    assert found("WB113", BETTER, gate=Gate(), evidence=Evidence()).outcome == "not applicable"


def test_a_judge_nobody_held_against_people_is_unclear() -> None:
    """Neither is one that has changed since: its agreement is another's."""
    bare = found("WB113", BETTER, gate=Gate(), evidence=Evidence(judge=Judge.unheld("exact")))
    assert (bare.outcome, "not held against people" in bare.evidence) == ("unclear", True)
    held = replace(judge(0.8, 0.9), digest="d1")
    for now, outcome in (("d1", "pass"), ("d2", "unclear")):
        assert found("WB113", BETTER, gate=Gate(), evidence=Evidence(judge=held.seen(now))).outcome == outcome


def test_scores_corrected_by_labels_need_no_trust() -> None:
    """Whatever the judge is worth, and whatever the gate asks: not applicable."""
    for gate in (Gate(), Gate(**ASKED)):
        result = replace(comparison({"many": BETTER}, gate=gate), labels=120)
        finding = wb113_judge.check(Facts.of(result, MANY, gate, Evidence(judge=judge(0.0, 0.1))))
        assert finding.outcome == "not applicable"
        assert "120 labels" in finding.evidence


def test_a_slice_too_small_is_counted_and_not_judged() -> None:
    """It does not break the gate, and is said."""
    small = Evidence(slices=sliced("cannot tell", "fewer than 10 independent cases: not tested"))
    finding = found("WB115", BETTER, gate=Gate(**ASKED), evidence=small)
    assert finding.outcome == "pass"
    assert "0 slices of topic tested, 1 too small" in finding.evidence


def test_only_the_chosen_arm_is_confirmed() -> None:
    """Where the choosing cases chose another arm, this one is not confirmed."""
    other = Evidence(confirmation=confirmation("few@m", "better"))
    finding = found("WB116", BETTER, gate=Gate(**ASKED), evidence=other)
    assert finding.outcome == "fail"
    assert "chose few@m" in finding.evidence


@pytest.mark.parametrize(
    ("looks", "outcome"),
    [
        (Looks(), "pass"),
        (Looks(count=2), "fail"),
        (Looks(way="race"), "fail"),
        (Looks(way="race", settled_by="an anytime-valid interval"), "pass"),
        (Looks(count=2, settled_by="new cases"), "pass"),
    ],
)
def test_looks(looks: Looks, outcome: str) -> None:
    """One look at what was planned suffices; any other needs what allows for it, which is said."""
    finding = found("WB117", BETTER, evidence=Evidence(looks=looks))
    assert finding.outcome == outcome
    assert (looks.settled_by or "") in finding.evidence
