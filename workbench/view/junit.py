"""A decision as JUnit XML, which continuous integration shows as tests: one case a rule and challenger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from workbench.core.redact import redact
from workbench.view.figures import printable

if TYPE_CHECKING:
    from workbench.promote.decision import Decision
    from workbench.promote.rules.finding import Finding

__all__ = ["junit", "junit_error"]


def _text(text: object) -> str:
    return printable(redact(str(text)))


def _suite(name: str, properties: Mapping[str, str]) -> Element:
    suite = Element("testsuite", {"name": _text(name)})
    holder = SubElement(suite, "properties")
    for key, value in properties.items():
        SubElement(holder, "property", {"name": key, "value": _text(value)})
    return suite


def _document(suite: Element) -> str:
    cases = list(suite.iter("testcase"))
    for mark, kind in (("tests", None), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        found = cases if kind is None else [case for case in cases if case.find(kind) is not None]
        suite.set(mark, str(len(found)))
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, study: str, finding: Finding, chosen: str | None) -> None:
    name = f"{finding.code} {finding.name}"
    case = SubElement(suite, "testcase", {"classname": _text(f"{study}.{finding.arm}"), "name": _text(name)})
    message = {"message": _text(finding.evidence)}
    if chosen is not None and finding.arm != chosen:
        # Another arm is promoted: what this one lacks fails nothing.
        SubElement(case, "skipped", {"message": _text(f"not chosen; {finding.outcome}: {finding.evidence}")})
    elif finding.outcome == "not applicable":
        SubElement(case, "skipped", message)
    elif finding.outcome != "pass" and finding.severity != "advice":
        kind = finding.severity if finding.outcome == "fail" else finding.outcome
        SubElement(case, "failure", {"type": kind, **message}).text = _text(finding.remedy)
    else:
        SubElement(case, "system-out").text = message["message"]


def junit(decision: Decision, properties: Mapping[str, str] | None = None) -> str:
    """Return a decision as one test suite.

    A rule that fails or is unclear is a failure, one that does not apply is skipped, and so is every rule on
    an arm that was not chosen where another one was. The last case is the verdict: a failure but for a
    promotion.

    Parameters
    ----------
    decision
        What `bench.decide` returns.
    properties
        More to say of the suite, by name.
    """
    own = {"execution": decision.execution_id, "gate": decision.gate_hash, "plan": decision.plan_hash}
    suite = _suite(decision.study, own | dict(properties or {}))
    for finding in decision.findings:
        _case(suite, decision.study, finding, decision.chosen)
    case = SubElement(suite, "testcase", {"classname": _text(decision.study), "name": "verdict"})
    if decision.verdict == "promote":
        SubElement(case, "system-out").text = _text(decision.summary)
    else:
        failure = SubElement(case, "failure", {"type": decision.verdict, "message": decision.verdict})
        failure.text = _text(decision.summary)
    return _document(suite)


def junit_error(study: str, message: str) -> str:
    """Return a suite of one case that ended in an error: nothing was decided."""
    suite = _suite(study, {})
    case = SubElement(suite, "testcase", {"classname": _text(study), "name": "verdict"})
    SubElement(case, "error", {"message": _text(message)})
    return _document(suite)
