"""Tests of successive elimination: the hopeless leave, the best stay, ties are not broken by chance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workbench.analyze.elimination import Elimination
from workbench.analyze.sequence import BETS, log_capital
from workbench.errors import InputError


def draws(shares: list[float], races: int, cases: int, seed: int = 1) -> NDArray[np.float64]:
    """Return right or wrong, shape (cases, races, arms); cases are hard for all arms alike."""
    rng = np.random.default_rng(seed)
    own, common = rng.random((cases, races, len(shares))), rng.random((cases, races, 1))
    shared = rng.random(own.shape) < np.sqrt(0.5)
    return (np.where(shared, common, own) < np.array(shares)).astype(float)


def held(shares: list[float], races: int = 100, cases: int = 600, **rules: float) -> Elimination:
    """Return so many races after so many cases."""
    race = Elimination(len(shares), races=(races,), **rules)
    for values in draws(shares, races, cases):
        race.add(values)
    return race


def test_the_best_arm_is_left() -> None:
    """Of three clearly different arms the best is left in every race."""
    race = held([0.9, 0.7, 0.6])
    assert race.done.all()
    assert race.alive[:, 0].all()
    assert (race.left_after[:, 0] == -1).all()
    assert (race.left_after[:, 1:] > 0).all()
    assert (race.left_by[:, 1:] >= 0).all()


def test_equal_arms_all_stay() -> None:
    """In at most alpha of the races any of four equal arms leaves."""
    race = held([0.7] * 4, races=300)
    assert (~race.alive).any(axis=1).mean() <= 0.05
    assert race.done.mean() <= 0.05


def test_arms_within_the_allowance_stay() -> None:
    """Five points worse is no reason to leave where ten points are allowed; thirty are."""
    race = held([0.85, 0.8, 0.5], within=0.1)
    assert race.alive[:, 1].all()
    assert not race.alive[:, 2].any()


def test_many_races_at_once_are_each_as_alone() -> None:
    """The batch gives the same as one race after the other."""
    values = draws([0.9, 0.7, 0.6], 5, 200)
    many = Elimination(3, races=(5,))
    for case in values:
        many.add(case)
    for place in range(5):
        one = Elimination(3)
        for case in values:
            one.add(case[place])
        assert one.left_after.tolist() == many.left_after[place].tolist()


def test_two_arms_are_the_two_sided_test() -> None:
    """The worse one leaves when the capital against it reaches 2 / alpha."""
    values = draws([0.8, 0.6], 1, 400)[:, 0]
    race = Elimination(2)
    for case in values:
        race.add(case)
    capital = log_capital(values[:, 0] - values[:, 1])
    assert race.left_after[1] == int(np.argmax(capital >= np.log(40))) + 1


def test_what_is_missing_is_no_evidence() -> None:
    """A case without one arm's score changes nothing for its pairs, and something for the others."""
    race = Elimination(3)
    race.add([1.0, 0.0, np.nan])
    bet = sum(BETS) / len(BETS)
    assert race.evidence.tolist() == pytest.approx([1 - bet / 2, 1 + bet / 2, 1.0])


def test_one_is_always_left() -> None:
    """However certain, the last arm does not leave, and capital beyond all numbers does no harm."""
    race = Elimination(2)
    for _ in range(3000):
        race.add([1.0, 0.0])
    assert race.alive.tolist() == [True, False]
    assert race.cases == 3000


@pytest.mark.parametrize("wrong", [{"arms": 1}, {"alpha": 0.0}, {"within": 1.0}])
def test_rules_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    """One arm, no error, an allowance of everything."""
    with pytest.raises(InputError):
        Elimination(**{"arms": 3, **wrong})  # type: ignore[arg-type]
