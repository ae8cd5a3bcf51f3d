"""Making a plan: everything that can be wrong with a run is found here, before a cent is spent."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from workbench.core.protocols import Scorer
from workbench.core.records import ModelRef, Workload
from workbench.define.answer import is_closed
from workbench.define.dataset import Dataset
from workbench.define.overlap import overlap
from workbench.define.turns import MESSAGES
from workbench.define.variant import Variant
from workbench.errors import PlanError
from workbench.plan.estimate import Estimate
from workbench.plan.gate import Gate
from workbench.plan.grid import Arm
from workbench.plan.pilot import Pilot, Rows, pilot
from workbench.plan.plan import Plan
from workbench.plan.power import Power, from_assumption, from_pilot
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
    budget_tokens: int | None = None,
    book: PriceBook | None = None,
    params: Mapping[str, Any] | None = None,
    workload: Workload = "batch",
    concurrency: int = 16,
    count: Counter | None = None,
    known: Known | None = None,
    earlier: Rows = ((), ()),
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
    budget_tokens
        How many tokens it may take, input and output together, above 0; None: no limit.
    book
        The prices; None: the bundled ones.
    params
        Parameters of every request; a variant's own win. ``seed=None`` sends no seed.
    concurrency
        Calls under way at a time, for the minutes.
    count, known
        A tokenizer; a look-up in the journal (`Journal.reply`). None: none at hand.
    earlier
        Trials and scores of earlier runs (`workbench.plan.pilot.earlier_trials`): output tokens, seconds and
        the spread of paired differences are theirs where these arms are among them, else assumed.

    Raises
    ------
    PlanError
        Where anything of this does not fit.
    TemplateError
        Where a case has an empty cell that a variant uses.
    """
    _check(variants, cases, repeats=repeats, concurrency=concurrency)
    _check_budget(budget_usd, budget_tokens)
    arms = _arms(variants, models, params or {})
    draft = Plan(
        study=study,
        arms=arms,
        cases=cases,
        repeats=repeats,
        seed=seed,
        sample=sample,
        scorers=tuple(scorers),
        incumbent=_incumbent(incumbent, arms),
        gate=_gate(gate, scorers, cases),
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        book=book or PriceBook(),
        estimate=Estimate(arms=(), concurrency=concurrency, price_book=""),
        power=from_assumption(len(cases), repeats),
        params=dict(params or {}),
        workload=workload,
    )
    return _reckoned(draft, count, known, earlier)


def _reckoned(draft: Plan, count: Counter | None, known: Known | None, earlier: Rows) -> Plan:
    """Return the plan with its estimate, its power and its notes."""
    scorer = next((scorer for scorer in draft.scorers if scorer.name == draft.gate.score), None)
    found = pilot(earlier, draft.arms, draft.incumbent, scorer)
    estimated = estimate(
        draft.cells(),
        draft.book,
        count=count,
        known=known,
        earlier=found.arms,
        concurrency=draft.estimate.concurrency,
    )
    plan = replace(draft, estimate=estimated, power=_power(draft, found), pilot=found)
    return replace(plan, notes=_notes(plan))


def _power(draft: Plan, found: Pilot) -> Power:
    family: dict[str, Any] = {"challengers": len(draft.arms) - 1, "alpha": draft.gate.alpha}
    if found.spreads:
        return from_pilot(found.spreads, len(draft.cases), draft.repeats, **family)
    return from_assumption(len(draft.cases), draft.repeats, **family)


def _arms(
    variants: Sequence[Variant], models: Sequence[ModelRef], params: Mapping[str, Any]
) -> tuple[Arm, ...]:
    _distinct("variant", [variant.name for variant in variants])
    _distinct("model", [model.name for model in models])
    arms = []
    for model in models:
        for variant in variants:
            merged = {**params, **variant.all_params}
            send_seed = "seed" not in merged
            if merged.pop("seed", None) is not None:
                raise PlanError(
                    f"variant {variant.name!r}",
                    "a fixed seed would make its repeats the same draw",
                    "Give the plan's seed instead; each cell gets its own from it. (seed=None sends none.)",
                )
            arms.append(Arm(variant=variant, model=model, params=merged, send_seed=send_seed))
    _distinct("arm", [arm.name for arm in arms])
    return tuple(arms)


