"""Looks: how often a result was seen before it was decided upon, and whether the evidence allows for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workbench.plan.plan import Plan
from workbench.promote.places import EventLog

__all__ = ["LOOK_KIND", "Looks", "count_looks", "note_look"]

LOOK_KIND = "look"
"""Under this kind the journal keeps every look at a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How a result came about, and how often it was looked at.

    Parameters
    ----------
    count
        Looks at a result of these arms, this one included, at least 1.
    way
        As planned, or by a race, which looks after every case.
    settled_by
        What makes the evidence hold in spite of several looks: an interval that holds at any time, or a
        confirmation on cases that nobody had looked at; None: nothing.
    """

    count: int = 1
    way: Literal["plan", "race"] = "plan"
    settled_by: Literal["an anytime-valid interval", "new cases"] | None = None

    @property
    def once(self) -> bool:
        """Whether what was planned was looked at once."""
        return self.way == "plan" and self.count == 1

    @property
    def words(self) -> str:
        """What was looked at how often, and what allows for it."""
        seen = "a race looks after every case" if self.way == "race" else f"looked at {self.count} times"
        if self.once:
            return "looked at once"
        return f"{seen}; " + (
            "and the interval is of one look" if self.settled_by is None else f"settled by {self.settled_by}"
        )


def note_look(log: EventLog, plan: Plan, trials: int) -> None:
    """Write down that a result was shown; the same result shown again is the same look.

    Parameters
    ----------
    trials
        How many of the plan's trials it rested on.
    """
    look = _look(plan, trials)
    if look not in [dict(event.payload) for event in log.events(LOOK_KIND)]:
        log.add_event(LOOK_KIND, look)


def count_looks(log: EventLog, plan: Plan, trials: int) -> Looks:
    """Return how often a challenger of this plan was looked at beside the incumbent, this look included.

    A look counts where it was at one of these challengers beside this incumbent, on some of these cases,
    drawn under the same name: then its replies are part of this result too, and whoever saw them may have
    gone on because of them (a stopped run, a plan that was extended). Looks at other cases do not count.

    Parameters
    ----------
    trials
        How many of the plan's trials this result rests on.
    """
    own = _look(plan, trials)
    earlier = {
        (event.payload["execution_id"], event.payload["trials"])
        for event in log.events(LOOK_KIND)
        if _shares(event.payload, own)
    }
    return Looks(count=len(earlier | {(own["execution_id"], own["trials"])}))


def _look(plan: Plan, trials: int) -> dict[str, Any]:
    incumbent = plan.arm(plan.incumbent).variant.hash
    return {
        "study": plan.study,
        "execution_id": plan.execution_id,
        "sample": plan.sample,
        "trials": trials,
        "cases": sorted(case.case_id for case in plan.cases.cases),
        "incumbent": incumbent,
        "challengers": sorted({arm.variant.hash for arm in plan.arms} - {incumbent}),
    }


def _shares(look: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    same = all(look[name] == own[name] for name in ("study", "sample", "incumbent"))
    return same and all(set(look[name]) & set(own[name]) for name in ("challengers", "cases"))
