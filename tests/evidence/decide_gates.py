"""Gates: how often arms are promoted that should not be, and how often a difference that is there is seen.

Most studies go the short way: the real `paired` and `family` on arrays, then what the rule says. A sample of
each cell goes the long way too, from a trial table through `compare` and `decide`, and must end alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.evidence.ledger import QUICK, Ledger
from workbench.analyze.compare import compare
from workbench.analyze.correct import family
from workbench.analyze.pairs import Scale, paired
from workbench.analyze.size import cases_needed, smallest_difference
from workbench.plan.gate import Gate
from workbench.promote.decision import decide

__all__ = ["gates"]

STUDIES = 120 if QUICK else 4_000
LONG_WAY = 1 if QUICK else 8
CHALLENGERS = (1, 4) if QUICK else (1, 4, 11)
CASES = 120
MARGIN = 0.05
# It refuses nothing for missing answers: a wrong promotion must be seen, not hidden by another rule.
GATE = Gate(margin=MARGIN, max_share_gap=1.0, max_error_share=1.0)
RIGHT = 0.8
"""Share that the incumbent gets right on a yes/no score."""
ALIKE = 0.5
"""Part of a trial's variance that is the case's own, the same for all arms and repeats."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What simulated studies are made of.

    Parameters
    ----------
    shifts
        True difference of each challenger from the incumbent, in the score's unit.
    prices
        Mean cost of each challenger, the incumbent's being 1; empty: 1 for all.
    binary
        Whether scores are yes/no; else skewed, without bounds.
    missing
        Share of trials without an answer.
    """

    shifts: tuple[float, ...]
    prices: tuple[float, ...] = ()
    binary: bool = True
    repeats: int = 1
    missing: float = 0.0
    cases: int = CASES

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return scores and costs of one study: arms × cases × repeats, the incumbent first."""
        arms = 1 + len(self.shifts)
        shape = (arms, self.cases, self.repeats)
        shift = np.array([0.0, *self.shifts])[:, None, None]
        own, chance = math.sqrt(ALIKE), math.sqrt(1 - ALIKE)
        if self.binary:
            latent = own * rng.normal(size=(1, self.cases, 1)) + chance * rng.normal(size=shape)
            values = (latent < _lines(RIGHT + shift)).astype(float)
        else:
            latent = own * rng.exponential(size=(1, self.cases, 1)) + chance * rng.exponential(size=shape)
            values = 0.5 * latent + shift
        values[rng.random(shape) < self.missing] = np.nan
        price = np.array([1.0, *(self.prices or (1.0,) * len(self.shifts))])[:, None, None]
        return values, price * rng.gamma(9.0, 1 / 9, size=shape)

    def sd(self) -> float:
        """Return the spread between cases of the first challenger's difference, from very many cases."""
        values, _ = replace(self, cases=20_000 if QUICK else 200_000, shifts=self.shifts[:1], prices=()).draw(
            np.random.default_rng(0)
        )
        means = _means(values)
        return float(np.nanstd(means[1] - means[0]))


def _lines(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.vectorize(NormalDist().inv_cdf)(shares)


@dataclass(frozen=True, kw_only=True)
class Found:
    """How each challenger of one study came out."""

    passed: tuple[bool, ...]
    verdicts: tuple[str, ...]


def short_way(values: NDArray[np.float64], costs: NDArray[np.float64], binary: bool, gate: Gate) -> Found:
    """Return WB101's outcome and the verdict of each challenger, without a table."""
    known = values[~np.isnan(values)]
    unit = bool(((known >= 0) & (known <= 1)).all())
    kind = Scale(
        binary=binary, bounds=(0.0, 1.0) if unit else None, reach=1.0 if unit else float(np.ptp(known))
    )
    quality, cost = _means(values), costs.mean(axis=2)
    rows = [paired(arm - quality[0], scale=kind) for arm in quality[1:]]
    money = [paired(arm - cost[0]) for arm in cost[1:]]
    tests, bill = (
        family([row.center for row in each], [row.se for row in each], [row.df for row in each], gate.alpha)
        for each in (rows, money)
    )
    passed, verdicts = [], []
    for index, row in enumerate(rows):
        low = min(tests.low[index], row.estimate)
        shown = tests.p_adjusted[index] <= gate.alpha
        verdict = "cannot tell"
        if shown and row.center > 0:
            verdict = "better"
        elif low > -gate.margin:
            verdict = "not worse"
        elif shown and row.center < 0:
            verdict = "worse"
        verdicts.append(verdict)
        passed.append(bool(verdict == "better" or (low > -gate.margin and bill.high[index] < 0)))
    return Found(passed=tuple(passed), verdicts=tuple(verdicts))


def _means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    there = ~np.isnan(values)
    count = there.sum(axis=2)
    total = np.where(there, values, 0.0).sum(axis=2)
    return np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)


def long_way(values: NDArray[np.float64], costs: NDArray[np.float64], gate: Gate) -> tuple[Found, set[str]]:
    """Return the same from a trial table through `compare` and `decide`, and the arms to be promoted."""
    arms, cases = values.shape[:2]
    arm, case, repeat = (axis.ravel() for axis in np.indices(values.shape))
    names = np.array([f"arm {number}" for number in range(arms)])
    flat = values.ravel()
    frame = pd.DataFrame(
        {
            "arm": names[arm],
            "variant": names[arm],
            "model_served": "m-1",
            "case_id": np.array([f"c{number}" for number in range(cases)])[case],
            "repeat": repeat,
            "call_key": [f"{number}" for number in range(flat.size)],
            "status": np.where(np.isnan(flat), "error", "ok"),
            "source": "call",
            "workload": "batch",
            "score_exact": flat,
            "cost_usd": costs.ravel() / 1000,
        }
    )
    result = compare(frame, gate.score, "arm 0", gate.margin, gate.alpha)
    decision = decide(result, gate, study="s", execution_id="e", plan_hash="p")
    outcomes = {one.arm: one.outcome == "pass" for one in decision.findings if one.code == "WB101"}
    verdicts = dict(zip(result.differences["arm"], result.differences["verdict"], strict=True))
    table = decision.verdicts
    promoted = set(table.loc[table["verdict"] == "promote", "arm"])
    found = Found(
        passed=tuple(outcomes[name] for name in names[1:]),
        verdicts=tuple(verdicts[name] for name in names[1:]),
    )
    return found, promoted


