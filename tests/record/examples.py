"""A small made-up execution: its plan, trials and scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from workbench.core.records import Attempt, ModelRef, Score, Trial, Usage
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.plan.prices import Price, PriceBook
from workbench.score.checks import exact

T0 = 1_760_000_000.0


@dataclass(frozen=True)
class Compared:
    """What a comparison shows the recorder."""

    arms: pd.DataFrame


def make(study: str, *, n: int = 4, repeats: int = 2, **changes: Any) -> Plan:
    """Return a plan of two variants on one model."""
    rows = [
        {
            "id": f"c{i}",
            "text": f"ticket {i}",
            "label": "billing",
            "user": f"u{i % 3}",
            "feature": "mail",
            "n": i,
        }
        for i in range(n)
    ]
    cases = Dataset.from_frame(pd.DataFrame(rows), expected="label", id="id", name="tickets")
    terse = Variant("terse", "One of {{labels}}.\n\n{{text}}", labels=["billing", "other"])
    long = terse.replace(name="long", template="Answer with exactly one of {{labels}}.\n\n{{text}}")
    return make_plan(
        study,
        changes.pop("variants", [terse, long]),
        cases,
        models=[ModelRef(name="offline/minilm", model="minilm", origin="offline")],
        scorers=[exact()],
        incumbent="terse",
        repeats=repeats,
        book=PriceBook(declared={"offline/minilm": Price(in_per_mtok=0.1, out_per_mtok=0.4)}),
        params={"temperature": 0.7, **changes},
    )


def answer(plan: Plan) -> tuple[list[Trial], list[Score]]:
    """Return a trial for every cell, every fifth failed, with a score each."""
    trials, scores = [], []
    for index, cell in enumerate(plan.cells()):
        failed = index % 5 == 4
        usage = None if failed else Usage(tokens_in_uncached=20 + index, tokens_out=2)
        attempt = Attempt(
            model="minilm",
            started_at=T0 + index,
            latency_s=0.25,
            usage=usage,
            cost_usd=None if failed else 1e-5,
            error_kind="server" if failed else None,
        )
        trial = Trial(
            trial_id=cell.trial_id,
            execution_id=plan.execution_id,
            study=plan.study,
            arm=cell.arm.name,
            variant=cell.arm.variant.name,
            variant_hash=cell.arm.variant.hash,
            model=cell.arm.model.name,
            params=cell.request.params,
            case_id=cell.case.case_id,
            case=cell.case.values,
            repeat=cell.repeat,
            call_key=cell.key,
            messages=cell.request.messages,
            status="error" if failed else "ok",
            expected=cell.case.expected,
            model_served=None if failed else "minilm",
            output=None if failed else "billing",
            finish_reason=None if failed else "stop",
            error_kind="server" if failed else None,
            error="500" if failed else None,
            usage=usage,
            cost_usd=None if failed else 1e-5,
            attempts=(attempt,),
            started_at=T0 + index,
            latency_s=0.25,
        )
        trials.append(trial)
        scores.append(
            Score(
                trial_id=trial.trial_id,
                scorer="exact",
                value=None if failed else 1.0,
                missing="error" if failed else None,
                reason=None if failed else "equal",
                digest="d1",
            )
        )
    return trials, scores


def compared(plan: Plan) -> Compared:
    """Return a comparison with the columns a person looks for."""
    rows = [
        {"arm": arm.name, "quality_mean": 0.5 + i / 10, "quality_low": 0.4, "quality_high": 0.9}
        | {"cost_usd_per_1000": 0.01, "latency_p95_s": 0.25, "scored": 6, "front": "on front"}
        | {"latency_p99_s": float("nan")}
        for i, arm in enumerate(plan.arms)
    ]
    return Compared(pd.DataFrame(rows))
