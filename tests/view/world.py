"""A small study for the tests of this room: made-up trials, and everything that is made from them."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

import numpy as np
import pandas as pd

from workbench.analyze.compare import Comparison, compare
from workbench.core.records import ModelRef
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.gate import Gate
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.plan.prices import Price, PriceBook
from workbench.promote.decision import Decision, decide
from workbench.score.checks import exact

MODEL = ModelRef(name="offline/minilm", model="minilm", origin="offline")
SHARES = {"terse": 0.62, "few-shot": 0.85, "chain": 0.80}  # how often each variant is right
COSTS = {"terse": 12e-6, "few-shot": 31e-6, "chain": 52e-6}


def trials(
    names: tuple[str, ...] = tuple(SHARES), cases: int = 60, *, fail: float = 0.0, spread: float = 0.1
):
    """Return a trial table: each case is right where its difficulty is below the variant's share."""
    draw = np.random.default_rng(1)
    hard = draw.random(cases)
    rows = []
    for name in names:
        for case in range(cases):
            for repeat in range(2):
                ok = draw.random() >= fail
                right = 0.8 * hard[case] + 0.2 * draw.random() < SHARES.get(name, 0.7)
                rows.append(
                    {
                        "execution_id": "e1",
                        "study": "support-triage",
                        "arm": f"{name}@{MODEL.name}",
                        "variant": name,
                        "model": MODEL.name,
                        "model_served": "minilm",
                        "case_id": f"c{case}",
                        "repeat": repeat,
                        "status": "ok" if ok else "error",
                        "score_exact": float(right) if ok else np.nan,
                        "cost_usd": COSTS.get(name, 2e-5) * (1 + spread * draw.random()) if ok else np.nan,
                        "tokens_in": 80,
                        "tokens_out": 2,
                        "latency_s": float(draw.lognormal(-3, 0.5)) if ok else np.nan,
                        "source": "call",
                        "workload": "batch",
                    }
                )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class World:
    """A plan, its trials, what they say, and what follows."""

    plan: Plan
    frame: pd.DataFrame
    comparison: Comparison
    decision: Decision


def world(*, cases: int = 60, fail: float = 0.0, question: str = "ticket") -> World:
    """Return a study of three variants on one model."""
    table = pd.DataFrame(
        {"text": [f"{question} {i}" for i in range(cases)], "label": ["bug", "billing"] * (cases // 2)}
    )
    dataset = Dataset.from_frame(table, expected="label")
    variants = [
        Variant(
            name, f"Answer {name} with one of {{{{labels}}}}.\n\n{{{{text}}}}", labels=list(dataset.labels)
        )
        for name in SHARES
    ]
    book = PriceBook(declared={MODEL.name: Price(in_per_mtok=0.1, out_per_mtok=0.4)})
    plan = make_plan(
        "support-triage",
        variants,
        dataset,
        models=[MODEL],
        scorers=[exact()],
        incumbent=variants[0],
        repeats=2,
        gate=Gate(),
        budget_usd=1,
        book=book,
    )
    frame = trials(cases=cases, fail=fail)
    comparison = compare(frame, "exact", plan.incumbent, plan.gate.margin, plan.gate.alpha)
    decision = decide(
        comparison, plan.gate, study=plan.study, execution_id=plan.execution_id, plan_hash=plan.hash
    )
    return World(plan, frame, comparison, decision)


PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></title><iframe src=//attacker.invalid></iframe>",
    "<a href='javascript:alert(1)'>click</a>",
    "]]>--></table><link rel=stylesheet href=http://attacker.invalid/x.css>",
    "![x](http://attacker.invalid/x.png) {{labels}} $x$",
    "\x00\x1b[31m\u202e<math><mtext></p><style><!--</style><img src onerror=alert(1)>",
)

ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "section",
        "h1",
        "h2",
        "div",
        "p",
        "span",
        "b",
    ),
    *("code", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "img", "details", "summary", "pre"),
    *("del", "ins"),
}


class Audit(HTMLParser):
    """Reads HTML as a browser would and keeps what could run or fetch."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that is not one of ours, a handler, an address."""
        self.tags.append(tag)
        if tag not in ALLOWED:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            text = (value or "").strip().lower()
            if name.startswith("on") or text.startswith("javascript:") or "url(" in text:
                self.found.append(f"{tag} {name}={value}")
            if name in ("src", "href", "srcset", "action") and not text.startswith(
                "data:image/svg+xml;base64,"
            ):
                self.found.append(f"{tag} {name}={value}")


def unsafe(html: str) -> list[str]:
    """Return everything in an HTML text that could run or fetch; empty where it is safe."""
    audit = Audit()
    audit.feed(html)
    audit.close()
    return audit.found