def _distinct(what: str, names: Sequence[str]) -> None:
    if not names:
        raise PlanError("plan", f"there is no {what}", f"Give at least one {what}.")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PlanError("plan", f"two {what}s are called {twice[0]!r}", "Give each its own name.")


def _check_budget(usd: float | None, tokens: int | None) -> None:
    if usd is not None and not usd > 0:
        raise PlanError("plan", f"budget_usd is {usd!r}", "Use a number above 0, or None for no limit.")
    if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1):
        raise PlanError("plan", f"budget_tokens is {tokens!r}", "Use a whole number above 0, or None.")


def _check(variants: Sequence[Variant], cases: Dataset, *, repeats: int, concurrency: int) -> None:
    for name, value in (("repeats", repeats), ("concurrency", concurrency)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise PlanError("plan", f"{name} is {value!r}", "Use a whole number of at least 1.")
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


def _gate(gate: Gate | None, scorers: Sequence[Scorer], cases: Dataset) -> Gate:
    names, columns = [scorer.name for scorer in scorers], [str(each) for each in cases.frame.columns]
    if gate is not None and gate.slice_by not in (None, "expected", *columns):
        raise PlanError(
            "gate",
            f"the cases have no column {gate.slice_by!r} to be sliced by",
            f"Their columns: {', '.join(columns)}.",
        )
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


def _notes(plan: Plan) -> tuple[str, ...]:
    notes = []
    unpriced, cost, budget = plan.estimate.unpriced, plan.estimate.cost_usd, plan.budget_usd
    if budget is not None and unpriced:
        notes.append(
            f"no price is known for {', '.join(unpriced)}, so the budget cannot hold: declare a price, or "
            "allow unpriced calls when running"
        )
    if budget is not None and cost is not None and cost[1] > budget:
        notes.append(f"it may take up to {cost[1]:.2g} USD: the budget may end the run early")
    tokens = plan.estimate.tokens_in[1] + plan.estimate.tokens_out[1]
    if plan.budget_tokens is not None and tokens > plan.budget_tokens:
        notes.append(f"it may take up to {tokens:,} tokens: the budget may end the run early")
    if len(plan.cases) < plan.gate.min_cases:
        notes.append(
            f"{len(plan.cases)} cases are fewer than the {plan.gate.min_cases} that the gate asks for"
        )
    judges = [each for each in plan.scorers if getattr(each, "refs", None) or getattr(each, "ref", None)]
    if judges:
        names = ", ".join(judge.name for judge in judges)
        notes.append(f"{names} asks a model too: calls for each trial that are not in the estimate")
    notes += dict.fromkeys(filter(None, (getattr(judge, "warning", None) for judge in judges)))
    variants = {arm.variant.name: arm.variant for arm in plan.arms}.values()
    return (*notes, *_notes_on_prompts(list(variants), plan.cases))


def _notes_on_prompts(variants: Sequence[Variant], cases: Dataset) -> list[str]:
    notes = []
    by_content: dict[str, str] = {}
    for variant in variants:
        notes += _notes_on_examples(variant, cases)
        if not variant.variables and MESSAGES not in cases.columns:
            notes.append(f"{variant.name} uses no column: every case gets the same prompt")
        twin = by_content.setdefault(variant.hash, variant.name)
        if twin != variant.name:
            notes.append(f"{variant.name} and {twin} are the same prompt and share their calls")
    return notes + _notes_on_schemas(variants)


def _notes_on_examples(variant: Variant, cases: Dataset) -> list[str]:
    if variant.examples is None:
        return []
    columns = [name for name in cases.columns if name in (*variant.variables, MESSAGES)]
    return overlap(variant.examples, cases, columns=columns or None).warnings(variant.name)


def _notes_on_schemas(variants: Sequence[Variant]) -> list[str]:
    notes = []
    enforced = [each for each in variants if each.schema is not None and each.schema_mode != "json_object"]
    loose = [each.name for each in enforced if not is_closed(each.schema)]
    if loose:
        notes.append(
            f"the schema of {', '.join(loose)} leaves an object open, so it is not enforced strictly: "
            "require all its properties and set additionalProperties: false"
        )
    again = [each.name for each in variants if each.reask]
    if again:
        notes.append(
            f"an answer that breaks the schema of {', '.join(again)} is asked for again: calls that are not "
            "in the estimate, but in the budget"
        )
    return notes
