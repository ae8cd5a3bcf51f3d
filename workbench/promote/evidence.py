"""What a decision rests on beside the comparison: each part may be absent, and a rule says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from workbench.analyze.agreement import Agreement
from workbench.analyze.selection import Confirmation, confirm
from workbench.analyze.slices import Slices, slices
from workbench.plan.gate import Gate
from workbench.promote.looks import Looks

__all__ = ["Evidence", "Judge", "gather"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """How well a judge agrees with people.

    Parameters
    ----------
    score
        Name of the score that the judge gives.
    agreement, low, high
        The measure with its interval, at most 1.
    measure
        Its name, e.g. ``agreement`` or ``kappa``.
    labels
        Human labels it rests on; 0: it was never held against people.
    digest
        Identity of the judge's definition when it was held against people; empty: not known.
    stale
        Whether the judge is another by now: its prompt, its scale or its model has changed.
    """

    score: str
    agreement: float
    low: float
    high: float
    measure: str
    labels: int
    digest: str = ""
    stale: bool = False

    @classmethod
    def of(
        cls, found: Agreement, judge: str, score: str | None = None, measure: str = "kappa", digest: str = ""
    ) -> Judge:
        """Return what an agreement with people says of a judge.

        Parameters
        ----------
        found
            Of `workbench.analyze.agreement.agreement`, with the judge among its ``judges``.
        judge
            The judge's column in it.
        score
            Name of the score that the judge gives; None: the column's.
        measure
            The statistic, e.g. ``kappa``, ``kappa_quadratic``, ``gwet_ac1``.
        digest
            As of the judge.

        Raises
        ------
        DatasetError
            Where there is no such row.
        """
        row = found.row(judge, measure)
        return cls(
            score=score or judge,
            agreement=float(row["estimate"]),
            low=float(row["low"]),
            high=float(row["high"]),
            measure=measure,
            labels=int(row["n"]),
            digest=digest,
        )

    @classmethod
    def unheld(cls, score: str) -> Judge:
        """Return a judge that was never held against people."""
        nan = float("nan")
        return cls(score=score, agreement=nan, low=nan, high=nan, measure="kappa", labels=0)

    def seen(self, digest: str) -> Judge:
        """Return it beside the judge of now: `stale` where that has another definition."""
        return replace(self, stale=bool(self.digest) and self.digest != digest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What a decision rests on beside the comparison; None: not known.

    Parameters
    ----------
    trials
        The trial table that was compared.
    cases_planned, cases_now
        Digest of the dataset in the plan, and of the dataset when it is decided.
    judge
        How well the judge that gives the deciding score agrees with people; None: no model gives it.
    slices
        The comparison by the gate's column.
    confirmation
        The choice on one part of the cases, held against the other.
    looks
        How often the result was looked at.
    """

    trials: pd.DataFrame | None = None
    cases_planned: str | None = None
    cases_now: str | None = None
    judge: Judge | None = None
    slices: Slices | None = None
    confirmation: Confirmation | None = None
    looks: Looks | None = None


def gather(
    trials: pd.DataFrame,
    gate: Gate,
    incumbent: str,
    *,
    cases_planned: str | None = None,
    cases_now: str | None = None,
    judge: Judge | None = None,
    looks: Looks | None = None,
    seed: int = 1,
) -> Evidence:
    """Return the evidence of a trial table: what the gate asks for, and no more.

    Parameters
    ----------
    trials
        The trial table that was compared.
    gate
        Says by which column to slice, and whether to choose and confirm on two parts of the cases.
    incumbent
        Name of an arm.
    seed
        Of the split.

    Raises
    ------
    DatasetError
        Where the table has no such column, or the split leaves nothing to choose by.
    """
    limits = (gate.score, incumbent)
    several = trials["arm"].nunique() > 1
    return Evidence(
        trials=trials,
        cases_planned=cases_planned,
        cases_now=cases_now,
        judge=judge,
        slices=None
        if gate.slice_by is None
        else slices(trials, *limits, gate.slice_by, gate.margin, gate.alpha),
        confirmation=None
        if gate.confirm_share is None or not several
        else confirm(trials, *limits, gate.margin, gate.alpha, gate.confirm_share, seed),
        looks=looks,
    )
