"""Tests of courses: which cells a run asks, given what has landed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.plan.world import plan
from tests.run.world import Counting, journal, run
from workbench.core.records import Score, Trial
from workbench.plan.plan import Cell, Plan
from workbench.run.course import Whole


class Few:
    """A course that gives the first arm's cells until so many have landed."""

    def __init__(self, plan: Plan, enough: int) -> None:
        self.ended = ""
        self.heard: list[tuple[str, int]] = []
        self._plan, self._enough = plan, enough

    def cells(self) -> Iterator[Cell]:
        """Yield them."""
        for cell in self._plan.cells():
            if len(self.heard) >= self._enough:
                self.ended = "enough"
                return
            if cell.arm == self._plan.arms[0]:
                yield cell

    def landed(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Count it."""
        self.heard.append((trial.trial_id, len(scores)))


def test_a_course_says_what_is_asked_and_when_it_is_enough(tmp_path: Path) -> None:
    """Only its cells are asked, what landed decides on the next one, and the progress says why it ended."""
    book, model, course = journal(tmp_path), Counting(), Few(plan(), 3)
    progress = run(plan(), model, book, course=course, concurrency=1)
    assert len(model.asked) == len(course.heard) == 3
    assert {trial.arm for trial in book.trials(plan().execution_id)} == {plan().arms[0].name}
    assert (progress.state, progress.reason) == ("stopped", "enough")


def test_a_course_hears_of_earlier_rows_and_asks_none_of_them_again(tmp_path: Path) -> None:
    """The rows of the run before count before the first cell is given."""
    book, model = journal(tmp_path), Counting()
    first = Few(plan(), 3)
    run(plan(), model, book, course=first, concurrency=1)
    again = Few(plan(), 3)
    progress = run(plan(), model, book, course=again, concurrency=1)
    assert len(model.asked) == 3
    assert sorted(again.heard) == sorted(first.heard)
    assert progress.reason == "enough"


def test_the_whole_plan_is_the_usual_course(tmp_path: Path) -> None:
    """After a course that left much out, the plan run as it is asks the rest and is done."""
    book, model = journal(tmp_path), Counting()
    run(plan(), model, book, course=Few(plan(), 3), concurrency=1)
    progress = run(plan(), model, book)
    assert (progress.state, len(model.asked)) == ("done", len(plan()))
    assert [cell.trial_id for cell in Whole(plan()).cells()] == [cell.trial_id for cell in plan().cells()]
