"""An arm against another, pair by pair: who is preferred, how often the verdict stays when they swap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from workbench.analyze.bias import Bias, order_consistency
from workbench.analyze.intervals import Interval, mean_interval
from workbench.core.identity import digest
from workbench.core.records import Score, Trial
from workbench.core.show import Shown
from workbench.errors import DatasetError
from workbench.plan.prices import PriceBook
from workbench.score.asking import ABSTAINED, FAILED
from workbench.score.preference import EQUAL, UNSTABLE, Preference

__all__ = ["PAIR_COLUMNS", "Pairwise", "pairwise"]

PAIR_COLUMNS = (
    "trial_id",
    "case_id",
    "repeat",
    "challenger_first",
    "incumbent_first",
    "score",
    "missing",
    "reason",
)
"""Columns of a pair's row; verdicts in the challenger's view, 1 better, 0.5 a tie, 0 worse, NaN none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairwise(Shown):
    """A challenger against an incumbent by a judge of pairs. Made by `pairwise`.

    Parameters
    ----------
    challenger, incumbent
        Names of the arms.
    scores
        The challenger's scores, one a pair, with both orders as `parts` and all calls as `attempts`; and
        0.5 for the incumbent's answer of each counted pair, which is what it scores against itself: so
        compared, the difference of the arms is the challenger's lead.
    table
        One row a pair: `PAIR_COLUMNS`.
    unpaired
        Answers of either arm that the other has no answer to, by case and repeat.
    preference
        Mean score of the counted pairs, in [0, 1], with its interval by case; 0.5 where neither is better.
    consistency
        What changed with the order of the answers; None where no pair was asked about.
    warning
        Why the judge deserves suspicion; None where nothing is known against it.
    """

    challenger: str
    incumbent: str
    scores: tuple[Score, ...]
    table: pd.DataFrame
    unpaired: int
    preference: Interval
    consistency: Bias | None
    warning: str | None

    @property
    def frame(self) -> pd.DataFrame:
        """One row a pair."""
        return self.table

    @property
    def usd(self) -> float:
        """What the judge took, in USD; NaN where a part of it is unknown."""
        costs = [attempt.cost_usd for score in self.scores for attempt in score.attempts]
        return float(np.sum([np.nan if cost is None else cost for cost in costs]))

    @property
    def summary(self) -> str:
        """Who is preferred, on how many pairs, and what was not counted."""
        table, found = self.table, self.preference
        counts = {word: int(table["score"].eq(value).sum()) for word, value in _WORDS.items()}
        lines = [
            f"{self.challenger} against {self.incumbent}:"
            f" {', '.join(f'{n:,} {word}' for word, n in counts.items())} of {len(table):,} pairs",
            f"score {found.mean:.3f} ({found.low:.3f} to {found.high:.3f}), 0.5 where neither is better,"
            f" n {found.n:,}",
        ]
        lost = table["missing"].dropna()
        whys = {
            "changed with the order": int(lost.eq(UNSTABLE).sum()),
            "abstained": int(lost.eq(ABSTAINED).sum()),
        }
        whys["without a usable verdict"] = len(lost) - sum(whys.values())
        if len(lost):
            lines.append("not counted: " + ", ".join(f"{n:,} {why}" for why, n in whys.items() if n))
        same = int(table["reason"].eq(EQUAL).sum())
        if same:
            lines.append(f"{same:,} pairs of equal answers are ties, and were not asked about")
        if self.unpaired:
            lines.append(f"{self.unpaired:,} answers have no counterpart")
        lines.append("cost unknown" if np.isnan(self.usd) else f"the judge took {self.usd:.4g} USD")
        lines += [] if self.consistency is None else [self.consistency.summary]
        return "\n".join(lines + ([] if self.warning is None else [self.warning]))


_WORDS = {"better": 1.0, "ties": 0.5, "worse": 0.0}


