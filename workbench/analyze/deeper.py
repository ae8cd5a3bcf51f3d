"""What a comparison can be asked further: its front, all its pairs, its slices, flips, variance, winner."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import pandas as pd

from workbench.analyze.all_pairs import AllPairs, all_pairs
from workbench.analyze.bootstrap import DRAWS
from workbench.analyze.flips import Flips, flips
from workbench.analyze.frontier import Frontier, frontier
from workbench.analyze.label_confusion import LabelConfusion, label_confusion
from workbench.analyze.selection import Confirmation, confirm
from workbench.analyze.slices import MIN_CASES, Slices, slices
from workbench.analyze.variance import VarianceSplit, variance_split
from workbench.errors import DatasetError

__all__ = ["Compared", "Deeper"]


class Compared(Protocol):
    """What a comparison has: its arms, and how and from what it was made."""

    @property
    def arms(self) -> pd.DataFrame:
        """One row an arm, with its name and its variant."""
        ...

    @property
    def score(self) -> str:
        """What quality is."""
        ...

    @property
    def incumbent(self) -> str:
        """The arm that the others are compared with."""
        ...

    @property
    def margin(self) -> float:
        """A loss that does not matter."""
        ...

    @property
    def alpha(self) -> float:
        """Two-sided error of a family."""
        ...

    @property
    def trials(self) -> pd.DataFrame | None:
        """The trial table; None where it is not at hand."""
        ...


class Deeper:
    """Mixin of a comparison: each verb asks its own trials, by its own score, margin and error.

    A challenger is named by its arm, or by its variant where one arm only has it; None is the only one there
    is. Every verb raises `DatasetError` where the trials are not at hand, or no arm has the name.
    """

    __slots__ = ()

    def frontier(self: Compared, *, draws: int = DRAWS, seed: int = 1) -> Frontier:
        """Return each arm's place between quality, cost and latency, and how surely: see `frontier`."""
        return frontier(_trials(self), self.score, self.margin, self.alpha, draws=draws, seed=seed)

    def all_pairs(self: Compared, *, draws: int = DRAWS, seed: int = 1) -> AllPairs:
        """Return every arm against every other, as one family: see `all_pairs`."""
        return all_pairs(_trials(self), self.score, self.margin, self.alpha, draws=draws, seed=seed)

    def slices(self: Compared, by: pd.Series | str, *, min_cases: int = MIN_CASES) -> Slices:
        """Return the differences within each slice of the cases, and with each left out: see `slices`.

        Parameters
        ----------
        by
            A column of the cases, ``expected``, or a Series indexed by case id.
        min_cases
            Fewest common cases of a slice that is tested.
        """
        table = _trials(self)
        return slices(table, self.score, self.incumbent, by, self.margin, self.alpha, min_cases=min_cases)

    def flips(self: Compared, challenger: str | None = None, *, right_above: float | None = None) -> Flips:
        """Return what a challenger fixed and what it broke, case by case: see `flips`.

        Parameters
        ----------
        challenger
            An arm or a variant.
        right_above
            Above this a score is right; None: 0.5, for scores in [0, 1].
        """
        name = _challenger(self, challenger)
        return flips(_trials(self), self.score, self.incumbent, name, right_above=right_above)

    def variance(
        self: Compared,
        challenger: str | None = None,
        *,
        judges: Sequence[str] = (),
        case_usd: float = 0.0,
        label_usd: float | None = None,
        more: float = 1.0,
    ) -> VarianceSplit:
        """Return what a difference scatters by, and whether to buy cases, repeats or labels.

        Parameters
        ----------
        challenger
            An arm or a variant.
        judges, case_usd, label_usd, more
            As `variance_split` takes them.
        """
        return variance_split(
            _trials(self),
            self.score,
            self.incumbent,
            _challenger(self, challenger),
            judges=judges,
            case_usd=case_usd,
            label_usd=label_usd,
            more=more,
            alpha=self.alpha,
        )

    def confusion(
        self: Compared, arm: str | None = None, *, read: Callable[[str], str | None] | None = None
    ) -> LabelConfusion:
        """Return which labels an arm takes for which: see `label_confusion`.

        Parameters
        ----------
        arm
            An arm or a variant, the incumbent too; None: the only challenger there is.
        read
            Reads the label in an answer, ``exact(field="label").part``; None: the answer is the label.
        """
        name = self.incumbent if arm in _names_of(self, self.incumbent) else _challenger(self, arm)
        return label_confusion(_trials(self), name, read=read, alpha=self.alpha)

    def confirm(self: Compared, *, share: float = 0.5, seed: int = 1) -> Confirmation:
        """Choose the best challenger on a share of the cases and test it on the others: see `confirm`."""
        return confirm(_trials(self), self.score, self.incumbent, self.margin, self.alpha, share, seed)


def _trials(compared: Compared) -> pd.DataFrame:
    if compared.trials is None:
        raise DatasetError("comparison", "its trials are not at hand", "Make it with compare().")
    return compared.trials


def _names_of(compared: Compared, arm: str) -> tuple[str, str]:
    """Return the names by which an arm may be called: its own, and its variant's."""
    own = compared.arms.loc[compared.arms["arm"] == arm, "variant"]
    return (arm, str(own.iloc[0]) if len(own) else arm)


def _challenger(compared: Compared, name: str | None) -> str:
    """Return the arm that is meant."""
    others = compared.arms[compared.arms["arm"] != compared.incumbent]
    named = [str(arm) for arm in others["arm"]]
    meant = named
    if name is not None:
        meant = [str(arm) for arm in others.loc[others["variant"] == name, "arm"]]
        meant = [name] if name in named else meant
    if len(meant) != 1:
        said = "no challenger is named" if name is None else f"there is no one challenger {name!r}"
        raise DatasetError("comparison", said, f"Challengers: {', '.join(named) or 'none'}.")
    return meant[0]
