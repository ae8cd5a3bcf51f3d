"""Several judges as a panel: each verdict is kept, what most say or their mean is the score."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from workbench.core.identity import digest
from workbench.core.records import ModelRef, Score, Trial
from workbench.errors import InputError
from workbench.score.asking import Judging
from workbench.score.reading import unanswered
from workbench.score.verdict import hold_name

__all__ = ["Panel", "Voting", "joined", "panel"]

Voting = Literal["majority", "mean"]
"""``majority``: what more judges gave than any other value, missing at a tie. ``mean``: of their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Judges, and how they vote: see `panel`.

    Parameters
    ----------
    name
        The score's name.
    judges
        Two or more; the name of each is that of its verdicts.
    by
        How they vote.
    quorum
        The fewest verdicts that make a score.
    """

    name: str
    judges: tuple[Judging, ...]
    by: Voting
    quorum: int

    @property
    def digest(self) -> str:
        """Identity of the definition: its judges', and how they vote."""
        return digest(["panel", [judge.digest for judge in self.judges], self.by, self.quorum])

    @property
    def refs(self) -> tuple[ModelRef, ...]:
        """Whom it asks."""
        return tuple(dict.fromkeys(ref for judge in self.judges for ref in judge.refs))

    @property
    def members(self) -> tuple[Any, ...]:
        """The single judges it is made of."""
        return tuple(member for judge in self.judges for member in judge.members)

    @property
    def warning(self) -> str | None:
        """The warnings of its judges; None where there is none."""
        found = dict.fromkeys(judge.warning for judge in self.judges if judge.warning is not None)
        return " ".join(found) or None

    async def score(self, trial: Trial) -> Score:
        """Return what the panel says; missing below the quorum, and where no value has most votes."""
        whole = Score(
            trial_id=trial.trial_id,
            scorer=self.name,
            value=None,
            missing=unanswered(trial) or "the panel was not asked",
            digest=self.digest,
            source="LLM_JUDGE",
            rater=", ".join(ref.name for ref in self.refs),
        )
        if unanswered(trial) is not None:
            return whole
        parts = await asyncio.gather(*(judge.score(trial) for judge in self.judges))
        values = [part.value for part in parts if part.value is not None]
        value, missing = None, None
        if len(values) < self.quorum:
            missing = f"{len(values)} of {len(parts)} judges gave a verdict, {self.quorum} are needed"
        elif self.by == "mean":
            value = float(np.mean(values))
        else:
            value = _most(values)
            missing = "the judges disagree, and no value has most votes" if value is None else None
        return joined(replace(whole, value=value, missing=missing), parts)


def _most(values: Sequence[float]) -> float | None:
    ranked = Counter(values).most_common(2)
    return None if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def joined(whole: Score, parts: Sequence[Score]) -> Score:
    """Return a score with its single verdicts, their reasons, and all their calls."""
    said = [
        f"{part.scorer}: {part.missing or f'{part.value:g}'}{f' ({part.reason})' if part.reason else ''}"
        for part in parts
    ]
    return replace(
        whole,
        reason="\n".join(said),
        attempts=tuple(attempt for part in parts for attempt in part.attempts),
        parts=tuple(replace(part, attempts=()) for part in parts),
    )


def panel(*judges: Judging, by: Voting = "majority", quorum: int | None = None, name: str = "panel") -> Panel:
    """Return a panel: several judges of the same answer, as one score.

    Their single verdicts are the score's `parts`: `workbench.score.judged.ratings` makes the table of them
    that agreement is measured on. A judge that fails or abstains has no vote, and is no 0.

    Parameters
    ----------
    judges
        Two or more, of different names; the mean asks that they share one scale.
    by
        How they vote.
    quorum
        The fewest verdicts that make a score; None: more than half of the judges.
    name
        The score's name.

    Raises
    ------
    InputError
        Where there are fewer than two judges, two of one name, or the quorum cannot be met.

    Notes
    -----
    Several small judges of different families agreed with people at least as well as one large judge, at a
    seventh of its price (Verga et al. 2024, arXiv 2404.18796).
    """
    hold_name(name)
    names = [judge.name for judge in judges]
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"panel {name!r}", f"its judges are {names}", "Give two or more, each with a name of its own."
        )
    if by not in get_args(Voting):
        raise InputError(f"panel {name!r}", f"it votes by {by!r}", "Use majority or mean.")
    least = len(judges) // 2 + 1 if quorum is None else quorum
    if not 1 <= least <= len(judges):
        raise InputError(f"panel {name!r}", f"its quorum is {least}", f"Use 1 to {len(judges)}.")
    return Panel(name=name, judges=judges, by=by, quorum=least)
