"""Making a plan: everything that can be wrong with a run is found here, before a cent is spent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.core.protocols import Scorer
from workbench.core.records import ModelRef, Workload
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import PlanError
from workbench.plan.gate import Gate
from workbench.plan.grid import Arm, grid
from workbench.plan.plan import Plan, plan_hash
from workbench.plan.power import from_assumption, from_pilot
from workbench.plan.prices import PriceBook
from workbench.plan.reckon import Counter, Known, estimate

__all__ = ["make_plan"]


def make_plan(
    study: str,
    variants: Sequence[Variant],
    cases: Dataset,
    *,
    models: Sequence[ModelRef],
    scorers: Sequence[Scorer],
    incumbent: Variant | Arm | str,
    repeats: int = 1,
    seed: int = 1,
    sample: str = "main",
    gate: Gate | None = None,
    budget_usd: float | None = None,
    book: PriceBook | None = None,
    params: Mapping[str, Any] | None = None,
    workload: Workload = "batch",
    concurrency: int = 16,
    count: Counter | None = None,
    known: Known | None = None,
    pilot: Sequence[float] = (),
) -> Plan:
    """Return a checked plan with its estimate; nothing is asked and nothing spent.

    Parameters
    ----------
    study
        Name of the study.
    variants, models
        Each variant is asked of each model; at least one of both, names differ.
    cases
        What they are asked; has every column that a variant uses.
    scorers
        What judges the answers, the gate's score among them; may be empty where people will judge later.
    incumbent
        What the others are compared with: an arm (``variant@model``), or a variant, meaning it on the first
        model.
    repeats
        Draws of each case, at least 1.
    seed, sample
        Seed of order and draws; name of the draw (another name draws anew).
    gate
        What a promotion must show; None: the defaults on the first scorer's score.
    budget_usd
        What the run may spend, above 0; None: no limit.
    book
        The prices; None: the bundled ones.
    params
        Parameters of every request; a variant's own win. ``seed=None`` sends no seed.
    concurrency
        Calls under way at a time, for the minutes.
    count, known
        A tokenizer; a look-up in the journal (`Journal.reply`). None: none at hand.
    pilot
        Per-case differences of an earlier run, for the smallest difference; empty: the assumption.

    Raises
    ------
    PlanError
        Where anything of this does not fit.
    TemplateError
        Where a case has an empty cell that a variant uses.
    """
    arms = _arms(variants, models, dict(params or {}))
    _check_cases(variants, cases)
    _check_numbers(repeats=repeats, budget_usd=budget_usd, concurrency=concurrency)
    gate = _gate(gate, scorers)
    parts: dict[str, Any] = {
        "study": study,
        "arms": arms,
        "cases": cases,
        "repeats": repeats,
        "seed": seed,
        "sample": sample,
        "scorers": tuple(scorers),
        "incumbent": _incumbent(incumbent, arms),
        "gate": gate,
        "workload": workload,
    }
    book = book or PriceBook()
    cells = grid(
        arms,
        cases.cases,
        repeats=repeats,
        seed=seed,
        sample=sample,
        workload=workload,
        execution_id=plan_hash(**parts)[:16],
    )
    estimated = estimate(cells, book, count=count, known=known, concurrency=concurrency)
    family: dict[str, Any] = {"challengers": max(1, len(arms) - 1), "alpha": gate.alpha}
    power = (
        from_pilot(pilot, len(cases), **family) if pilot else from_assumption(len(cases), repeats, **family)
    )
    return Plan(
        **parts,
        budget_usd=budget_usd,
        book=book,
        estimate=estimated,
        power=power,
        params=dict(params or {}),
        notes=_notes(
            variants, cases, gate, budget_usd, estimated.unpriced, (estimated.cost_usd or (None, None))[1]
        ),
    )


def _arms(variants: Sequence[Variant], models: Sequence[ModelRef], params: dict[str, Any]) -> tuple[Arm, ...]:
    _distinct("variant", [variant.name for variant in variants])
    _distinct("model", [model.name for model in models])
    arms = []
    for model in models:
        for variant in variants:
            merged = {**params, **variant.params}
            send_seed = "seed" not in merged
            if merged.pop("seed", None) is not None:
                raise PlanError(
                    f"variant {variant.name!r}",
                    "a fixed seed would make its repeats the same draw",
                    "Give the plan's seed instead; each cell gets its own from it. (seed=None sends none.)",
                )
            if variant.schema is not None:
                merged["response_format"] = _response_format(variant.schema)
            arms.append(Arm(variant=variant, model=model, params=merged, send_seed=send_seed))
    _distinct("arm", [arm.name for arm in arms])
    return tuple(arms)


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    # `strict` is refused by endpoints where a schema leaves objects open.
    strict = schema.get("additionalProperties") is False
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": dict(schema), "strict": strict},
    }


def _distinct(what: str, names: Sequence[str]) -> None:
    if not names:
        raise PlanError("plan", f"there is no {what}", f"Give at least one {what}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError("plan", f"two {what}s are called {twice[0]!r}", "Give each its own name.")


def _check_cases(variants: Sequence[Variant], cases: Dataset) -> None:
    columns = list(cases.cases[0].values)
    for variant in variants:
        for name in variant.variables:
            if name in columns:
                continue
            if name == cases.expected:
                hint = "That column is the expected answer, which a prompt never sees."
            else:
                near = difflib.get_close_matches(name, columns, n=1)
                hint = f"Did you mean {near[0]!r}? " if near else ""
                hint += f"The columns are {', '.join(columns)}. A constant is bound as {name}=…"
            raise PlanError(f"variant {variant.name!r}", f"no column for its variable {name!r}", hint)


def _check_numbers(*, repeats: int, budget_usd: float | None, concurrency: int) -> None:
    for name, value in (("repeats", repeats), ("concurrency", concurrency)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PlanError("plan", f"{name} is {value!r}", "Use a whole number of at least 1.")
    if budget_usd is not None and not budget_usd > 0:
        raise PlanError(
            "plan", f"budget_usd is {budget_usd!r}", "Use a number above 0, or None for no limit."
        )


def _gate(gate: Gate | None, scorers: Sequence[Scorer]) -> Gate:
    names = [scorer.name for scorer in scorers]
    if not names:
        return gate or Gate()
    _distinct("scorer", names)
    gate = gate or Gate(score=names[0])
    if gate.score not in names:
        raise PlanError(
            "gate",
            f"nothing gives the score {gate.score!r}",
            f"The scorers give {', '.join(names)}: add one, or let the gate use one of these.",
        )
    return gate


def _incumbent(incumbent: Variant | Arm | str, arms: tuple[Arm, ...]) -> str:
    names = [arm.name for arm in arms]
    name = incumbent if isinstance(incumbent, str) else incumbent.name
    if name in names:
        return name
    for arm in arms:  # those of the first model come first
        if arm.variant.name == name:
            return arm.name
    near = difflib.get_close_matches(name, [*names, *(arm.variant.name for arm in arms)], n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise PlanError(
        "plan", f"the incumbent {name!r} is not among its arms", f"{hint}The arms are {', '.join(names)}."
    )


def _notes(
    variants: Sequence[Variant],
    cases: Dataset,
    gate: Gate,
    budget_usd: float | None,
    unpriced: Sequence[str],
    high: float | None,
) -> tuple[str, ...]:
    notes = []
    if budget_usd is not None and high is not None and high > budget_usd:
        notes.append(f"it may take up to {high:.2g} USD: the budget may end the run early")
    if budget_usd is not None and unpriced:
        notes.append(
            f"no price is known for {', '.join(unpriced)}, so the budget cannot hold: declare a price, or "
            "allow unpriced calls when running"
        )
    if len(cases) < gate.min_cases:
        notes.append(f"{len(cases)} cases are fewer than the {gate.min_cases} that the gate asks for")
    asked = {_content(case.values) for case in cases.cases}
    by_content: dict[str, str] = {}
    for variant in variants:
        shown = variant.examples.cases if variant.examples is not None else ()
        leaked = sum(_content(example.values) in asked for example in shown)
        if leaked:
            notes.append(f"{leaked} examples of {variant.name} are also cases: its score would be too good")
        if not variant.variables:
            notes.append(f"{variant.name} uses no column: every case gets the same prompt")
        twin = by_content.setdefault(variant.hash, variant.name)
        if twin != variant.name:
            notes.append(f"{variant.name} and {twin} are the same prompt and share their calls")
    return tuple(notes)


def _content(values: Mapping[str, Any]) -> str:
    return repr(sorted(values.items()))
