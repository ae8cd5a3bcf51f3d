"""Approvals: who else stands behind a promotion, written down with it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from workbench.core.show import Shown
from workbench.errors import PromotionError
from workbench.promote.decision import Decision
from workbench.promote.places import EventLog

__all__ = ["APPROVAL_KIND", "Approval", "approvals", "approve"]

APPROVAL_KIND = "approval"
"""Under this kind the journal keeps every approval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval(Shown):
    """One approval of one decision.

    Parameters
    ----------
    decision
        Identity of the decision, 64 hexadecimal digits; another decision needs approvals of its own.
    study, chosen
        What it would promote.
    by
        The role that approves, or who.
    note
        What was looked at; may be empty.
    at
        Seconds since the epoch.
    """

    decision: str
    study: str
    chosen: str
    by: str
    note: str = ""
    at: float = 0.0

    @property
    def frame(self) -> pd.DataFrame:
        """One row."""
        when = pd.Timestamp(self.at, unit="s", tz="UTC").floor("s")
        return pd.DataFrame([[when, self.chosen, self.by, self.note]], columns=["when", "arm", "by", "note"])

    @property
    def words(self) -> str:
        """Who, and the note."""
        return f"{self.by}: {self.note}" if self.note else self.by

    @property
    def summary(self) -> str:
        """What is approved, by whom."""
        return f"{self.study}: promotion of {self.chosen} approved by {self.words}"


def approve(decision: Decision, journal: EventLog, *, by: str, note: str = "") -> Approval:
    """Write an approval of a decision down; the same role again changes its note and counts once.

    Parameters
    ----------
    by
        The role that approves, or who; not empty.
    note
        What was looked at.

    Raises
    ------
    PromotionError
        Where the decision promotes nothing, or nobody is named.
    """
    if decision.verdict != "promote" or decision.chosen is None:
        raise PromotionError(
            f"approval in {decision.study}",
            f"the decision is {decision.verdict!r}",
            "Only a decision to promote can be approved.",
        )
    if not by.strip():
        raise PromotionError(f"approval in {decision.study}", "nobody is named", "Give by='product owner'.")
    payload = {
        "decision": decision.hash,
        "study": decision.study,
        "chosen": decision.chosen,
        "by": by.strip(),
        "note": note,
    }
    return Approval(**payload, at=journal.add_event(APPROVAL_KIND, payload).at)


def approvals(decision: Decision, journal: EventLog) -> tuple[Approval, ...]:
    """Return the approvals of a decision, one a role, in the order of their first words."""
    found: dict[str, Approval] = {}
    for event in journal.events(APPROVAL_KIND):
        if event.payload["decision"] == decision.hash:
            found[event.payload["by"]] = Approval(**dict(event.payload), at=event.at)
    return tuple(found.values())
