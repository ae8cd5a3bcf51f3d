"""Racing: rows land in any order, looks rest on complete prefixes of a seeded order of the cases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import scores
from workbench.analyze.elimination import Elimination
from workbench.core.table import validate
from workbench.errors import InputError

__all__ = ["Racing", "Rules", "replay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a race is held.

    Parameters
    ----------
    incumbent
        Name of the arm that all are measured against. It is asked to the end, also where it is beaten: what
        is said of the winner then rests on the same cases for both.
    alpha
        Error of the whole race, in (0, 1).
    within
        An arm is dropped only where it is shown to be worse than another by more than this, in the score's
        unit, >= 0.
    bounds
        Least and greatest possible score.
    """

    incumbent: str
    alpha: float = 0.05
    within: float = 0.0
    bounds: tuple[float, float] = (0.0, 1.0)


class Racing:
    """A race as it goes: takes rows as they land, and drops arms.

    A look is taken after every case, and each rests on the longest complete prefix of `cases`: never on what
    happened to finish first. So when an arm is dropped depends on the answers alone, not on how fast they
    came. Repeats of a case are averaged. A case of which a call was made for an earlier case already says
    nothing new, and is passed over.

    Parameters
    ----------
    arms
        Names, at least 2.
    cases
        Ids in their seeded order.
    repeats
        Rows that each case has for each arm, at least 1.
    rules
        How it is held.

    Attributes
    ----------
    seen
        Complete cases so far.
    elimination
        Who is in, and since when the others are not.
    counted
        Ids of those that count, in order: the rows of `matrix`.
    left_at
        Name of an arm that was dropped -> complete cases then.
    """

    def __init__(self, arms: Sequence[str], cases: Sequence[str], *, repeats: int, rules: Rules) -> None:
        low, high = rules.bounds
        if rules.incumbent not in arms or not low < high:
            raise InputError(
                "race",
                f"incumbent {rules.incumbent!r}, bounds {rules.bounds}",
                f"Name one of {', '.join(arms)}, and give the least and the greatest possible score.",
            )
        self.arms, self.cases, self.rules = tuple(arms), tuple(cases), rules
        self.elimination = Elimination(len(arms), alpha=rules.alpha, within=rules.within / (high - low))
        self.seen = 0
        self.counted: list[str] = []
        self.left_at: dict[str, int] = {}
        self._repeats = repeats
        self._place = {arm: index for index, arm in enumerate(arms)}
        self._rows: dict[str, dict[tuple[str, int], tuple[float, str | None]]] = {}
        self._keys: set[str] = set()  # of the calls made for the cases seen
        self._history: list[NDArray[np.float64]] = []

    @property
    def contenders(self) -> tuple[str, ...]:
        """The arms that are still in."""
        return tuple(arm for arm, alive in zip(self.arms, self.elimination.alive, strict=True) if alive)

    @property
    def asked(self) -> frozenset[str]:
        """The arms that the next case is asked of: those that are in, and the incumbent."""
        return frozenset({*self.contenders, self.rules.incumbent})

    @property
    def over(self) -> bool:
        """Whether nothing more is to be asked: one arm is left, or all cases are seen."""
        return len(self.contenders) == 1 or self.seen == len(self.cases)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Scores in [0, 1] of the cases that count, shape (cases, arms); NaN: missing or not asked."""
        return np.array(self._history).reshape(-1, len(self.arms))

    def add(self, arm: str, case_id: str, repeat: int, value: float, call_key: str | None = None) -> None:
        """Take in a row that has landed, and look as far as all is there.

        Parameters
        ----------
        value
            The score; NaN where it is missing for good.
        call_key
            Of its call; None: a call of its own.

        Raises
        ------
        InputError
            Where the score is outside of the bounds.
        """
        low, high = self.rules.bounds
        if not math.isnan(value) and not low <= value <= high:
            raise InputError(
                "race",
                f"{arm} got a score of {value:g}, outside of {low:g} to {high:g}",
                "Give the least and the greatest possible score: bounds=(low, high).",
            )
        self._rows.setdefault(case_id, {})[arm, repeat] = ((value - low) / (high - low), call_key)
        while not self.over and self._complete(self.cases[self.seen]):
            self._look(self.cases[self.seen])

    def _complete(self, case_id: str) -> bool:
        there = self._rows.get(case_id, {})
        return all((arm, repeat) in there for arm in self.asked for repeat in range(self._repeats))

    def _look(self, case_id: str) -> None:
        self.seen += 1
        rows = self._rows.pop(case_id)
        asked = {arm: [rows[arm, repeat] for repeat in range(self._repeats)] for arm in self.asked}
        keys = {key for drawn in asked.values() for _, key in drawn if key is not None}
        shared = not keys.isdisjoint(self._keys)
        self._keys |= keys
        if shared:
            return
        row = np.full(len(self.arms), np.nan)
        for arm, drawn in asked.items():
            known = [value for value, _ in drawn if not math.isnan(value)]
            row[self._place[arm]] = np.mean(known) if known else np.nan
        before = self.contenders
        self.counted.append(case_id)
        self._history.append(row)
        self.elimination.add(row)
        self.left_at |= {arm: self.seen for arm in before if arm not in self.contenders}


def replay(
    frame: pd.DataFrame,
    score: str,
    *,
    arms: Sequence[str],
    cases: Sequence[str],
    repeats: int,
    rules: Rules,
) -> Racing:
    """Return the race that a trial table tells, whatever the order of its rows.

    Parameters
    ----------
    frame
        A trial table; rows without the score for which no reason is given are not judged yet.
    score
        Name of the score.
    arms, cases, repeats, rules
        As `Racing` takes them.

    Raises
    ------
    DatasetError
        Where the table has no such score.
    InputError
        Where a score is outside of the bounds.
    """
    racing = Racing(arms, cases, repeats=repeats, rules=rules)
    if not len(frame):
        return racing
    table = validate(frame)
    values, missing = scores(table, score), f"missing_{score}"
    if missing in table:
        landed = values.notna() | table[missing].notna() | (table["status"] != "ok")
        table, values = table[landed], values[landed]
    keys = [None if pd.isna(key) else str(key) for key in table["call_key"]]
    for row in zip(table["arm"], table["case_id"], table["repeat"], values, keys, strict=True):
        racing.add(*row)
    return racing
