"""The decision: which verdict, which arm, why, and what would settle the rest."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from tests.analyze.tables import trial_table
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
    decided,
)
from workbench.analyze.compare import compare
from workbench.analyze.size import cases_needed
from workbench.errors import InputError
from workbench.plan.gate import Gate
from workbench.promote.decision import decide


def test_a_better_arm_is_promoted_in_words_a_person_understands() -> None:
    """The first reason says how much better, how sure, and at what price."""
    decision = decided({"few-shot": BETTER})
    assert decision.verdict == "promote"
    assert decision.chosen == ARMS["few-shot"].name
    assert decision.reasons[0] == (
        "promote few-shot@offline/minilm: +12.1 points (95 % 9.8 to 14.4), "
        "costs $0.12 more per 1,000 requests"
    )


def test_as_good_and_cheaper_is_promoted() -> None:
    """Not worse by the margin at a lower cost suffices."""
    assert decided({"few-shot": SAME | CHEAPER}).verdict == "promote"


def test_keep_needs_all_challengers_excluded() -> None:
    """Keep where every challenger is shown not to be fit; not enough evidence where one is open."""
    assert decided({"few-shot": WORSE, "many": SAME | DEARER}).verdict == "keep"
    assert decided({"few-shot": WORSE, "many": UNCLEAR}).verdict == "not enough evidence"


def test_an_endpoint_that_was_down_is_no_evidence() -> None:
    """Nothing answered on either side: not enough evidence. Nothing from the challenger alone: keep."""
    frame = trial_table({"a": (0.7, 0.001), "b": (0.7, 0.001)}, failing=1.0)
    names = {"study": "s", "execution_id": "e", "plan_hash": "0" * 64}
    result = compare(frame, "exact", "a", 0.02)
    decision = decide(result, Gate(), **names)
    assert decision.verdict == "not enough evidence"
    assert "180 of 180 unanswered (100.0%), limit 5.0%, the incumbent as often" in decision.reasons[0]
    better = trial_table({"a": (0.7, 0.001), "b": (0.7, 0.001)})
    mixed = pd.concat([better[better["arm"] == "a"], frame[frame["arm"] == "b"]])
    assert decide(compare(mixed, "exact", "a", 0.02), Gate(), **names).verdict == "keep"


def test_all_three_verdicts_side_by_side() -> None:
    """Each challenger has its own verdict; one promotable arm decides the whole."""
    decision = decided({"few-shot": BETTER, "many": UNCLEAR, "other": WORSE})
    verdicts = dict(zip(decision.verdicts["arm"], decision.verdicts["verdict"], strict=True))
    assert verdicts == {
        ARMS["few-shot"].name: "promote",
        ARMS["many"].name: "not enough evidence",
        ARMS["other"].name: "keep",
    }
    assert decision.verdict == "promote"
    assert len(decision.reasons) == 3


def test_the_best_is_chosen_and_the_cheapest_of_equals() -> None:
    """Highest quality wins; within the margin the cheaper one does, and an unknown cost comes last."""
    clearly = decided(
        {"few-shot": BETTER, "many": BETTER | {"difference": 0.2}}, arms={"many": {"cost_usd_per_1000": 9.0}}
    )
    assert clearly.chosen == ARMS["many"].name
    near = {"few-shot": BETTER, "many": BETTER | {"difference": 0.13}}
    assert decided(near, arms={"many": {"cost_usd_per_1000": 9.0}}).chosen == ARMS["few-shot"].name
    assert decided(near, arms={"few-shot": {"cost_usd_per_1000": np.nan}}).chosen == ARMS["many"].name
    assert any("would do as well" in reason for reason in decided(near).reasons)


def test_open_questions_have_a_number_and_a_price() -> None:
    """How many more cases would settle it, and what they cost on both arms with all repeats."""
    row = UNCLEAR | {"difference": 0.04, "low": -0.01, "high": 0.09, "sd": 0.35}
    found = decided({"many": row}).verdicts.iloc[0]
    wanted = cases_needed(0.35, 0.04)
    assert found["more_cases"] == wanted - 200
    assert found["more_cost_usd"] == pytest.approx((wanted - 200) * 3 * (1.0 + 1.0) / 1000)
    text = decided({"many": row}).reasons[0]
    assert f"about {wanted - 200:,} more cases would settle it, for about $" in text


def test_cases_are_reckoned_to_the_nearest_settlement() -> None:
    """A cheaper arm needs only to be shown not worse; a dearer one on the margin's edge to be kept."""
    cheap = decided({"many": UNCLEAR | CHEAPER | {"difference": 0.0, "sd": 0.4}}).verdicts.iloc[0]
    assert cheap["more_cases"] == cases_needed(0.4, 0.02) - 200
    dear = decided({"many": UNCLEAR | {"difference": -0.03, "low": -0.1, "high": 0.04}}).verdicts.iloc[0]
    assert dear["more_cases"] == max(1, cases_needed(0.3, 0.05) - 200)


