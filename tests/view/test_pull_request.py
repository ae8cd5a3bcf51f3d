"""A decision for a pull request: says all, and does nothing on the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from tests.promote.world import ARMS, BETTER, UNCLEAR, WORSE, decided
from workbench.view.junit import junit, junit_error
from workbench.view.pull_request import markdown

HOSTILE = "<img src=x> | [x](https://evil.example) `@team` #12 \x1b[31m\n## Approved"


def test_markdown_says_the_verdict_and_why() -> None:
    """Verdict, reasons, differences, rules, identity, and on what it rests."""
    decision = decided({"few-shot": BETTER, "many": UNCLEAR})
    text = markdown(decision, "read execution e1")
    assert text.startswith("## support-triage: Promote few-shot@offline/minilm")
    for piece in ("WB101", "challenger", "read execution e1", decision.gate_hash[:12]):
        assert piece in text
    assert "Regression" not in text
    assert "Regression" in markdown(decided({"few-shot": WORSE}))
    assert "What would settle it" in markdown(decided({"many": UNCLEAR}))


def test_hostile_words_are_inert_in_markdown() -> None:
    """No markup, link, mention, heading or new cell comes of what a model or a file said."""
    plain = decided({"few-shot": BETTER})
    text = markdown(replace(plain, reasons=(HOSTILE,)))
    for piece in ("<img", "x](", "@team", "[x]", "&\\#", "\n## Approved", "https://", "\x1b"):
        assert piece not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows


def test_junit_counts_rules_and_the_verdict() -> None:
    """Open rules are failures, those that do not apply are skipped, and numbers add up."""
    suite = ElementTree.fromstring(junit(decided({"many": UNCLEAR}), {"ground": "read"}))[0]
    cases = list(suite.iter("testcase"))
    assert suite.get("tests") == str(len(cases))
    failed = [case.get("name") for case in cases if case.find("failure") is not None]
    assert suite.get("failures") == str(len(failed))
    assert failed[-1] == "verdict"
    assert any(name.startswith("WB101") for name in failed if name)
    assert int(suite.get("skipped", "0")) > 0
    values = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert values["ground"] == "read"


def test_what_another_arm_lacks_fails_nothing() -> None:
    """Where one is promoted, the rules on the others are skipped, and say so."""
    decision = decided({"few-shot": BETTER, "many": WORSE})
    suite = ElementTree.fromstring(junit(decision))[0]
    assert suite.get("failures") == "0"
    others = [case for case in suite.iter("testcase") if ARMS["many"].name in (case.get("classname") or "")]
    assert others
    assert all("not chosen" in case.find("skipped").get("message", "") for case in others)


def test_junit_is_wellformed_whatever_was_said() -> None:
    """Control characters and markup are no XML."""
    suite = ElementTree.fromstring(junit_error("s", HOSTILE + chr(0)))[0]
    assert suite.get("errors") == "1"
    assert "<img src=x>" in suite.find("testcase").find("error").get("message")
