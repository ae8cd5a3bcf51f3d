"""The report: one file, complete, safe."""

from __future__ import annotations

import types

import pytest

from tests.view.test_cards import hostile
from tests.view.world import PAYLOADS, unsafe, world
from workbench.view.report import POLICY, report_html


@pytest.fixture(scope="module")
def study():
    """A study, made once."""
    return world()


def test_the_report_has_every_part(study):
    """Question, decision, arms, differences, latency, method, limits, prompts, identity."""
    run = types.SimpleNamespace(frame=study.frame)
    html = report_html(study.plan, study.comparison, study.decision, run, question="Which prompt is best?")
    for words in (
        "Which prompt is best?",
        "<h2>Decision</h2>",
        "<h2>Quality against cost</h2>",
        "<h2>Differences from the incumbent</h2>",
        "<h2>Latency</h2>",
        "<h2>Method</h2>",
        "<h2>Limits</h2>",
        "<h2>Prompts</h2>",
        study.plan.hash,
        study.plan.cases.digest,
    ):
        assert words in html
    assert html.count("<img ") == 3


def test_the_report_needs_no_network_and_no_script(study):
    """Its policy forbids both, and there is nothing to forbid."""
    html = report_html(study.plan, study.comparison, study.decision)
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in html
    assert unsafe(html) == []
    assert "http://" not in html
    assert "https://" not in html


def test_without_decision_and_run_there_is_still_a_report(study):
    """What is not there is left out, not invented."""
    html = report_html(study.plan, study.comparison)
    assert "<h2>Decision</h2>" not in html
    assert "<h2>Latency</h2>" not in html
    assert f"<h1>{study.plan.study}</h1>" in html


def test_the_same_study_gives_the_same_report(study):
    """Byte for byte: no clock and no chance in it."""
    assert report_html(study.plan, study.comparison, study.decision) == report_html(
        study.plan, study.comparison, study.decision
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup(study, payload):
    """Names, notes, evidence, question: whatever they hold, nothing runs and nothing is fetched."""
    html = report_html(*hostile(study, payload), question=payload)
    assert unsafe(html) == []
    assert "<script" not in html.lower()
