"""Racing: false alarms under continuous looking, the right winner at a part of the price, and ties."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.evidence.ledger import QUICK, Ledger
from workbench.analyze.elimination import Elimination
from workbench.analyze.sequence import log_capital

__all__ = ["racing"]

ALPHA = 0.05
CASES = 2_000
RACES = 100 if QUICK else 2_000
EQUAL_RACES = 40 if QUICK else 2_000
SEQUENCES = 200 if QUICK else 4_000
SHARES = (0.85, 0.75, 0.73, 0.71, 0.69, 0.67, 0.65, 0.63)
INCUMBENT = 1
"""The next best: it is asked to the end, and counts in the calls."""

CORRELATION = 0.5


def racing(ledger: Ledger) -> None:
    """Add the rows on racing."""
    _false_alarms(ledger)
    _eight_arms(ledger)
    _equal_arms(ledger)


def _answers(rng: np.random.Generator, shares: NDArray[np.float64], races: int) -> NDArray[np.float64]:
    """Return who was right in a case, shape (races, arms).

    Each arm meets the case's own difficulty or one of its own; two of them meet the same one as often as they
    are correlated, which for equal shares is exactly their correlation.
    """
    shape = (races, len(shares))
    shared = rng.random(shape) < np.sqrt(CORRELATION)
    difficulty = np.where(shared, rng.random((races, 1)), rng.random(shape))
    return (difficulty < shares).astype(float)


def _false_alarms(ledger: Ledger) -> None:
    """A/A: two equal arms, the interval looked at after every case, at several shares and with repeats."""
    for share, repeats in ((0.8, 1), (0.5, 1), (0.95, 1), (0.8, 3)):
        rng, alarms = np.random.default_rng([31, int(100 * share), repeats]), 0
        for _ in range(SEQUENCES // 100):
            right = np.stack([_answers(rng, np.full(2, share), 100 * repeats) for _ in range(CASES)], axis=1)
            d = (right[..., 0] - right[..., 1]).reshape(100, repeats, CASES).mean(axis=1)
            most = np.maximum(log_capital(d), log_capital(-d)).max(axis=1)
            alarms += int((most >= np.log(2 / ALPHA)).sum())
        ledger.share(
            f"false alarms when looked at after every case (A/A, {share:.0%} right, {repeats} repeats, "
            f"{CASES:,} looks)",
            alarms,
            SEQUENCES // 100 * 100,
            high=ALPHA,
        )


def _held(shares: tuple[float, ...], races: int, seed: int) -> tuple[Elimination, NDArray[np.float64]]:
    """Return so many races to their end, and the calls of each: arms still in, and the incumbent."""
    rng, chance = np.random.default_rng(seed), np.array(shares)
    race = Elimination(len(shares), alpha=ALPHA, races=(races,))
    calls = np.zeros(races)
    for _ in range(CASES):
        going = ~race.done
        if not going.any():
            break
        asked = race.alive.copy()
        asked[:, INCUMBENT] = True
        calls += np.where(going, asked.sum(axis=1), 0)
        race.add(_answers(rng, chance, races))
    return race, calls / (len(shares) * CASES)


def _eight_arms(ledger: Ledger) -> None:
    race, share = _held(SHARES, RACES, seed=41)
    won = np.where(race.done, race.alive.argmax(axis=1), -1)
    ledger.share("8 arms: the best one is named", int((won == 0).sum()), RACES, low=0.95)
    ledger.share("8 arms: a wrong one is named", int((won > 0).sum()), RACES, high=0.01)
    ledger.exact(
        "8 arms: calls used of the grid, mean (worst race beside)",
        f"{share.mean():.1%} (worst {share.max():.1%})",
        "at most 35 %",
        bool(share.mean() <= 0.35),
    )


def _equal_arms(ledger: Ledger) -> None:
    race, _ = _held((0.75,) * 8, EQUAL_RACES, seed=43)
    ledger.share("8 equal arms: a winner is named", int(race.done.sum()), EQUAL_RACES, high=ALPHA)
    ledger.share(
        "8 equal arms: any arm is ever dropped", int((~race.alive).any(axis=1).sum()), EQUAL_RACES, high=ALPHA
    )
