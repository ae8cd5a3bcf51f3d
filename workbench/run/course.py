"""Courses: which cells of a plan a run asks, given what has landed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from workbench.core.records import Score, Trial
from workbench.plan.plan import Cell, Plan

__all__ = ["Course", "Whole"]


class Course(Protocol):
    """Says what is asked next. A run has one; another one ends a run early or leaves arms out."""

    @property
    def ended(self) -> str:
        """Why it gave no more cells though the plan has more, in words; empty: it gave them all."""
        ...

    def cells(self) -> Iterator[Cell]:
        """Yield cells of the plan, in order; each is decided upon when a place for its call is free."""
        ...

    def landed(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Hear of a row that lacks nothing any more, from this run, an earlier one or another process."""
        ...


class Whole:
    """Every cell of the plan, in its order: the usual course.

    Parameters
    ----------
    plan
        Of the run.
    """

    ended = ""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def cells(self) -> Iterator[Cell]:
        """Yield them."""
        return self._plan.cells()

    def landed(self, trial: Trial, scores: Sequence[Score]) -> None:
        """Go on whatever it is."""
