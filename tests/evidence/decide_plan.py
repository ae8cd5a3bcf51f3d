"""Planning: how often what a replayed run took lies within what was said before it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial

import pandas as pd

from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.meta_scorers import data_folder
from workbench.core.records import Message, ModelRef, Score, Trial, Usage
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.plan.prices import Price, PriceBook
from workbench.score.checks import exact

__all__ = ["planning"]

PILOT = 30
"""Cases of each pilot."""

SEEDS = 1 if QUICK else 8
TASKS = ("word_sorting", "geometric_shapes", "MGSM_DE") if QUICK else ()
"""Tasks replayed; none: all of them."""

GPT = ModelRef(name="openai/gpt-4", model="gpt-4", origin="https://api.openai.com")
BOOK = PriceBook(declared={GPT.name: Price(in_per_mtok=30.0, out_per_mtok=60.0)})
SCORER = exact()


def planning(ledger: Ledger) -> None:
    """Add the rows on planning."""
    folder = data_folder()
    if folder is None:
        ledger.exact("recorded data for planning", "absent", "there")
        return
    rows = pd.read_csv(folder / "scores.csv")
    totals, arms, powers = [], [], []
    for task, part in rows.groupby("task"):
        if TASKS and task not in TASKS:
            continue
        for seed in range(SEEDS):
            total, each, power = _replay(part, seed)
            totals.append(total)
            arms += each
            powers += power
    what = f"{PILOT} pilot cases of a recorded run of GPT-4, 7 prompts; the rest replayed"
    ledger.share(
        f"cost within the plan's interval, all arms together ({what})", sum(totals), len(totals), low=0.9
    )
    ledger.share("cost within the plan's interval, arm by arm", sum(arms), len(arms), low=0.9)
    middle = sorted(powers)[len(powers) // 2]
    ledger.timing(
        "spread of paired differences by the pilot against that of the rest (median of ratios)",
        f"{middle:.2f}",
        "0.9 to 1.2",
        0.9 <= middle <= 1.2,
    )


def _replay(rows: pd.DataFrame, seed: int) -> tuple[bool, list[bool], list[float]]:
    """Return whether total and arms' costs lie in their intervals, and how well the pilot knew the spread."""
    cases = sorted(set(rows["idx"]))
    # Apart for every task: some tasks are one in several languages, and the same split would count as many.
    random.Random(f"{rows['task'].iloc[0]} {seed}").shuffle(cases)
    first, rest = ([str(case) for case in part] for part in (cases[:PILOT], cases[PILOT:]))
    by_cell = {
        (row.variant, str(row.idx)): (int(row.est_prompt_tokens), int(row.est_completion_tokens), row.correct)
        for row in rows.itertuples()
    }

    def count(messages: Sequence[Message], ref: ModelRef) -> int:
        variant, _, case = messages[-1].content.partition(" ")
        return by_cell[variant, case][0]

    names = list(dict.fromkeys(rows["variant"]))
    make = partial(_plan, names, count=count)
    pilot = make(first)
    trials, scores = _ran(pilot, by_cell)
    plan = make(rest, earlier=(trials, scores))
    usd = {cell: (30 * known[0] + 60 * known[1]) / 1e6 for cell, known in by_cell.items()}
    spent = {f"{name}@{GPT.name}": sum(usd[name, case] for case in rest) for name in names}
    low, high = plan.estimate.cost_usd or (0.0, 0.0)
    each = []
    for arm in plan.estimate.arms:
        bounds = arm.cost_usd or (0.0, 0.0)
        each.append(bounds[0] <= spent[arm.arm] <= bounds[1])
    told = {spread.arm: spread.variance for spread in plan.pilot.spreads}
    after = make(first, earlier=_ran(plan, by_cell)).pilot.spreads
    ratios = [(told[one.arm] / one.variance) ** 0.5 for one in after if one.arm in told]
    return low <= sum(spent.values()) <= high, each, ratios


def _plan(names: Sequence[str], cases: Sequence[str], **options: object) -> Plan:
    frame = pd.DataFrame({"id": cases, "text": cases, "label": "1"})
    return make_plan(
        "replayed",
        [Variant(name, name + " {{text}}") for name in names],
        Dataset.from_frame(frame, expected="label", id="id"),
        models=[GPT],
        scorers=[SCORER],
        incumbent="Standard",
        book=BOOK,
        **options,  # type: ignore[arg-type]
    )


def _ran(plan: Plan, by_cell: dict[tuple[str, str], tuple[int, int, int]]) -> tuple[list[Trial], list[Score]]:
    """Return what a recorded run left of a plan's cells."""
    trials, scores = [], []
    for cell in plan.cells():
        tokens_in, tokens_out, right = by_cell[cell.arm.variant.name, cell.case.case_id]
        trials.append(
            Trial(
                trial_id=cell.trial_id,
                execution_id=plan.execution_id,
                study=plan.study,
                arm=cell.arm.name,
                variant=cell.arm.variant.name,
                variant_hash=cell.arm.variant.hash,
                model=GPT.name,
                params=cell.arm.params,
                case_id=cell.case.case_id,
                case=cell.case.values,
                repeat=0,
                call_key=cell.key,
                messages=(),
                status="ok",
                usage=Usage(tokens_in_uncached=tokens_in, tokens_out=tokens_out),
            )
        )
        scores.append(
            Score(trial_id=cell.trial_id, scorer=SCORER.name, value=float(right), digest=SCORER.digest)
        )
    return trials, scores
