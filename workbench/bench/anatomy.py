"""`bench.anatomy`: a prompt against itself without each of its blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.analyze.anatomy import Anatomy
from workbench.analyze.anatomy import anatomy as judged
from workbench.analyze.compare import Comparison
from workbench.core.protocols import Scorer
from workbench.define.blocks import Block, blocks, without
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import PlanError
from workbench.plan.gate import Gate
from workbench.plan.plan import Plan
from workbench.plan.reckon import estimate
from workbench.run.handle import Run

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["anatomy"]


def anatomy(
    bench: Bench,
    variant: Variant,
    cases: Dataset | None = None,
    *,
    confirm: Dataset | None = None,
    model: str | None = None,
    items: bool = True,
    scorers: Sequence[Scorer] | None = None,
    margin: float | None = None,
    gate: Gate | None = None,
    repeats: int | None = None,
    seed: int | None = None,
    params: Mapping[str, Any] | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    sample: str = "main",
    show: bool = True,
) -> Anatomy:
    """Say what each block of a prompt costs and brings, and name the shortest that is not worse.

    The whole prompt is the incumbent; each block that can be left out (`workbench.define.blocks.blocks`)
    gives an arm without it, named ``terse-without-3``. They are planned, run and compared like any others:
    the same anatomy again asks nothing twice. Where several blocks are each superfluous and `confirm` is
    given, the variant without all of them is asked on those cases.

    Parameters
    ----------
    variant
        Whose prompt.
    cases, scorers, margin, gate, repeats, seed, params, budget_usd, budget_tokens, sample
        As `Bench.plan` takes them; the budget holds for each of the two runs.
    confirm
        Cases that are not among `cases`; None: blocks are left out one at a time only.
    model
        Name of the model that is asked; None: the bench's first.
    items
        Whether each item of a list is a block.
    show
        Whether to show the live monitor, where a notebook can.

    Raises
    ------
    PlanError
        Where no block can be left out, a case to confirm on is among the others, or anything else does not
        fit; nothing is asked.
    DatasetError
        Where nothing has finished.
    """
    said: dict[str, Any] = {
        "scorers": scorers,
        "incumbent": variant,
        "margin": margin,
        "gate": gate,
        "repeats": repeats,
        "seed": seed,
        "params": params,
        "budget_usd": budget_usd,
        "budget_tokens": budget_tokens,
        "sample": sample,
    }

    def planned(arms: Sequence[Variant], asked: Dataset | None) -> Plan:
        return _plan(bench, arms, asked, model, said)

    def compared(plan: Plan) -> tuple[Run, Comparison]:
        run = bench.run(plan, show=show)
        return run, bench.compare(run)

    return _told(variant, cases, confirm, items, planned, compared)


def _told(
    variant: Variant,
    cases: Dataset | None,
    confirm: Dataset | None,
    items: bool,
    planned: Callable[[Sequence[Variant], Dataset | None], Plan],
    compared: Callable[[Plan], tuple[Run, Comparison]],
) -> Anatomy:
    """Ask the whole and the variants without a block; then, where that is asked, without all superfluous."""
    parts = blocks(variant, items=items)
    short = {part.number: without(variant, part.number, items=items) for part in parts if not part.kept}
    if not short:
        raise PlanError(
            f"variant {variant.name!r}", "no block of it can be left out", "It is as short as it gets."
        )
    plan = planned([variant, *short.values()], cases)
    _check_confirm(plan.cases, confirm)
    run, result = compared(plan)
    table = _blocks(parts, plan, {number: each.name for number, each in short.items()})
    first = judged(run.frame, result, table, runs=[run])
    if confirm is None or len(first.drop) < 2:
        return first
    again, confirmation = compared(planned([variant, without(variant, *first.drop, items=items)], confirm))
    return judged(run.frame, result, table, confirmation=(again.frame, confirmation), runs=[run, again])


def _plan(
    bench: Bench, arms: Sequence[Variant], cases: Dataset | None, model: str | None, said: Mapping[str, Any]
) -> Plan:
    """Return the plan of the arms on one model."""
    plan = bench.plan(arms, cases, **said)
    names = [ref.name for ref in bench.models.refs]
    name = model or names[0]
    if name not in names:
        raise PlanError(f"model {name!r}", "the bench has no such model", f"It has {', '.join(names)}.")
    if len(names) == 1:
        return plan
    kept = tuple(arm for arm in plan.arms if arm.model.name == name)
    plan = replace(plan, arms=kept, incumbent=kept[0].name)
    reckoned = estimate(
        plan.cells(),
        plan.book,
        count=bench.models.count,
        known=bench.journal.reply,
        concurrency=bench.concurrency,
    )
    return replace(plan, estimate=reckoned)


def _check_confirm(cases: Dataset, confirm: Dataset | None) -> None:
    if confirm is None:
        return
    both = {case.case_id for case in cases.cases} & {case.case_id for case in confirm.cases}
    if both:
        raise PlanError(
            "anatomy",
            f"case {min(both)!r} would confirm what it chose",
            "Give other cases: found, rest = cases.split(…).",
        )


def _blocks(parts: Sequence[Block], plan: Plan, names: Mapping[int, str]) -> pd.DataFrame:
    arms = {arm.variant.name: arm.name for arm in plan.arms}
    return pd.DataFrame(
        {
            "block": [part.number for part in parts],
            "kind": [part.kind for part in parts],
            "text": [part.text for part in parts],
            "arm": [arms[names[part.number]] if part.number in names else None for part in parts],
            "reason": [part.kept for part in parts],
        }
    )
