"""`bench.race`: hopeless arms are stopped, and what they would have cost goes to the contenders."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.analyze.race import Race, race_result
from workbench.analyze.racing import Racing, Rules, replay
from workbench.core.protocols import Scorer
from workbench.core.records import Score, Trial
from workbench.define.dataset import Dataset
from workbench.define.variant import Variant
from workbench.errors import PlanError
from workbench.plan.gate import Gate
from workbench.plan.grid import permuted
from workbench.plan.plan import Arm, Cell, Plan
from workbench.run.handle import Run

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["RaceCourse", "race", "race_plan"]

AHEAD = 32
"""Cases that calls may run ahead of the complete prefix, beside those that the concurrency needs."""

LEFT, SEEN = "one arm is left", "all cases are seen"
WAITS = "the race waits for rows that another process makes"


class RaceCourse:
    """The course of a race: case by case, for the arms that are still in it, and the incumbent.

    Parameters
    ----------
    plan
        The whole grid.
    rules
        How the race is held.
    ahead
        Cases that calls may be ahead of the complete prefix, at least 1.
    """

    def __init__(self, plan: Plan, rules: Rules, ahead: int = AHEAD) -> None:
        self.ended = ""
        self.racing = Racing([arm.name for arm in plan.arms], _order(plan), repeats=plan.repeats, rules=rules)
        self._plan, self._ahead = plan, ahead
        self._place = {case: place for place, case in enumerate(self.racing.cases)}

    def cells(self) -> Iterator[Cell]:
        """Yield the cells that the race needs next; it ends when one arm is left."""
        racing = self.racing
        for cell in self._plan.cells():
            if racing.over:
                break
            if self._place[cell.case.case_id] >= racing.seen + self._ahead:
                self.ended = WAITS
                return
            if cell.arm.name in racing.asked:
                yield cell
        if len(racing.contenders) == 1:
            self.ended = LEFT
        elif racing.left_at:
            self.ended = SEEN

    def landed(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Take in a row; one that a judge has not seen yet is none."""
        found = [score.value for score in scores if score.scorer == self._plan.gate.score]
        if trial.status == "ok" and not found:
            return
        value = found[-1] if trial.status == "ok" else None
        self.racing.add(
            trial.arm, trial.case_id, trial.repeat, math.nan if value is None else value, trial.call_key
        )


def _order(plan: Plan) -> list[str]:
    return [case.case_id for case in permuted(plan.cases.cases, plan.seed)]


def race(
    bench: Bench,
    variants: Sequence[Variant] | None = None,
    cases: Dataset | None = None,
    *,
    scorers: Sequence[Scorer] | None = None,
    incumbent: Variant | Arm | str | None = None,
    margin: float | None = None,
    gate: Gate | None = None,
    repeats: int | None = None,
    seed: int | None = None,
    params: Mapping[str, Any] | None = None,
    budget_usd: float | None = None,
    budget_tokens: int | None = None,
    sample: str = "main",
    within: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
    show: bool = True,
) -> Race:
    """Find the best arm with as few calls as that takes; waits for the end.

    Case by case, in a seeded order, every arm that is still in is asked. As soon as an arm is shown to be
    worse than another it is asked no more, and its budget goes to the contenders: they see more cases. It
    ends when one arm is left, all cases are seen, the budget is reached, or it is stopped. One may look at
    any time: the test is anytime-valid (`workbench.analyze.elimination.Elimination`), and a wrong arm is
    named the winner with a chance of at most the gate's alpha.

    The calls are those of the plan of the same arguments, in its execution: the same race again resumes and
    asks nothing twice, and running the plan completes the grid.

    Parameters
    ----------
    variants, cases, scorers, incumbent, margin, gate, repeats, seed, params
        As `Bench.plan` takes them, and so are the three that follow.
    budget_usd, budget_tokens, sample
        What the race may spend; the name of the draw.
    within
        An arm is dropped only where it is worse by more than this, in the score's unit: above 0, arms that
        are nearly as good, and perhaps cheaper, stay.
    bounds
        Least and greatest possible value of the gate's score.
    show
        Whether to show the live monitor, where a notebook can.

    Raises
    ------
    PlanError
        Where anything does not fit, or there are fewer than two arms; nothing is asked.
    InputError
        Where a score is outside of `bounds`; the rows so far are kept.
    """
    plan = bench.plan(
        variants,
        cases,
        scorers=scorers,
        incumbent=incumbent,
        margin=margin,
        gate=gate,
        repeats=repeats,
        seed=seed,
        params=params,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        sample=sample,
    )
    return race_plan(bench, plan, within=within, bounds=bounds, show=show)


def race_plan(
    bench: Bench,
    plan: Plan,
    *,
    within: float = 0.0,
    bounds: tuple[float, float] = (0.0, 1.0),
    show: bool = True,
) -> Race:
    """Race the arms of a plan; see `race`."""
    if len(plan.arms) < 2:
        raise PlanError("race", "there is one arm only", "Give at least two variants or models.")
    rules = Rules(incumbent=plan.incumbent, alpha=plan.gate.alpha, within=within, bounds=bounds)
    ahead = AHEAD + bench.concurrency
    seen = -1
    while True:
        course = RaceCourse(plan, rules, ahead)
        run = bench.run(plan, show=show, course=course)
        run.result()
        waits = run.progress.reason == WAITS and course.racing.seen > seen
        if not waits:
            return _result(run, rules)
        seen = course.racing.seen


def _result(run: Run, rules: Rules) -> Race:
    """Return what the table tells: the same whatever was heard live, or in which order."""
    plan, frame = run.plan, run.frame
    racing = replay(
        frame,
        plan.gate.score,
        arms=[arm.name for arm in plan.arms],
        cases=_order(plan),
        repeats=plan.repeats,
        rules=rules,
    )
    ended = LEFT if len(racing.contenders) == 1 else SEEN if racing.over else run.progress.reason
    return race_result(
        racing,
        frame,
        plan.gate.score,
        ended=ended or "it ended early",
        grid=len(plan),
        execution_id=plan.execution_id,
        run=run,
    )
