"""Successive elimination: an arm leaves as soon as it is shown not to be among the best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.analyze.sequence import BETS
from workbench.errors import InputError

__all__ = ["Elimination"]


class Elimination:
    """One race, or many at once, case by case.

    For every ordered pair (i, j) a capital bets, on the paired differences by case, that j is better than i
    (`workbench.analyze.sequence.log_capital`). The evidence against arm i being a best one is the average of
    the capitals of its pairs: if i is a best arm, each of them is a non-negative supermartingale, and so is
    their average (Vovk & Wang 2021, E-values: calibration, combination and applications, Annals of
    Statistics 49:1736). Arms leave by Holm's step-down: with m arms left, one whose evidence reaches
    m / alpha. The chance that any of the best arms ever leaves is at most alpha, however many are equal and
    however often one looks; so a wrong winner, and a winner among equal arms, are named with at most that
    chance. An arm that has left is asked no more, and its pairs stand still.

    Parameters
    ----------
    arms
        How many, at least 2.
    alpha
        Error of the whole race, in (0, 1).
    within
        An arm leaves only where it is shown to be worse by more than this, in [0, 1): arms that are nearly
        as good, and perhaps cheaper, then stay.
    races
        Shape of the races that go on side by side, for simulations.

    Attributes
    ----------
    alive
        Shape (*races, arms): who is still in.
    cases
        Cases seen.
    left_after, left_by
        Shape (*races, arms): after which case an arm left, and the arm that speaks most against it; -1 where
        it has not left.
    """

    def __init__(
        self, arms: int, *, alpha: float = 0.05, within: float = 0.0, races: tuple[int, ...] = ()
    ) -> None:
        if arms < 2 or not 0 < alpha < 1 or not 0 <= within < 1:
            raise InputError(
                "race",
                f"{arms} arms, alpha {alpha}, within {within}",
                "Give at least two arms, alpha in (0, 1) and within in [0, 1).",
            )
        self.alpha, self.within, self.cases = alpha, within, 0
        self.alive = np.ones((*races, arms), dtype=bool)
        self.left_after = np.full((*races, arms), -1)
        self.left_by = np.full((*races, arms), -1)
        self._bets = np.array(BETS).reshape(-1, *(1 for _ in range(len(races) + 2)))
        self._capital = np.ones((len(BETS), *races, arms, arms))
        self._capital[..., np.arange(arms), np.arange(arms)] = 0.0

    def add(self, values: ArrayLike) -> None:
        """Take in the next case and let those leave who must.

        Parameters
        ----------
        values
            Shape (*races, arms): each arm's score, in [0, 1]; NaN where it is missing: nothing is bet on its
            pairs. What an arm that has left got is ignored.
        """
        self.cases += 1
        x = np.where(self.alive, np.asarray(values, dtype=float), np.nan)
        gains = x[..., None, :] - x[..., :, None]  # [i, j]: by how much j was better than i
        moves = np.nan_to_num((gains - self.within) / (1 + self.within))
        with np.errstate(over="ignore"):  # a capital beyond all numbers has won
            self._capital *= 1 + self._bets * moves
        self._leave()

    @property
    def done(self) -> Any:
        """Whether one arm is left; shape (*races,)."""
        return self.alive.sum(axis=-1) == 1

    @property
    def evidence(self) -> NDArray[np.float64]:
        """Average capital that bets against each arm being a best one, shape (*races, arms)."""
        arms = self.alive.shape[-1]
        return np.asarray(self._pairs().sum(axis=-1) / (arms - 1))

    def _pairs(self) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            return np.asarray(self._capital.mean(axis=0))

    def _leave(self) -> None:
        """Let arms leave, the worst first: with each the threshold for the rest falls."""
        evidence = np.where(self.alive, self.evidence, -1.0)
        while True:
            left = self.alive.sum(axis=-1)
            worst = evidence.argmax(axis=-1)[..., None]
            most = np.take_along_axis(evidence, worst, axis=-1)[..., 0]
            leaves = (left > 1) & (most >= left / self.alpha)
            if not leaves.any():
                return
            gone = (np.arange(self.alive.shape[-1]) == worst) & leaves[..., None]
            self.alive &= ~gone
            self.left_after[gone] = self.cases
            self.left_by[gone] = self._pairs().argmax(axis=-1)[gone]
            evidence = np.where(gone, -1.0, evidence)
