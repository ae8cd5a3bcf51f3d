"""The cards: complete, static, escaped."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.view.world import PAYLOADS, unsafe, world
from workbench.analyze.compare import compare
from workbench.define.variant import Variant
from workbench.promote.decision import decide
from workbench.promote.history import History, Release
from workbench.run.progress import Progress
from workbench.view import cards, comparisons, decisions, plans, releases
from workbench.view.progress import progress_card


@pytest.fixture(scope="module")
def study():
    """A study, made once."""
    return world()


def progress(**changes) -> Progress:
    """Return a run on its way."""
    fields = {
        "execution_id": "abc",
        "state": "running",
        "planned": 360,
        "done": 90,
        "reused": 10,
        "failed": 2,
        "tokens_in": 7200,
        "tokens_out": 180,
        "usd": 0.0123,
        "unpriced": 0,
        "elapsed_s": 12.0,
        "left_s": 36.0,
        "errors": {"timeout": 2},
    }
    return Progress(**{**fields, **changes})


def release(**changes) -> Release:
    """Return a move of the alias."""
    fields = {
        "action": "promote",
        "study": "support-triage",
        "prompt": "support-triage",
        "alias": "production",
        "from_version": 1,
        "to_version": 2,
        "back_to": 1,
        "arm": "few-shot@offline/minilm",
        "who": "someone",
        "why": "better",
        "evidence": "run-1",
    }
    return Release(**{**fields, **changes})


def test_the_decision_card_says_verdict_reasons_rules_and_draws(study):
    """Big words, why, rule by rule with sign and word, and the picture with its figures in words."""
    html = decisions.decision_card(study.decision)
    assert decisions.verdict_words(study.decision) in html
    for finding in study.decision.findings:
        assert finding.code in html
    assert "✓\u00a0pass" in html
    assert 'src="data:image/svg+xml;base64,' in html
    assert "Quality (exact) against cost in USD per 1,000 requests." in html
    assert unsafe(html) == []


def test_an_open_decision_says_what_would_settle_it():
    """Ten cases are not enough: the card says how many more, and for how much."""
    few = world(cases=10)
    assert few.decision.verdict == "not enough evidence"
    html = decisions.decision_card(few.decision)
    assert "Not enough evidence" in html
    assert "What would settle it" in html
    assert any("more cases, for about $" in line for line in decisions.settle(few.decision))


def test_a_kept_incumbent_is_named(study):
    """Where no challenger is good enough, the card says which arm stays."""
    best = "few-shot@offline/minilm"
    comparison = compare(study.frame[study.frame["variant"] != "chain"], "exact", best, 0.02)
    kept = decide(comparison, study.plan.gate, study="s", execution_id="e", plan_hash="0" * 64)
    assert kept.verdict == "keep"
    assert f"Keep {best}" in decisions.decision_card(kept)


def test_the_plan_card_says_calls_tokens_money_time_and_power(study):
    """Every figure as low to high, the smallest difference, and that nothing is spent."""
    html = plans.plan_card(study.plan).replace("<span>$</span>", "$")
    for words in ("Calls", "360", "Tokens in", "USD", "budget $1.00", "Time", "Smallest difference in exact"):
        assert words in html
    assert "Nothing is spent yet" in html
    assert unsafe(html) == []


def test_an_unknown_price_is_called_unknown(study):
    """A plan on a model without a price does not say $0."""
    estimate = dataclasses.replace(
        study.plan.estimate,
        arms=tuple(dataclasses.replace(arm, cost_usd=None) for arm in study.plan.estimate.arms),
    )
    html = plans.plan_card(dataclasses.replace(study.plan, estimate=estimate))
    assert "unknown" in html
    assert "no price for" in html


def test_the_comparison_card_draws_and_tabulates(study):
    """Both pictures, both tables, the summary, the notes."""
    html = comparisons.comparison_card(study.comparison)
    assert html.count("<img ") == 2
    assert html.count("<table>") == 2
    assert unsafe(html) == []


def test_the_progress_card_says_where_a_run_stands():
    """Trials, reuse, tokens, USD against the budget, failures by kind, time left."""
    html = progress_card(progress(), name="support-triage", budget_usd=1.0)
    html = html.replace("<span>$</span>", "$")
    for words in ("90 of 360", "10 reused", "7,200 / 180", "$0.0123", "of $1.00", "timeout 2", "36"):
        assert words in html
    assert "estimating the time left" in progress_card(progress(left_s=None))
    assert "3 at unknown cost" in progress_card(progress(unpriced=3))
    assert "$0" not in progress_card(progress(unpriced=3, usd=0.0))
    ended = progress_card(progress(state="budget", left_s=None, reason="the next call did not fit"))
    assert "the next call did not fit" in ended
    assert unsafe(html) == []


def test_renderers_cover_every_result_of_the_journey(study):
    """Each result shows itself by its card, and every card is static."""
    drawn = cards.renderers()
    shown = (
        study.plan.cases,
        study.plan.arms[0].variant,
        study.plan,
        study.comparison,
        study.decision,
        progress(),
    )
    for result in shown:
        assert unsafe(drawn[type(result)](result)) == []
    for move in (release(), release(back_to=None, from_version=None)):
        for result in (move, History(moves=(move,))):
            html = drawn[type(result)](result)
            assert "production" in html
            assert unsafe(html) == []
    assert {kind.__name__ for kind in drawn} == {
        "AllPairs",
        "Anatomy",
        "CacheCurve",
        "CacheStudy",
        "Comparison",
        "Confirmation",
        "Curve",
        "Dataset",
        "Decision",
        "EqualArms",
        "Flips",
        "Frontier",
        "History",
        "Plan",
        "Progress",
        "Proposal",
        "Race",
        "Recheck",
        "Release",
        "Run",
        "Safe",
        "Slices",
        "VarianceSplit",
        "Variant",
        "Verification",
    }


def hostile(study, payload):
    """Return results whose every text from outside is the payload."""
    arm = study.plan.arms[1].name
    comparison = dataclasses.replace(
        study.comparison,
        arms=study.comparison.arms.replace({arm: payload, "few-shot": payload, "minilm": payload}),
        differences=study.comparison.differences.replace({arm: payload}),
        notes=(payload,),
    )
    findings = tuple(
        dataclasses.replace(one, arm=payload if one.arm == arm else one.arm, evidence=payload, remedy=payload)
        for one in study.decision.findings
    )
    decision = dataclasses.replace(
        study.decision,
        study=payload,
        chosen=payload,
        reasons=(payload,),
        findings=findings,
        verdicts=study.decision.verdicts.replace({arm: payload}),
        comparison=comparison,
    )
    plan = dataclasses.replace(study.plan, study=payload, notes=(payload,))
    return plan, comparison, decision


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup(study, payload):
    """Every card with the payload wherever text comes from outside: nothing runs, nothing is fetched."""
    plan, comparison, decision = hostile(study, payload)
    variant = Variant("v", f"{payload.replace('{{', '').replace('}}', '')}\n\n{{{{text}}}}")
    data = world(cases=4, question=payload).plan.cases
    shown = [
        plans.plan_card(plan),
        comparisons.comparison_card(comparison),
        decisions.decision_card(decision),
        cards.variant_card(variant),
        cards.dataset_card(data),
        progress_card(progress(errors={payload: 2}, reason=payload), name=payload),
        releases.release_card(release(why=payload, who=payload, arm=payload, back_to_arm=payload)),
        releases.history_card(History(moves=(release(why=payload, who=payload, arm=payload),))),
    ]
    for html in shown:
        assert unsafe(html) == []
        assert "<script" not in html.lower()


def test_missing_figures_are_dashes(study):
    """An arm that answered nothing shows dashes, not zeros."""
    frame = study.frame.copy()
    lost = frame["variant"] == "chain"
    frame.loc[lost, "status"] = "error"
    frame.loc[lost, ["score_exact", "latency_s", "cost_usd"]] = np.nan
    html = comparisons.comparison_card(compare(frame, "exact", study.comparison.incumbent, 0.02))
    assert "price unknown" in html
    assert "<td" in html


def test_the_arms_table_says_what_failures_change_only_where_any_happened(study):
    """A column that repeats the quality is left out; with a failure it stands there."""
    name = "if failures count as wrong"
    assert name not in comparisons.comparison_card(study.comparison)
    frame = study.frame.copy()
    frame.loc[frame.index[0], ["status", "score_exact"]] = ["error", np.nan]
    failed = compare(frame, "exact", study.comparison.incumbent, 0.02)
    assert comparisons.comparison_card(failed).count(name) == 2


def test_rules_that_do_not_apply_are_folded_and_counted(study):
    """Each rule stands in the card once a challenger; those that do not apply behind a line of their own."""
    html = decisions.decision_card(study.decision)
    idle = [one for one in study.decision.findings if one.outcome == "not applicable"]
    arms = {one.arm for one in study.decision.findings}
    assert idle
    assert html.count("rules that do not apply") == len(arms)
    for one in study.decision.findings:
        assert html.count(f"{one.code} ") >= len(arms)
