"""Everything the workbench draws, with hostile text in every place, and a browser to look at it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.core.test_table import trial
from tests.safety.payloads import PAYLOADS
from tests.view.world import trials, world
from workbench.analyze.compare import compare
from workbench.core.show import table_html
from workbench.core.table import to_frame
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.reprice import Repricing, Scenario
from workbench.promote.decision import decide
from workbench.run.progress import Progress
from workbench.view import cards, charts, comparisons, decisions, plans, progress, report
from workbench.view.widgets import monitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["Seen", "control", "opened", "pages"]

_PROVOKE = """() => {
  for (const node of document.querySelectorAll('*')) {
    for (const kind of ['click', 'mouseover', 'focus', 'toggle', 'pointerenter'])
      node.dispatchEvent(new Event(kind, {bubbles: true}));
    if (node.tagName === 'DETAILS') node.open = true;
    if (node.tagName === 'A' || node.tagName === 'BUTTON') node.click();
  }
}"""


def _progress(payloads: Sequence[str]) -> Progress:
    return Progress(
        execution_id=payloads[0],
        state="running",
        planned=10,
        done=5,
        reused=0,
        failed=2,
        tokens_in=1,
        tokens_out=1,
        usd=0.1,
        unpriced=0,
        elapsed_s=1.0,
        reason="\n".join(payloads),
        errors=dict.fromkeys(payloads, 1),
    )


def _hostile(payloads: tuple[str, ...]) -> dict[str, Any]:
    """Return results that a hostile model, dataset and study file have had their way with."""
    study = world(cases=4)
    # As many arms as payloads, each called by one.
    frame = trials(tuple(f"v{index}" for index in range(len(payloads))), cases=4)
    names = dict(zip(dict.fromkeys(frame["arm"]), payloads, strict=True))
    frame["arm"] = frame["arm"].map(names)
    frame["variant"] = frame["arm"]
    comparison = compare(frame, "exact", payloads[0], 0.02)
    comparison = dataclasses.replace(comparison, notes=payloads)
    decision = decide(
        comparison, study.plan.gate, study=payloads[0], execution_id=payloads[5], plan_hash=study.plan.hash
    )
    findings = tuple(
        dataclasses.replace(
            one, evidence=payloads[at % len(payloads)], remedy=payloads[-1 - at % len(payloads)]
        )
        for at, one in enumerate(decision.findings)
    )
    answers = [trial(at, output=text, error=text, case={"text": text}) for at, text in enumerate(payloads)]
    prompts = tuple(
        Variant(f"v{at}", [("system", text.replace("{{", "{").replace("}}", "}")), ("user", "{{text}}")])
        for at, text in enumerate(payloads)
    )
    arms = tuple(dataclasses.replace(study.plan.arms[0], variant=prompt) for prompt in prompts)
    return {
        "plan": dataclasses.replace(study.plan, study=payloads[0], notes=payloads, arms=arms),
        "comparison": comparison,
        "decision": dataclasses.replace(decision, reasons=payloads, findings=findings),
        "answers": to_frame(answers),
        "prompts": prompts,
        "dataset": Dataset.from_frame(pd.DataFrame({"text": payloads}), name=payloads[0]),
        "repricing": Repricing(
            table=pd.DataFrame({"arm": payloads, "change": 0.1, "requests": 1, "unpriced_after": 0}).assign(
                usd_per_1000_before=1.0, usd_per_1000_after=1.0
            ),
            book=payloads[0],
            scenario=Scenario(),
            notes=payloads,
        ),
    }


def _monitored(plan: Any, payloads: Sequence[str]) -> str:
    """Return a page in which the monitor's own script draws a hostile run."""

    class Run:
        execution_id = payloads[5]

    run = Run()
    run.plan = plan  # type: ignore[attr-defined]
    state = monitor.snapshot(run, _progress(payloads))  # type: ignore[arg-type]
    code = (Path(monitor.__file__).parent / "monitor.js").read_text(encoding="utf-8")
    code = code.replace("export default", "const widget =")
    written = json.dumps(state).replace("<", "\\u003c")
    return (
        f"<div id=place></div><script type=module>{code}\nconst state = {written};\n"
        "const model = {get: () => state, on() {}, off() {}, send() {}};\n"
        "widget.render({model, el: document.getElementById('place')}); top.drawn = true;</script>"
    )


def pages(payloads: tuple[str, ...] = PAYLOADS) -> dict[str, str]:
    """Return HTML documents by what they show; between them every payload is in every kind of view."""
    made = _hostile(payloads)
    plan, comparison, decision = made["plan"], made["comparison"], made["decision"]
    dataset, answers = made["dataset"], made["answers"]
    page = report.report_html(plan, comparison, decision, question="\n".join(payloads))
    drawn = (charts.quality_cost(comparison), charts.differences(comparison), charts.latency(answers))
    return {
        "cards": "".join(
            (
                plans.plan_card(plan),
                comparisons.comparison_card(comparison),
                decisions.decision_card(decision),
                progress.progress_card(_progress(payloads), name="\n".join(payloads)),
                *(cards.variant_card(one) for one in made["prompts"]),
                *(cards.dataset_card(dataset.sample(5, seed)) for seed in range(4)),
                made["repricing"]._repr_html_(),
            )
        ),
        "table of answers": table_html(answers, max_rows=200) + str(answers._repr_html_()),
        "report": page,
        # Without its policy, so that escaping alone has to hold.
        "report without its policy": page.replace(report.POLICY, "default-src * 'unsafe-inline' data:"),
        "charts, as markup of the page": "".join(charts.svg(chart) for chart in drawn),
        "live monitor": _monitored(plan, payloads),
    }


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a browser did with some pages."""

    executed: tuple[str, ...]
    fetched: tuple[str, ...]
    words: int  # of the text that a reader sees


def _watched(page: Page, fetched: list[str], executed: list[str]) -> None:
    def stopped(route: Any) -> None:
        fetched.append(route.request.url)
        route.abort()

    def asked(dialog: Any) -> None:
        executed.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.route(lambda url: not url.startswith(("data:", "about:")), stopped)
    page.on("dialog", asked)


def _shown(page: Page, html: str, executed: list[str], name: str) -> None:
    page.set_content(html, wait_until="load")
    page.evaluate(_PROVOKE)
    page.evaluate("() => new Promise(done => setTimeout(done, 30))")
    if page.evaluate("() => top.ran || 0"):
        executed.append(name)


def opened(browser: Browser, documents: Iterable[tuple[str, str]]) -> Seen:
    """Show each document, click and touch everything in it, and tell what ran and what was asked for."""
    fetched: list[str] = []
    executed: list[str] = []
    words = 0
    for name, html in documents:
        page = browser.new_page()
        _watched(page, fetched, executed)
        _shown(page, html, executed, name)
        words += len(page.inner_text("body").split())
        page.close()
    return Seen(executed=tuple(executed), fetched=tuple(fetched), words=words)


def control(browser: Browser, payloads: Sequence[str] = PAYLOADS) -> int:
    """Return how many payloads run or fetch something where they are markup: whether the watch sees them."""
    active = 0
    for payload in payloads:
        page = browser.new_page()  # each in a context of its own: what one opens must not hold up the next
        fetched: list[str] = []
        executed: list[str] = []
        _watched(page, fetched, executed)
        try:
            _shown(page, f"<p>{payload}</p>", executed, payload)
        except Exception:  # it led the page away
            executed.append(payload)
        active += bool(fetched or executed)
        page.close()
    return active
