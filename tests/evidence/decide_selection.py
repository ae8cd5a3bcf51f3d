"""Selection: the best of twelve equal arms, slices without a difference, and the parts of the variance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.evidence.ledger import QUICK, Ledger
from workbench.analyze.selection import confirm
from workbench.analyze.slices import slices
from workbench.analyze.variance import variance_split

__all__ = ["selection"]

ARMS = 12
CASES = 400
STUDIES = 20 if QUICK else 4_000
TABLES = 12 if QUICK else 500
SPLITS = 16 if QUICK else 300


def selection(ledger: Ledger) -> None:
    """Add the rows on choosing the best of many, on slices, and on the parts of the variance."""
    _winners_curse(ledger)
    _equal_slices(ledger)
    _parts(ledger)


def _table(values: np.ndarray, **columns: object) -> pd.DataFrame:
    """Return a trial table of scores, shape (arms, cases, repeats)."""
    grid = np.indices(values.shape).reshape(3, -1)
    arm, case = (
        np.array([f"{letter}{i}" for i in range(count)])[index]
        for letter, count, index in zip("ac", values.shape[:2], grid[:2], strict=True)
    )
    return pd.DataFrame(
        {"arm": arm, "case_id": case, "repeat": grid[2], "status": "ok", "score_x": values.ravel(), **columns}
    )


def _equal(rng: np.random.Generator, arms: int, cases: int) -> np.ndarray:
    """Return yes/no scores of equal arms: cases are hard for all alike, 0.7 right on the whole."""
    return (rng.beta(2.8, 1.2, (1, cases, 1)) > rng.random((arms, cases, 1))).astype(float)


def _winners_curse(ledger: Ledger) -> None:
    rng = np.random.default_rng(12)
    names = ("naive", "shrunken", "confirmed")
    found, better = [], 0
    for study in range(STUDIES):
        result = confirm(_table(_equal(rng, ARMS, CASES)), "x", "a0", seed=study)
        found.append([result.difference(name) for name in names])
        better += result.verdict == "better"
    said = f"{ARMS} equal arms, {CASES} cases: bias of the chosen arm's difference in points"
    for name, values in zip(names, 100 * np.array(found).T, strict=True):
        within = {"low": -0.5, "high": 0.5} if name == "confirmed" else {}
        ledger.mean(f"{said}, {name}", values.tolist(), **within)
    ledger.share(f"{ARMS} equal arms: the chosen one is confirmed as better", better, STUDIES, high=0.025)


def _equal_slices(ledger: Ledger) -> None:
    rng = np.random.default_rng(13)
    part = np.tile(np.arange(8), 3 * 240 // 8)
    alarms = 0
    for _ in range(TABLES):
        table = _table(_equal(rng, 3, 240), case_part=part)
        alarms += bool(slices(table, "x", "a0", "part").frame["verdict"].isin(["better", "worse"]).any())
    ledger.share(
        "2 equal challengers in 8 slices: any slice called better or worse", alarms, TABLES, high=0.05
    )


def _parts(ledger: Ledger) -> None:
    """Split made scores of known parts and compare: standard deviations 0.2, 0.1 and 0.05."""
    rng = np.random.default_rng(14)
    found = []
    for _ in range(SPLITS):
        draw = rng.normal(0, 0.2, (2, 150, 1)) + rng.normal(0, 0.1, (2, 150, 3))
        scored = [draw + rng.normal(0, 0.05, draw.shape) for _ in range(2)]
        table = _table(scored[0], score_y=scored[1].ravel())
        table = table[rng.random(len(table)) > 0.2]
        parts = variance_split(table, "x", "a0", "a1", judges=["y"]).parts
        found.append(parts.loc[parts["of"] == "difference", "sd_single"].to_numpy() ** 2)
    for name, values, truth in zip(
        ("case", "sampling", "judge"), np.array(found).T, (0.08, 0.02, 0.005), strict=True
    ):
        ledger.mean(
            f"variance split, a fifth of the trials missing: {name}, against what was put in",
            values.tolist(),
            low=truth,
            high=truth,
        )
