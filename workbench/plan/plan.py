"""The plan: everything a run needs, checked before a cent is spent."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from workbench.core.identity import digest
from workbench.core.protocols import Scorer
from workbench.core.records import Workload
from workbench.core.redact import redact
from workbench.core.show import Shown
from workbench.define.dataset import Dataset
from workbench.plan.curve import Curve, curve
from workbench.plan.estimate import Estimate
from workbench.plan.gate import Gate
from workbench.plan.grid import Arm, Cell, grid
from workbench.plan.pilot import Pilot
from workbench.plan.power import Power
from workbench.plan.prices import PriceBook
from workbench.plan.proposal import Proposal, propose

__all__ = ["Arm", "Cell", "Plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Shown):
    """What will be run, and what it will cost and can show. Made by `workbench.plan.make.make_plan`.

    Parameters
    ----------
    study
        Name of the study.
    arms
        Variant × model, in the order given.
    cases, repeats
        What is asked, how often (at least 1).
    seed, sample
        Seed of the order and of the draws; name of the draw.
    scorers
        What judges the answers.
    incumbent
        Name of the arm that the others are compared with.
    gate
        What a promotion must show.
    budget_usd
        What this run may spend; None: no limit. Not part of the plan's identity.
    budget_tokens
        How many tokens it may take, input and output together; likewise.
    book
        The prices. Not part of the plan's identity.
    estimate, power
        Calls, tokens, USD and minutes as low–high; the smallest difference the plan can show.
    pilot
        What earlier runs say about the arms.
    params
        Parameters of every request, before the variants' own.
    workload
        The latency class.
    notes
        What a reader should know before running it.
    hash
        Identity of what is asked and how it is judged, 64 hexadecimal digits.
    """

    study: str
    arms: tuple[Arm, ...]
    cases: Dataset
    repeats: int
    seed: int
    sample: str
    scorers: tuple[Scorer, ...]
    incumbent: str
    gate: Gate
    budget_usd: float | None
    book: PriceBook
    estimate: Estimate
    power: Power
    budget_tokens: int | None = None
    pilot: Pilot = field(default_factory=Pilot)
    params: Mapping[str, Any] = field(default_factory=dict)
    workload: Workload = "batch"
    notes: tuple[str, ...] = ()
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        """Reckon the identity once: every row asks for it."""
        names = inspect.signature(plan_hash).parameters
        object.__setattr__(self, "hash", plan_hash(**{name: getattr(self, name) for name in names}))

    @property
    def execution_id(self) -> str:
        """Name of the plan's one execution, 16 hexadecimal digits: the same plan again resumes it."""
        return self.hash[:16]

    def arm(self, name: str) -> Arm:
        """Return the arm of this name; KeyError where there is none."""
        return {arm.name: arm for arm in self.arms}[name]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.arms) * len(self.cases) * self.repeats

    def to_mapping(self) -> dict[str, Any]:
        """Return the plan as plain JSON: enough to read what was asked, of whom, and how it was judged."""
        return {
            "hash": self.hash,
            "study": self.study,
            "arms": [
                {
                    "name": arm.name,
                    "variant": arm.variant.name,
                    "variant_hash": arm.variant.hash,
                    "messages": [message.to_dict() for message in arm.variant.chat],
                    "model": {"name": arm.model.name, "model": arm.model.model, "origin": arm.model.origin},
                    "params": dict(arm.params),
                }
                for arm in self.arms
            ],
            "cases": {"name": self.cases.name, "digest": self.cases.digest, "count": len(self.cases)},
            "repeats": self.repeats,
            "seed": self.seed,
            "sample": self.sample,
            "scorers": [{"name": scorer.name, "digest": scorer.digest} for scorer in self.scorers],
            "incumbent": self.incumbent,
            "gate": asdict(self.gate),
            "budget_usd": self.budget_usd,
            "budget_tokens": self.budget_tokens,
            "price_book": self.book.id,
            "workload": self.workload,
        }

    def cells(self) -> Iterator[Cell]:
        """Yield the cells in their seeded order; every prefix by case is a complete grid on a fair sample."""
        return grid(
            self.arms,
            self.cases.cases,
            repeats=self.repeats,
            seed=self.seed,
            sample=self.sample,
            workload=self.workload,
            execution_id=self.execution_id,
        )

    @property
    def curve(self) -> Curve:
        """How many cases a difference needs at these repeats, and what they cost: from small to large."""
        return curve(self.estimate, self.power, self.pilot)

    def for_difference(self, difference: float, *, usd_per_case: float | None = None) -> Proposal:
        """Propose cases and repeats that show a true difference, the cheapest of all that do.

        Parameters
        ----------
        difference
            In units of the score, above 0.
        usd_per_case
            What a further case costs beside its calls (finding it, labeling it), at least 0. None: unknown,
            and what can be done with the cases at hand goes first.

        Raises
        ------
        PlanError
            Where the difference is not above 0, or a price is below 0.
        """
        return propose(self.estimate, self.power, self.pilot, difference, usd_per_case=usd_per_case)

    @property
    def frame(self) -> pd.DataFrame:
        """One row an arm: calls, tokens, USD and minutes as low–high."""
        return self.estimate.frame

    @property
    def summary(self) -> str:
        """What it will cost and can show, in a few lines."""
        shows = self.power.smallest_difference
        difference = (
            "nothing (fewer than two cases)" if shows is None else f"{shows:.3g} ({self.power.basis})"
        )
        lines = [
            f"{self.study}: {len(self.arms)} arms × {len(self.cases):,} cases × {self.repeats} repeats"
            f" = {len(self):,} trials; incumbent {self.incumbent}",
            self.estimate.summary,
            f"Smallest difference in {self.gate.score} it can show: {difference}",
            *(f"Note: {note}" for note in self.notes),
        ]
        limits = [] if self.budget_usd is None else [f"{self.budget_usd:g} USD"]
        limits += [] if self.budget_tokens is None else [f"{self.budget_tokens:,} tokens"]
        if limits:
            lines.insert(2, f"Budget: {' and '.join(limits)}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return str(redact(f"{self.summary}\n\n{self.frame.to_string(index=False)}"))


def plan_hash(
    *,
    study: str,
    arms: tuple[Arm, ...],
    cases: Dataset,
    repeats: int,
    seed: int,
    sample: str,
    scorers: tuple[Scorer, ...],
    incumbent: str,
    gate: Gate,
    workload: str,
) -> str:
    """Return the identity of a plan: what is asked, of whom, and how it is judged."""
    return digest(
        {
            "study": study,
            "arms": [
                [arm.name, arm.variant.hash, arm.model.model, arm.model.origin, arm.params, arm.send_seed]
                for arm in arms
            ],
            "cases": cases.digest,
            "repeats": repeats,
            "seed": seed,
            "sample": sample,
            "scorers": [[scorer.name, scorer.digest] for scorer in scorers],
            "incumbent": incumbent,
            "gate": gate.hash,
            "workload": workload,
        }
    )