def simulate(world: World, gate: Gate, seed: int) -> list[Found]:
    """Return how the studies of one world came out, the short way."""
    rng = np.random.default_rng(seed)
    return [short_way(*world.draw(rng), world.binary, gate) for _ in range(STUDIES)]


def gates(ledger: Ledger) -> None:
    """Add the rows on the gate: wrong promotions, power, regressions."""
    _both_ways(ledger)
    _nothing_to_promote(ledger)
    _power(ledger)
    _regressions(ledger)


def _worlds(challengers: int, kind: str) -> list[World]:
    """Return the worlds of a cell in which nothing ought to be promoted."""
    third = [index % 3 for index in range(challengers)]
    shifts, prices = {
        "superiority, equal arms": ((0.0,) * challengers, ()),
        "non-inferiority, cheaper and worse by the margin": ((-MARGIN,) * challengers, (0.5,) * challengers),
        "mixed: equal and dear, equal at the same cost, worse by the margin and cheaper": (
            tuple(-MARGIN if which == 2 else 0.0 for which in third),
            tuple((2.0, 1.0, 0.5)[which] for which in third),
        ),
    }[kind]
    return [
        World(shifts=shifts, prices=prices, binary=binary, repeats=repeats, missing=missing)
        for binary in (True, False)
        for repeats, missing in ((1, 0.0), (3, 0.0), (3, 0.05))
    ]


KINDS = (
    "superiority, equal arms",
    "non-inferiority, cheaper and worse by the margin",
    "mixed: equal and dear, equal at the same cost, worse by the margin and cheaper",
)


def _both_ways(ledger: Ledger) -> None:
    """Hold that the short way ends as `compare` and `decide` do, study by study."""
    unlike = beyond = studies = 0
    rng = np.random.default_rng(11)
    for kind in KINDS:
        for challengers in CHALLENGERS:
            for world in _worlds(challengers, kind)[:: 2 if QUICK else 1]:
                for _ in range(LONG_WAY):
                    drawn = world.draw(rng)
                    found, promoted = long_way(*drawn, GATE)
                    short = short_way(*drawn, world.binary, GATE)
                    passed = {f"arm {index + 1}" for index, hit in enumerate(short.passed) if hit}
                    unlike += found != short
                    beyond += not promoted <= passed
                    studies += 1
    ledger.exact(f"studies (of {studies}) that compare() and decide() end unlike the short way", unlike, 0)
    ledger.exact(f"studies (of {studies}) whose promotions are not among WB101's passes", beyond, 0)


def _nothing_to_promote(ledger: Ledger) -> None:
    for kind in KINDS:
        for challengers in CHALLENGERS:
            worlds = _worlds(challengers, kind)
            hits = [
                sum(any(found.passed) for found in simulate(world, GATE, seed))
                for seed, world in enumerate(worlds)
            ]
            ledger.share(
                f"{kind}; {challengers + 1} arms: any promotion, worst of {len(worlds)} cells"
                f" (mean {sum(hits) / len(hits) / STUDIES:.4f})",
                max(hits),
                STUDIES,
                high=0.05,
            )


def _power(ledger: Ledger) -> None:
    """Plan, then draw studies whose one true difference is the smallest that the plan says it shows."""
    for binary in (True, False):
        for repeats in (1, 3):
            for challengers in CHALLENGERS:
                shift = 0.0
                for _ in range(2):  # the spread of a yes/no score depends on the difference a little
                    world = World(shifts=(shift,), binary=binary, repeats=repeats)
                    shift = smallest_difference(world.sd(), CASES, arms=challengers)
                shifts = (shift, *(0.0,) * (challengers - 1))
                found = simulate(replace(world, shifts=shifts), GATE, 21)
                ledger.share(
                    f"power at the plan's smallest difference ({shift:.3f}); {challengers + 1} arms,"
                    f" {'yes/no' if binary else 'continuous'}, {repeats} repeats",
                    sum(one.verdicts[0] == "better" for one in found),
                    STUDIES,
                    low=0.76,
                    high=0.84,
                )


def _regressions(ledger: Ledger) -> None:
    """Plant a cheaper challenger that is 5 points worse, with as many cases as the plan asks for it."""
    gate = replace(GATE, margin=0.02)
    for binary in (True, False):
        for challengers in CHALLENGERS[:2]:
            world = World(shifts=(-0.05,), binary=binary)
            cases = cases_needed(world.sd(), 0.05, arms=challengers) or 0
            shifts = (-0.05, *(0.0,) * (challengers - 1))
            found = simulate(
                replace(world, shifts=shifts, prices=(0.5,) * challengers, cases=cases), gate, 31
            )
            name = f"{challengers + 1} arms, {'yes/no' if binary else 'continuous'}, {cases:,} cases"
            promoted = sum(one.passed[0] for one in found)
            ledger.share(f"5 points worse and cheaper; {name}: promoted", promoted, STUDIES, high=0.05)
            named = sum(one.verdicts[0] == "worse" for one in found)
            ledger.share("the same: named a regression", named, STUDIES, low=0.76, high=0.84)
