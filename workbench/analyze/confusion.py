"""What a judge says against what is so: confusion, accuracy, sensitivity, specificity, macro-F1."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.analyze.intervals import Clusters, Interval, mean_interval

__all__ = ["accuracy", "confusion", "macro_f1", "sensitivity", "specificity"]

Codes = NDArray[np.int64]


def confusion(truth: Codes, said: Codes, categories: int) -> NDArray[np.int64]:
    """Return how often each was said of each, shape (categories, categories): truth by row.

    Parameters
    ----------
    truth, said
        Codes, shape (items,); an item with a -1 on either side is left out, as in all of this module.
    categories
        How many there are.
    """
    a, b, _ = _known(truth, said, None)
    return np.bincount(a * categories + b, minlength=categories**2).reshape(categories, categories)


def accuracy(truth: Codes, said: Codes, clusters: Clusters = None, alpha: float = 0.05) -> Interval:
    """Return the share of items that are judged right, as `intervals.mean_interval` does."""
    a, b, groups = _known(truth, said, clusters)
    return mean_interval((a == b).astype(float), groups, binary=True, bounds=(0, 1), alpha=alpha)


def sensitivity(
    truth: Codes, said: Codes, category: int, clusters: Clusters = None, alpha: float = 0.05
) -> Interval:
    """Return how often a category is said where it is so (its recall)."""
    a, b, groups = _known(np.where(truth == category, truth, -1), said, clusters)
    return mean_interval((a == b).astype(float), groups, binary=True, bounds=(0, 1), alpha=alpha)


def specificity(
    truth: Codes, said: Codes, category: int, clusters: Clusters = None, alpha: float = 0.05
) -> Interval:
    """Return how often a category is not said where it is not so."""
    _, b, groups = _known(np.where(truth == category, -1, truth), said, clusters)
    return mean_interval((b != category).astype(float), groups, binary=True, bounds=(0, 1), alpha=alpha)


def macro_f1(
    truth: Codes, said: Codes, categories: int, clusters: Clusters = None, alpha: float = 0.05
) -> Interval:
    """Return the mean over categories of F1, each category counting alike.

    A category that is never so and never said does not count. The interval is Student's, with the
    influence of each item on the figure (the delta method) added up by cluster, cut to [0, 1]. Where all is
    right, as many of each category may be wrong as may be unseen.

    Parameters
    ----------
    categories
        Those that count are 0 to `categories` - 1: a code above is an error wherever it is said.
    """
    from scipy.special import stdtrit

    a, b, groups = _known(truth, said, clusters)
    n = len(a)
    _, codes = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    count = int(codes.max()) + 1 if n else 0
    so, said_so = (x[:, None] == np.arange(categories) for x in (a, b))
    both = so & said_so
    size = so.sum(axis=0) + said_so.sum(axis=0)
    counted = size > 0
    f1 = 2 * both.sum(axis=0)[counted] / size[counted]
    value, low, high, reason = (float(f1.mean()) if n else math.nan), math.nan, math.nan, None
    if count < 2:
        reason = "there is no value" if n == 0 else "one case alone says nothing about others"
    else:
        twice = so.astype(float) + said_so
        each = ((2 * both[:, counted] - f1 * twice[:, counted]) / size[counted]).mean(axis=1)
        effect = np.bincount(codes, each, minlength=count)
        se = math.sqrt(count / (count - 1) * float((effect**2).sum()))
        half = float(stdtrit(count - 1, 1 - alpha / 2)) * se
        low, high = max(0.0, value - half), min(1.0, value + half)
        if se < 1e-12:
            of_each = np.array([len(np.unique(codes[column])) for column in so.T])[counted]
            unseen = 1 - (alpha / 2) ** (1 / np.maximum(of_each, 1))
            low, high = float((f1 * (1 - unseen)).mean()), min(1.0, value + float(unseen.mean()))
            reason = "all items are alike: the interval allows for as many unlike ones as may be unseen"
    return Interval(
        mean=value, low=low, high=high, n=n, clusters=count, method="t, delta method", reason=reason
    )


def _known(truth: Codes, said: Codes, clusters: Clusters) -> tuple[Codes, Codes, NDArray[Any] | None]:
    keep = (truth >= 0) & (said >= 0)
    return truth[keep], said[keep], None if clusters is None else np.asarray(clusters)[keep]
