"""Train the small classifier: ``python -m experiments.guards.train`` writes the weights that ship.

Only the half of the corpus for tuning is read, and texts that were written for training. Penalized logistic
regression; how far it is penalized and from which probability on there is a finding are chosen by leaving
groups of texts out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, xlogy

from experiments.guards.corpus import Row, corpus, half, more
from workbench.cli.echo import echo
from workbench.client.guards import linear

__all__ = ["CATEGORIES", "fit", "main", "matrix"]

CATEGORIES = ("abuse", "injection")
PENALTIES = (0.01, 0.03, 0.1, 0.3)
FOLDS = 12
FALSE_SHARE = 0.02
"""The threshold leaves at most this share of texts without the category found, out of fold."""

Array = NDArray[np.float64]


def matrix(rows: Sequence[Row]) -> Array:
    """Return the features of the rows, shape (n, BUCKETS)."""
    out = np.zeros((len(rows), linear.BUCKETS))
    for at, row in enumerate(rows):
        buckets, values = linear.features(row.text)
        out[at, buckets] = values
    return out


def fit(x: Array, y: Array, penalty: float) -> tuple[Array, float]:
    """Return weights and bias that minimize the balanced log loss plus ``penalty / 2`` times squared weights.

    Either class counts one half, since texts of one category are few among all others.
    """
    share = np.where(y > 0, 0.5 / y.sum(), 0.5 / (1 - y).sum())

    def loss(w: Array) -> tuple[float, Array]:
        p = expit(x @ w[:-1] + w[-1])
        value = -(share * (xlogy(y, p + 1e-12) + xlogy(1 - y, 1 - p + 1e-12))).sum()
        error = share * (p - y)
        gradient = np.append(x.T @ error + penalty / 100 * w[:-1], error.sum())
        return value + penalty / 200 * (w[:-1] ** 2).sum(), gradient

    w = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return w[:-1], float(w[-1])


def _out_of_fold(x: Array, y: Array, groups: Sequence[str], penalty: float) -> Array:
    """Return each row's probability by weights that saw no row of its group."""
    names = sorted(set(groups))
    fold = np.array([names.index(group) % FOLDS for group in groups])
    out = np.zeros(len(y))
    for number in range(FOLDS):
        left = fold == number
        if left.any():
            w, bias = fit(x[~left], y[~left], penalty)
            out[left] = expit(x[left] @ w + bias)
    return out


def _threshold(p: Array, y: Array) -> float:
    """Return the lowest probability, of steps of .01 from .2, that few enough other texts reach."""
    steps = np.arange(0.2, 1.0, 0.01)
    return float(next((step for step in steps if (p[y == 0] >= step).mean() <= FALSE_SHARE), 0.99))


def _plain(w: Array, bias: float, threshold: float) -> dict[str, object]:
    scale = float(np.abs(w).max() / 127)
    whole = np.rint(w / scale).astype(int)
    runs: list[list[object]] = []
    at = 0
    while at < len(whole):
        end = at
        while end < len(whole) and whole[end]:
            end += 1
        if end > at:
            runs.append([at, whole[at:end].tolist()])
        at = end + 1
    return {"scale": scale, "bias": bias, "threshold": round(threshold, 2), "weights": runs}


def train(rows: Sequence[Row], category: str, penalties: Sequence[float]) -> dict[str, object]:
    """Return what ships of one category, in plain JSON."""
    x, y = matrix(rows), np.array([float(category in row.categories) for row in rows])
    tried = {}
    for penalty in penalties:
        p = _out_of_fold(x, y, [row.group for row in rows], penalty)
        threshold = _threshold(p, y)
        tried[penalty] = (float((p[y == 1] >= threshold).mean()), threshold)
        echo(f"{category}: penalty {penalty}: recall {tried[penalty][0]:.2f} at {threshold:.2f}")
    best = max(tried, key=lambda penalty: tried[penalty][0])
    return _plain(*fit(x, y, best), tried[best][1])


def main(path: Path) -> None:
    """Train every category and write the file."""
    rows = [*half(corpus(), "tune"), *more()]
    found = {category: train(rows, category, PENALTIES) for category in CATEGORIES}
    text = json.dumps({"made_by": "python -m experiments.guards.train", "categories": found})
    path.write_text(text.replace(" ", "") + "\n", encoding="utf-8")
    echo(f"{len(rows)} texts, {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(linear.__file__).with_suffix(".json"))
