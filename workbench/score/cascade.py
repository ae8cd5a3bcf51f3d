"""A cheap judge first, a strong one only where it is unsure; and what that saved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from workbench.core.identity import digest
from workbench.core.records import ModelRef, Score, Trial
from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.score.asking import Judging
from workbench.score.panel import joined
from workbench.score.reading import unanswered
from workbench.score.verdict import hold_name

__all__ = ["Cascade", "Saving", "cascade"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving(Shown):
    """What a cascade cost, and what its strong judge alone would have. Made by `Cascade.saving`.

    Parameters
    ----------
    judged, escalated
        Answers that were judged, and those of them that the strong judge saw too.
    cheap_usd, strong_usd
        What either took; NaN where a part of it is unknown.
    strong_alone_usd
        The strong judge's mean cost of an answer times the answers; NaN where it is unknown or saw none.
    """

    judged: int
    escalated: int
    cheap_usd: float
    strong_usd: float
    strong_alone_usd: float

    @property
    def saved_usd(self) -> float:
        """What was saved against the strong judge alone; negative where the cascade cost more."""
        return self.strong_alone_usd - self.cheap_usd - self.strong_usd

    @property
    def saved_share(self) -> float:
        """The same as a share of what the strong judge alone would have cost."""
        return self.saved_usd / self.strong_alone_usd if self.strong_alone_usd else math.nan

    @property
    def frame(self) -> pd.DataFrame:
        """One row a judge, and one for the strong judge alone."""
        return pd.DataFrame(
            {
                "judge": ["cheap", "strong", "strong alone"],
                "answers": [self.judged, self.escalated, self.judged],
                "usd": [self.cheap_usd, self.strong_usd, self.strong_alone_usd],
            }
        )

    @property
    def summary(self) -> str:
        """How many were escalated, and the saving."""
        line = f"The cheap judge settled {self.judged - self.escalated:,} of {self.judged:,} answers"
        if math.isnan(self.saved_share):
            why = "the strong judge saw none" if not self.escalated else "a cost is unknown"
            return f"{line}; the saving is unknown: {why}"
        word = "less" if self.saved_usd >= 0 else "more"
        return (
            f"{line}; {self.cheap_usd + self.strong_usd:.4g} USD, {100 * abs(self.saved_share):.1f} % {word}"
            f" than the strong judge alone ({self.strong_alone_usd:.4g} USD, were all like those it saw)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Two judges, and when the second is asked: see `cascade`.

    Parameters
    ----------
    name
        The score's name.
    cheap, strong
        The judges.
    unsure
        Values of the cheap judge, least and greatest, that settle nothing; None: all values settle.
    """

    name: str
    cheap: Judging
    strong: Judging
    unsure: tuple[float, float] | None

    @property
    def digest(self) -> str:
        """Identity of the definition: both judges', and when the second is asked."""
        return digest(["cascade", self.cheap.digest, self.strong.digest, self.unsure])

    @property
    def refs(self) -> tuple[ModelRef, ...]:
        """Whom it asks."""
        return (*self.cheap.refs, *self.strong.refs)

    @property
    def members(self) -> tuple[Any, ...]:
        """The single judges it is made of."""
        return (*self.cheap.members, *self.strong.members)

    @property
    def warning(self) -> str | None:
        """The warnings of both judges; None where there is none."""
        return " ".join(filter(None, (self.cheap.warning, self.strong.warning))) or None

    async def score(self, trial: Trial) -> Score:
        """Return the cheap judge's verdict where it is sure, else the strong one's."""
        first = await self.cheap.score(trial)
        if unanswered(trial) is not None or not self._open(first):
            return self._whole(first, first)
        second = await self.strong.score(trial)
        return self._whole(second, first, second)

    def _open(self, score: Score) -> bool:
        if score.value is None:
            return True
        return self.unsure is not None and self.unsure[0] <= score.value <= self.unsure[1]

    def _whole(self, decided: Score, *parts: Score) -> Score:
        rater = ", ".join(ref.name for ref in self.refs)
        return joined(
            replace(decided, scorer=self.name, digest=self.digest, source="LLM_JUDGE", rater=rater), parts
        )

    def saving(self, scores: Iterable[Score]) -> Saving:
        """Return what this cascade saved, from its scores; the others among them are passed over."""
        own = [score for score in scores if score.digest == self.digest and score.parts]
        judged = [score for score in own if score.attempts]
        strong = [score for score in judged if len(score.parts) > 1]
        of = {ref.name for ref in self.strong.refs}
        cheap_usd, strong_usd = self._usd(judged, of, False), self._usd(judged, of, True)
        alone = strong_usd / len(strong) * len(judged) if strong else math.nan
        return Saving(
            judged=len(judged),
            escalated=len(strong),
            cheap_usd=cheap_usd,
            strong_usd=strong_usd,
            strong_alone_usd=alone,
        )

    @staticmethod
    def _usd(scores: Sequence[Score], strong: set[str], wanted: bool) -> float:
        attempts = [attempt for score in scores for attempt in score.attempts]
        own = [one for one in attempts if (one.ref is not None and one.ref.name in strong) is wanted]
        return float(np.sum([math.nan if one.cost_usd is None else one.cost_usd for one in own]))


def cascade(
    cheap: Judging, strong: Judging, *, unsure: tuple[float, float] | None = None, name: str = "cascade"
) -> Cascade:
    """Return a cascade: a cheap judge sees every answer, a strong one those it is unsure of.

    Unsure is a cheap judge that abstained, failed or gave no usable verdict, or whose value is in `unsure`.
    A `panel` of cheap judges as the first makes disagreement the doubt: by majority a tie settles nothing, by
    mean every value between the ends does not with ``unsure=(0.01, 0.99)``. What a cheap judge is sure and
    wrong of stays wrong: hold both parts against human labels (`workbench.score.judged.ratings`).

    Parameters
    ----------
    cheap, strong
        Judges (or panels) that share one scale and ask different models.
    unsure
        Least and greatest value of the cheap judge that settles nothing, bounds included; None: all settle.
    name
        The score's name.

    Raises
    ------
    InputError
        Where both ask the same model or have one name, or the bounds are no range.

    Notes
    -----
    The cascade of FrugalGPT (Chen et al. 2023, arXiv 2305.05176) for judges, with the judge's own doubt in
    place of a trained scorer.
    """
    hold_name(name)
    shared = {ref.name for ref in cheap.refs} & {ref.name for ref in strong.refs}
    if shared or cheap.name == strong.name:
        both = f"both ask {', '.join(sorted(shared))}" if shared else f"both are named {cheap.name!r}"
        raise InputError(f"cascade {name!r}", both, "Give two judges of different models and names.")
    if unsure is not None and not unsure[0] <= unsure[1]:
        raise InputError(
            f"cascade {name!r}", f"unsure is {unsure!r}", "Give the least value, then the greatest."
        )
    return Cascade(name=name, cheap=cheap, strong=strong, unsure=unsure)
