"""Can the judge be believed: agreement on recorded verdicts, and what people's labels make of any judge."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.meta_scorers import data_folder
from workbench.analyze.agreement import agreement as agree
from workbench.analyze.intervals import Interval
from workbench.analyze.kappas import cohen
from workbench.analyze.ppi import rectified_mean
from workbench.analyze.what_next import Queue, residual_spread, what_next

__all__ = ["agreement"]

Floats = NDArray[np.float64]

SIMULATIONS = 120 if QUICK else 4_000
UNITS = 1_000
SIZES = (60,) if QUICK else (30, 60, 150)

HUMANS = {(1, 2): 0.852, (1, 3): 0.879, (2, 3): 0.862}
JUDGES = {"gpt-3.5": (0.698, 0.527, 0.476, 25), "PandaLM-7B": (0.668, 0.574, 0.435, 0)}
"""Published: accuracy, macro-F1 and kappa with unusable verdicts as errors; how many are unusable."""


def agreement(ledger: Ledger) -> None:
    """Add the rows on agreement, and on means and differences corrected by labels."""
    folder = data_folder()
    recorded = None if folder is None else folder.parent / "pandalm"
    if recorded is None or not recorded.is_dir():
        print("  skipped: the recordings are not on this machine (set WORKBENCH_DATA): no recorded verdicts")
    else:
        table = verdicts(recorded)
        _published(ledger, table)
        _recorded_corrected(ledger, table)
    _kappas_held(ledger)
    _coverage(ledger)
    _narrower(ledger)
    _fewer(ledger)


# ---- recorded verdicts -----------------------------------------------------------------------------------


def verdicts(folder: Path) -> pd.DataFrame:
    """Return 999 pairs of answers by three people and two judges: 0 a tie, 1 or 2 the better answer."""

    def rows(name: str) -> list[dict[str, Any]]:
        with gzip.open(folder / f"{name}.json.gz", "rt", encoding="utf-8") as lines:
            return list(json.load(lines))

    people, words = rows("testset-v1"), {"1": 1, "2": 2, "Tie": 0}
    table = {f"annotator {i}": [row[f"annotator{i}"] for row in people] for i in (1, 2, 3)}
    said = [row["gpt_result"] for row in rows("gpt-3.5-turbo-testset-v1")]
    table["gpt-3.5"] = [words.get(word, word) for word in said]
    table["PandaLM-7B"] = [row["pandalm_result"] for row in rows("pandalm-7b-testset-v1")]
    return pd.DataFrame(table)


def _published(ledger: Ledger, table: pd.DataFrame) -> None:
    found = agree(table, list(JUDGES), unusable=["garbage"])
    pairs = [found.row(f"annotator {a} × annotator {b}", "kappa") for a, b in HUMANS]
    kappas = [round(float(row["estimate"]), 3) for row in pairs]
    ledger.exact("999 recorded pairs, three people: Cohen's kappa", kappas, list(HUMANS.values()))
    for judge, (*target, lost) in JUDGES.items():
        rows = [found.row(judge, name) for name in ("accuracy", "macro_f1", "kappa")]
        figures = [round(float(row["estimate_if_unusable_wrong"]), 3) for row in rows]
        ledger.exact(
            f"{judge} against their majority: accuracy, macro-F1, kappa, unusable verdicts as errors",
            figures,
            list(target),
        )
        ledger.exact(f"  unusable verdicts of {judge}, counted", rows[0]["unusable"], lost)
        own = [f"{row['estimate']:.3f} ({row['low']:.3f} to {row['high']:.3f})" for row in rows]
        ledger.exact(
            f"  on the {rows[0]['n']} with a usable verdict, with 95 % intervals",
            ", ".join(own),
            "each interval holds its figure",
            all(row["low"] < row["estimate"] < row["high"] for row in rows),
        )


def _recorded_corrected(ledger: Ledger, table: pd.DataFrame) -> None:
    """Label a tenth of the recorded pairs again and again: who wins, by gpt-3.5 and some people."""
    people = table[[f"annotator {i}" for i in (1, 2, 3)]].mode(axis=1)[0].map({0: 0.0, 1: 1.0, 2: -1.0})
    judge = table["gpt-3.5"].map({0: 0.0, 1: 1.0, 2: -1.0}).astype("float64")
    truth, hits, widths, judge_off = float(people.mean()), 0, [], abs(judge.mean() - people.mean())
    rng = np.random.default_rng(1)
    for _ in range(SIMULATIONS):
        labels = _some(np.asarray(people, dtype=float), rng, 100)
        found = rectified_mean(judge, labels, 100 / 999, reach=1.0)
        low, high = found.interval()
        hits += low <= truth <= high
        widths.append(found.se / rectified_mean(judge, labels, 100 / 999, reach=1.0, tuning=0.0).se)
    ledger.share(
        "first less second answer on the recorded pairs, 100 labels and gpt-3.5 (alone off by"
        f" {judge_off:.3f}, 25 verdicts unusable): what all people say is held",
        hits,
        SIMULATIONS,
        low=0.94,
    )
    ledger.mean("  width over that of the 100 labels alone", widths, high=1.0)


# ---- agreement -------------------------------------------------------------------------------------------


def _kappas_held(ledger: Ledger) -> None:
    cells = []
    for right in (0.5, 0.7, 0.9):
        for count in (50, 150):
            rng = np.random.default_rng([5, int(100 * right), count])
            mean = _kappa(rng, 1_000_000, right).mean
            found = [_kappa(rng, count, right) for _ in range(SIMULATIONS)]
            held = sum(one.low <= mean <= one.high for one in found)
            cells.append((held, f"kappa {mean:.2f}, {count} items"))
    hits, where = min(cells)
    every = ", ".join(f"{cell[0] / SIMULATIONS:.3f}" for cell in cells)
    ledger.share(
        f"95 % intervals of Cohen's kappa ({every}): held, worst of {len(cells)} cells ({where})",
        hits,
        SIMULATIONS,
        low=0.94,
    )


def _kappa(rng: np.random.Generator, count: int, right: float) -> Interval:
    """Return the kappa of two raters, the second of whom follows the first or says anything."""
    one = (rng.random(count)[:, None] > np.array([0.1, 0.5])).sum(axis=1)
    other = np.where(rng.random(count) < right, one, rng.integers(0, 3, count))
    return cohen(one, other, 1.0 - np.eye(3))


# ---- any judge -------------------------------------------------------------------------------------------


def _some(truth: Floats, rng: np.random.Generator, count: int) -> Floats:
    """Return the labels of a simple random sample, NaN elsewhere."""
    labels = np.full(len(truth), np.nan)
    drawn = rng.permutation(len(truth))[:count]
    labels[drawn] = truth[drawn]
    return labels


def _yes_no(rng: np.random.Generator) -> Floats:
    return (rng.random(UNITS) < 0.8).astype(float)


def _gains(rng: np.random.Generator) -> Floats:
    return rng.choice([-1.0, 0.0, 1.0], UNITS, p=[0.1, 0.74, 0.16])


def _graded(rng: np.random.Generator) -> Floats:
    return rng.normal(size=UNITS)


def _good(truth: Floats, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(UNITS) < 0.85, truth, rng.permutation(truth))


def _nearly_perfect(truth: Floats, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(UNITS) < 0.98, truth, rng.permutation(truth))


def _useless(truth: Floats, rng: np.random.Generator) -> Floats:
    return rng.permutation(truth)


def _adversarial(truth: Floats, rng: np.random.Generator) -> Floats:
    return np.where(rng.random(UNITS) < 0.9, truth.max() + truth.min() - truth, truth)


Draw = Callable[[np.random.Generator], Floats]
Judge = Callable[[Floats, np.random.Generator], Floats]
WORLDS: dict[str, tuple[Draw, float, float | None]] = {
    "a yes/no score": (_yes_no, 0.8, 1.0),
    "paired differences of yes/no scores": (_gains, 0.06, 1.0),
    "a graded score": (_graded, 0.0, None),
}
"""What people would say of each unit, its true mean, and the largest possible difference."""
KINDS: dict[str, Judge] = {
    "good": _good,
    "nearly perfect": _nearly_perfect,
    "useless": _useless,
    "adversarial": _adversarial,
}


def _lopsided(truth: Floats, judged: Floats, rng: np.random.Generator, count: int) -> tuple[Floats, Floats]:
    """Draw by priority, cases up to four times as likely as others, also by what the judge says."""
    worth = 0.5 + rng.random(UNITS) + 0.5 * (judged <= np.median(judged))
    key = rng.random(UNITS) / worth
    order = np.argsort(key)
    labels = np.full(UNITS, np.nan)
    labels[order[:count]] = truth[order[:count]]
    return labels, np.minimum(1.0, worth * key[order[count]])


def _coverage(ledger: Ledger) -> None:
    for kind, judge in KINDS.items():
        cells = [
            (_held(draw, mean, reach, judge, weighted, count), f"{world}, {way}, {count} labels")
            for world, (draw, mean, reach) in WORLDS.items()
            for way, weighted in (("random", False), ("weighted", True))
            for count in SIZES
        ]
        hits, where = min(cells)
        every = ", ".join(f"{cell[0] / SIMULATIONS:.3f}" for cell in cells)
        ledger.share(
            f"95 % intervals of people's mean, {kind} judge of {UNITS:,} units, random and weighted labels"
            f" ({every}): held, worst of {len(cells)} cells ({where})",
            hits,
            SIMULATIONS,
            low=0.94,
        )


def _held(draw: Draw, mean: float, reach: float | None, judge: Judge, weighted: bool, count: int) -> int:
    rng = np.random.default_rng([count, weighted, 2])
    held = 0
    for _ in range(SIMULATIONS):
        truth = draw(rng)
        judged = judge(truth, rng)
        if weighted:
            labels, chance = _lopsided(truth, judged, rng, count)
        else:
            labels, chance = _some(truth, rng, count), np.full(UNITS, count / UNITS)
        found = rectified_mean(judged, labels, chance, reach=reach)
        low, high = found.interval(binary=draw is _yes_no)
        held += low <= mean <= high
    return held


def _narrower(ledger: Ledger) -> None:
    """Variance over that of labels alone, against 1 - r^2 (1 - n / N)."""
    count = 150
    for noise in (0.3, 0.75, 2.0):
        rng = np.random.default_rng([3, int(100 * noise)])
        square = 1 / (1 + noise**2)
        promised = 1 - square * (1 - count / UNITS)
        ratios, errors = [], []
        for _ in range(SIMULATIONS):
            truth = _graded(rng)
            judged, labels = truth + noise * rng.normal(size=UNITS), _some(truth, rng, count)
            found = rectified_mean(judged, labels, count / UNITS)
            alone = rectified_mean(judged, labels, count / UNITS, tuning=0.0)
            ratios.append(found.se**2 / alone.se**2)
            errors.append(found.estimate**2 * count / promised)
        ledger.mean(
            f"variance over that of {count} labels alone, judge of correlation {square**0.5:.2f},"
            f" promised {promised:.3f}",
            ratios,
            low=promised - 0.03,
            high=promised + 0.03,
        )
        ledger.mean("  true squared error over the promised", errors, low=0.95, high=1.08)


# ---- fewer labels ----------------------------------------------------------------------------------------


def _fewer(ledger: Ledger) -> None:
    """Labels until a true difference is shown, by the way they are drawn, on the same worlds."""
    runs = 25 if QUICK else 600
    counts: dict[str, list[float]] = {"labels alone": [], "random": [], "worth": [], "learned": []}
    for seed in range(runs):
        truth, judged, doubt = _doubtful(np.random.default_rng([4, seed]))
        cases = [str(number) for number in range(UNITS)]
        spread = pd.Series(np.where(doubt, 0.9, 0.1), index=cases)
        random = what_next(cases, seed=seed)
        pilot = random.first(60)["case_id"].astype(int).to_numpy()
        learned = residual_spread(
            pd.Series((truth - judged)[pilot], index=[cases[number] for number in pilot]),
            pd.Series(doubt, index=cases),
        )
        queues = {
            "labels alone": random,
            "random": random,
            "worth": what_next(cases, "worth", spread=spread, seed=seed),
            "learned": what_next(cases, "worth", spread=learned, seed=seed),
        }
        for way, queue in queues.items():
            tuning = 0.0 if way == "labels alone" else None
            paid = pilot if way == "learned" else pilot[:0]
            counts[way].append(_until(queue, truth, judged, tuning, paid))
    least = {way: np.array(values) for way, values in counts.items()}
    for way, other in (("random", "labels alone"), ("worth", "random"), ("learned", "random")):
        name = {
            "random": "labels at random, corrected judge, over labels alone",
            "worth": "labels where they are worth most, over labels at random",
            "learned": "  the same, worth learned from 60 random labels, which are counted",
        }[way]
        ledger.mean(
            f"labels until a difference of 6 points is shown ({least[way].mean():.0f} against"
            f" {least[other].mean():.0f} on average): {name}",
            list(least[way] / least[other].mean()),
            high=0.95,
        )


def _doubtful(rng: np.random.Generator) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return paired differences of mean .06, a judge that errs mostly where it is in doubt, and the doubt."""
    truth = rng.choice([-1.0, 0.0, 1.0], UNITS, p=[0.17, 0.6, 0.23])
    doubt = rng.random(UNITS) < 0.2
    wrong = rng.random(UNITS) < np.where(doubt, 0.6, 0.02)
    return truth, np.where(wrong, rng.permutation(truth), truth), doubt


def _until(
    queue: Queue, truth: Floats, judged: Floats, tuning: float | None, paid: NDArray[np.integer]
) -> float:
    """Return how many labels were paid at the first of a few planned looks that shows it; else all units."""
    order = queue.frame["case_id"].astype(int).to_numpy()
    for count in (60, 90, 130, 180, 250, 350, 500, 700):
        chance = np.ones(UNITS)
        chance[order[:count]] = queue.first(count)["probability"].to_numpy()
        labels = np.full(UNITS, np.nan)
        labels[order[:count]] = truth[order[:count]]
        found = rectified_mean(judged, labels, chance, reach=1.0, tuning=tuning)
        if found.interval()[0] > 0:
            return float(len(np.union1d(order[:count], paid)))
    return float(UNITS)
