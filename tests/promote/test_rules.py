"""The gate's rules, one by one: pass, fail, unclear, not applicable."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest

from tests.promote.world import (
    ARMS,
    BETTER,
    CHEAPER,
    DEARER,
    SAME,
    UNCLEAR,
    UNPRICED,
    WORSE,
    comparison,
)
from workbench.plan.gate import Gate
from workbench.promote.rulebook import RULES
from workbench.promote.rules.finding import Facts, Finding

SHIFTED_OFF = {"difference": -0.04, "low": -0.06, "high": -0.025, "verdict": "worse"}
SMALL_LOSS = {"difference": -0.03, "low": -0.05, "high": -0.005, "verdict": "worse"}


def found(
    code: str, row: dict[str, Any], *, arm: dict[str, Any] | None = None, gate: Gate | None = None
) -> Finding:
    """Return one rule's finding on a challenger with these figures."""
    gate = gate or Gate()
    facts = Facts.of(comparison({"many": row}, arms={"many": arm or {}}, gate=gate), ARMS["many"].name, gate)
    return next(finding for finding in (rule(facts) for rule in RULES) if finding.code == code)


def test_every_rule_keeps_the_form() -> None:
    """A rule lies in the file of its code, codes ascend, and whatever needs mending has a remedy."""
    gate = Gate(max_cost_usd_per_1000=0.5, max_p95_s=0.1, min_cases=500)
    broken = {"answered": 300, "scored": 300, "error_share": 0.5, "served_models": "a, b", "cost_known": 5}
    facts = Facts.of(
        comparison(
            {"many": WORSE | {"share_gap": -0.5, "verdict_if_failures_wrong": "better"}},
            arms={"many": broken},
            gate=gate,
        ),
        ARMS["many"].name,
        gate,
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