def test_cases_do_not_settle_what_they_cannot() -> None:
    """Unequal denominators, mixed models and unknown prices: no number of cases, no price, but a reason."""
    for row, arm, code in (
        ({"share_gap": 0.2}, {}, "WB105"),
        ({}, {"served_models": "a, b"}, "WB107"),
    ):
        decision = decided({"many": BETTER | row}, arms={"many": arm})
        assert decision.verdict == "not enough evidence"
        assert np.isnan(decision.verdicts["more_cases"].iloc[0])
        assert code in decision.reasons[0]
    unpriced = decided({"many": UNCLEAR | UNPRICED}, arms={"many": {"cost_usd_per_1000": np.nan}})
    assert np.isnan(unpriced.verdicts["more_cost_usd"].iloc[0])


def test_missing_cases_are_counted() -> None:
    """A better arm with too few cases lacks just those."""
    decision = decided({"many": BETTER | {"n_cases": 20}}, gate=Gate(min_cases=50))
    assert decision.verdict == "not enough evidence"
    assert decision.verdicts["more_cases"].iloc[0] == 30


def test_broken_limits_keep_the_incumbent() -> None:
    """A better arm that is too dear is not promoted, and the rule is named."""
    decision = decided({"many": BETTER}, gate=Gate(max_cost_usd_per_1000=0.5))
    assert decision.verdict == "keep"
    assert "WB102" in decision.reasons[0]


def test_a_worse_arm_is_kept_out_in_spite_of_unequal_denominators() -> None:
    """A promotion is refused on unequal shares; a keep is not."""
    assert decided({"many": WORSE | {"share_gap": 0.2}}).verdict == "keep"


def test_a_changed_gate_is_shown() -> None:
    """Limits other than the planned ones are a reason shown."""
    decision = decided({"many": BETTER}, planned_gate_hash="another")
    assert any("gate was changed" in reason for reason in decision.reasons)
    assert not any(
        "gate" in reason for reason in decided({"many": BETTER}, planned_gate_hash=Gate().hash).reasons
    )


def test_no_challenger_is_keep() -> None:
    """With the incumbent alone there is nothing to promote."""
    assert decided({}).verdict == "keep"


def test_another_margin_is_refused() -> None:
    """A comparison by another margin than the gate's is not decided upon."""
    with pytest.raises(InputError, match="margin"):
        decide(comparison({"many": BETTER}), Gate(margin=0.1), study="s", execution_id="e", plan_hash="p")


def test_it_shows_itself_and_is_plain_json() -> None:
    """The decision has a table, words, HTML, and a JSON form without NaN."""
    decision = decided({"few-shot": BETTER, "many": UNCLEAR | UNPRICED})
    assert decision.summary.startswith("support-triage: Promote few-shot@offline/minilm\n- promote")
    assert len(decision.frame) == 2
    text = json.dumps(decision.to_mapping(), allow_nan=False)
    assert {"study", "execution_id", "verdict", "chosen"} <= set(json.loads(text))
    assert decided({"many": WORSE}).summary.startswith(f"support-triage: Keep {INCUMBENT}")


def test_a_real_table_leads_to_a_decision() -> None:
    """From trials to a verdict: a plainly better arm is promoted, a plainly worse one is not."""
    gate = Gate()
    frame = trial_table({"base": (0.6, 0.001), "good": (0.85, 0.002), "bad": (0.3, 0.002)}, cases=120)
    result = compare(frame, gate.score, "base", gate.margin, gate.alpha)
    decision = decide(result, gate, study="s", execution_id="e", plan_hash="p")
    assert decision.chosen == "good"
    assert dict(zip(decision.verdicts["arm"], decision.verdicts["verdict"], strict=True))["bad"] == "keep"
    assert "Promote good" in str(decision)