async def pairwise(
    trials: Iterable[Trial],
    challenger: str,
    incumbent: str,
    judge: Preference,
    *,
    known: Iterable[Score] = (),
    book: PriceBook | None = None,
    concurrency: int = 16,
    alpha: float = 0.05,
) -> Pairwise:
    """Ask a judge which of two arms' answers is better, for every case and repeat that both answered.

    Parameters
    ----------
    trials
        Of both arms at least.
    challenger, incumbent
        Names of arms.
    known
        Scores there are already: a pair that this judge gave a verdict on is not asked about again.
    book
        Prices the judge's calls; None: their cost stays unknown.
    concurrency
        The most pairs asked about at once, at least 1; each is two calls.
    alpha
        1 - confidence, in (0, 1).

    Raises
    ------
    DatasetError
        Where the arms have no case in common that both answered.
    """
    rows = list(trials)
    mine, theirs = _answers(rows, challenger), _answers(rows, incumbent)
    both = [where for where in mine if where in theirs]
    if challenger == incumbent or not both:
        names = ", ".join(sorted({trial.arm for trial in rows}))
        raise DatasetError(
            f"{challenger} against {incumbent}", "no case was answered by both", f"The arms are {names}."
        )
    identity = digest([judge.digest, incumbent])  # against another incumbent it is another score
    made = _made(known, judge.name, identity)
    gate = asyncio.Semaphore(concurrency)

    async def one(where: tuple[str, int]) -> Score:
        async with gate:
            score = made.get(mine[where].trial_id) or await judge.score(mine[where], theirs[where])
        return _priced(replace(score, digest=identity), judge, book)

    scores = await asyncio.gather(*map(one, both))
    table = _table(both, scores)
    cases = table["case_id"].to_numpy()
    return Pairwise(
        challenger=challenger,
        incumbent=incumbent,
        scores=(*scores, *_level(both, scores, theirs)),
        table=table,
        unpaired=len(mine) + len(theirs) - 2 * len(both),
        preference=mean_interval(table["score"], cases, bounds=(0, 1), binary=False, alpha=alpha),
        consistency=_consistency(table, alpha),
        warning=judge.warning,
    )


def _answers(trials: Sequence[Trial], arm: str) -> dict[tuple[str, int], Trial]:
    own = (trial for trial in trials if trial.arm == arm and trial.status == "ok" and trial.output)
    return {(trial.case_id, trial.repeat): trial for trial in own}


def _made(known: Iterable[Score], name: str, identity: str) -> dict[str, Score]:
    """Return by trial the scores in which both orders brought a reply: one that failed is asked again."""
    own = (score for score in known if (score.scorer, score.digest) == (name, identity) and score.parts)
    return {
        score.trial_id: score
        for score in own
        if not any((part.missing or "").startswith(FAILED) for part in score.parts)
    }


def _priced(score: Score, judge: Preference, book: PriceBook | None) -> Score:
    if book is None:
        return score
    return replace(score, attempts=tuple(book.price(attempt, judge.ref) for attempt in score.attempts))


def _level(
    both: Sequence[tuple[str, int]], scores: Sequence[Score], theirs: dict[tuple[str, int], Trial]
) -> Iterable[Score]:
    """Yield the incumbent's score of each counted pair."""
    for where, score in zip(both, scores, strict=True):
        if score.value is not None:
            yield Score(
                trial_id=theirs[where].trial_id,
                scorer=score.scorer,
                value=0.5,
                reason="what it scores against itself",
                digest=score.digest,
            )


def _table(both: Sequence[tuple[str, int]], scores: Sequence[Score]) -> pd.DataFrame:
    rows = []
    for (case, repeat), score in zip(both, scores, strict=True):
        orders = [part.value for part in score.parts] or [score.value] * 2
        row = (score.trial_id, case, repeat, *orders, score.value, score.missing, score.reason)
        rows.append(dict(zip(PAIR_COLUMNS, row, strict=True)))
    table = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    values = ["challenger_first", "incumbent_first", "score"]
    return table.astype(dict.fromkeys(values, "float64"))


def _consistency(table: pd.DataFrame, alpha: float) -> Bias | None:
    asked = table[~table["reason"].eq(EQUAL)]
    if asked.empty:
        return None
    one, other = (2 * asked[name].to_numpy() - 1 for name in ("challenger_first", "incumbent_first"))
    return order_consistency(one, other, asked["case_id"].to_numpy(), alpha)
