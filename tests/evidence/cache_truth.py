"""The choice of a threshold keeps its promise: on many halves of two recorded logs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.evidence.cache_guard import asked_of
from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.questions import data_folder, stream, vectors_of
from workbench.semantic.curve import CacheCurve, cache_curve
from workbench.semantic.grey import certify, grey_sample
from workbench.semantic.neighbors import neighbors
from workbench.semantic.threshold import safe_threshold
from workbench.semantic.traffic import Traffic
from workbench.semantic.truth import RIGHT, UNKNOWN

__all__ = ["truth"]

HALVES = 20 if QUICK else 200
QUESTIONS = 300 if QUICK else 8_000
SWEEP = np.round(np.linspace(0.7, 0.999, 120), 4)
BUDGETS = (0.02,) if QUICK else (0.01, 0.02, 0.05)
LABELS, SAMPLES = 300, 20 if QUICK else 200


def truth(ledger: Ledger) -> None:
    """Add the rows on the choice of a threshold."""
    for name in ("qqp_gptcache", "advising"):
        if QUICK and name == "advising":
            continue  # its texts would have to be embedded first
        curve = _curve(name)
        if curve is None:
            print(f"  skipped: {name} is not on this machine (set WORKBENCH_DATA)")
            continue
        groups = pd.factorize(np.array(curve[1]))[0]
        for budget in BUDGETS:
            _halves(ledger, name, curve[0], groups, budget)
        _labels(ledger, name, curve[0])


def _curve(name: str) -> tuple[CacheCurve, list[str]] | None:
    folder = data_folder(name)
    if folder is None:
        return None
    if name == "advising":
        asked = asked_of(folder)
        order = np.random.default_rng(1).permutation(len(asked))
        texts, keys = [asked[i].text for i in order], [asked[i].key for i in order]
    else:
        texts, numbers = stream(folder, QUESTIONS)
        keys = [str(number) for number in numbers]
    frame = pd.DataFrame({"at": np.arange(len(texts)), "text": texts, "key": keys})
    log = Traffic.from_frame(frame, answer="key", rules=(), name=name)
    near = neighbors(vectors_of(log.texts), floor=0.7)
    return cache_curve(log, near, SWEEP), keys


def _halves(ledger: Ledger, name: str, curve: CacheCurve, groups: np.ndarray, budget: float) -> None:
    table = curve.frame
    known = table["wrong_of_all"] <= budget
    # In hindsight: the lowest threshold from which on everything is within the budget.
    best = float(table.loc[known[::-1].cummin()[::-1], "hit_rate"].max())
    found = [safe_threshold(curve, groups, budget, seed=seed, population="log") for seed in range(HALVES)]
    whole = table.set_index("threshold")["wrong_of_all"]
    within = sum(each.threshold is None or whole[each.threshold] <= budget for each in found)
    denied = sum(each.confirmed is False for each in found)
    at = f"{name}, {len(groups):,} requests, budget {budget:.0%} of all, {HALVES} halves by answer group"
    ledger.share(f"{at}: the whole log is within the budget", within, HALVES, low=0.95)
    ledger.share("  the other half's 95 % lower bound exceeds it", denied, HALVES, high=0.05)
    if QUICK:
        return  # a small log has no safe threshold at all
    rates = [each.hit_rate / best for each in found]
    ledger.mean(f"  hit rate ÷ the best safe one in hindsight ({best:.1%})", rates, low=0.85)
    future = [safe_threshold(curve, groups, budget, seed=seed).hit_rate / best for seed in range(HALVES)]
    print(f"    chosen for future requests in place of this log: {np.mean(future):.3f} of it")


def _labels(ledger: Ledger, name: str, curve: CacheCurve) -> None:
    """Hide the keys, label a few pairs, and see whether the bounds hold what the keys know."""
    unknown = np.full_like(curve.truth, UNKNOWN)
    blind = CacheCurve(**{each: getattr(curve, each) for each in curve.__slots__} | {"truth": unknown})
    pairs = zip(
        curve.replay.request.tolist(), curve.replay.source.tolist(), curve.truth == RIGHT, strict=True
    )
    labels = {(request, source): bool(right) for request, source, right in pairs}
    actual = curve.frame["wrong_of_all"].to_numpy()
    at = int(np.argmin(np.abs(SWEEP - 0.85)))
    held = 0
    for seed in range(SAMPLES):
        found = certify(blind, grey_sample(blind, LABELS, seed=seed), labels).iloc[at]
        held += bool(found["high"] >= actual[at])
    ledger.share(
        f"{name} without keys, {LABELS} labels: 95 % upper bound at cosine {SWEEP[at]:.3f} holds the truth",
        held,
        SAMPLES,
        low=0.95,
    )
