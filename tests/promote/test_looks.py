"""Looks: what counts as one, and as another."""

from __future__ import annotations

from typing import Any

import pandas as pd

from tests.promote.world import MODEL, VARIANTS, MemoryLog
from workbench.define.dataset import Dataset
from workbench.plan.make import make_plan
from workbench.plan.plan import Plan
from workbench.promote.looks import count_looks, note_look
from workbench.score.checks import exact

NAMES = ("terse", "few-shot")


def plan(cases: range = range(10), names: tuple[str, ...] = NAMES, **changes: Any) -> Plan:
    """Return a plan of these variants on cases with these numbers."""
    rows = [{"id": f"c{number}", "text": f"text {number}", "label": "a"} for number in cases]
    data = Dataset.from_frame(pd.DataFrame(rows), expected="label")
    variants = [VARIANTS[name] for name in names]
    return make_plan(
        "s", variants, data, **{"models": [MODEL], "scorers": [exact()], "incumbent": "terse"} | changes
    )


def test_the_first_look_and_the_same_again_are_one() -> None:
    """However often the same result is shown."""
    log = MemoryLog()
    for _ in range(3):
        note_look(log, plan(), 20)
    assert len(log.events()) == 1
    assert count_looks(log, plan(), 20).once


def test_a_stopped_run_and_an_extended_plan_are_further_looks() -> None:
    """Fewer trials of the same plan, and a plan with more cases or repeats."""
    log = MemoryLog()
    note_look(log, plan(), 8)
    assert count_looks(log, plan(), 20).count == 2
    note_look(log, plan(), 20)
    assert count_looks(log, plan(range(15)), 30).count == 3
    assert count_looks(log, plan(repeats=2), 40).count == 3


def test_other_cases_draws_and_challengers_are_not() -> None:
    """New cases, a new draw, a changed variant: nobody has seen these replies."""
    log = MemoryLog()
    note_look(log, plan(), 20)
    assert count_looks(log, plan(range(10, 20)), 20).once
    assert count_looks(log, plan(sample="confirm-1"), 20).once
    assert count_looks(log, plan(names=("terse", "many")), 20).once
    assert not count_looks(log, plan(names=("terse", "many", "few-shot")), 30).once
