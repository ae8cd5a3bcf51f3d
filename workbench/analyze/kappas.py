"""Agreement beyond chance: Cohen, Fleiss, Gwet, Krippendorff, each with an interval.

All are ``1 - observed / expected disagreement``, and differ in what is expected. Each interval comes from the
influence that each item has on the figure (the delta method), added up by cluster: for independent items
that is what Fleiss, Cohen & Everitt (1969, Psychological Bulletin 72:323) give for kappa, with G / (G - 1).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from workbench.analyze.intervals import Clusters, Interval

__all__ = ["cohen", "fleiss", "gwet", "krippendorff", "ordinal_distances"]

Floats = NDArray[np.float64]


def cohen(
    one: NDArray[np.int64],
    other: NDArray[np.int64],
    apart: Floats,
    clusters: Clusters = None,
    alpha: float = 0.05,
) -> Interval:
    """Return Cohen's kappa of two raters, weighted by how far labels lie apart (1960; weighted 1968).

    Parameters
    ----------
    one, other
        Codes, shape (items,); an item with a -1 is left out.
    apart
        Disagreement of two categories, shape (k, k), in [0, 1], 0 on the diagonal.
    clusters
        Shape (items,): items that are not independent; None: all are.
    alpha
        1 - confidence, in (0, 1).
    """
    keep = (one >= 0) & (other >= 0)
    a, b = one[keep], other[keep]
    n, k = len(a), len(apart)
    if n == 0:
        return _none("no item has a label of both")
    rows, columns = np.bincount(a, minlength=k) / n, np.bincount(b, minlength=k) / n
    each = apart[a, b]
    observed, expected = float(each.mean()), float(rows @ apart @ columns)
    on_expected = (apart @ columns)[a] + (rows @ apart)[b] - 2 * expected
    groups = _kept(clusters, keep)
    return _beyond_chance(observed, expected, (each - observed) / n, on_expected / n, groups, alpha, "kappa")


def fleiss(table: Floats, clusters: Clusters = None, alpha: float = 0.05) -> Interval:
    """Return Fleiss' kappa (1971, Psychological Bulletin 76:378).

    Deviation, for missing labels: each item counts once, whatever labels it has, as in Gwet (2014, "Handbook
    of Inter-Rater Reliability", 4th ed., 2.3); the original has as many on each.

    Parameters
    ----------
    table
        Labels by category, shape (items, categories); an item with fewer than two is left out.
    clusters, alpha
        As in `cohen`.
    """
    shares, each, groups = _by_item(table, clusters)
    if not len(each):
        return _none("no item has two labels")
    n, pi = len(each), shares.mean(axis=0)
    observed, expected = float(each.mean()), float(1 - pi @ pi)
    on_expected = -2 * (shares - pi) @ pi
    return _beyond_chance(observed, expected, (each - observed) / n, on_expected / n, groups, alpha, "Fleiss")


def gwet(table: Floats, clusters: Clusters = None, alpha: float = 0.05) -> Interval:
    """Return Gwet's AC1 (2008, British J. Mathematical and Statistical Psychology 61:29).

    It stays near the observed agreement where one category is rare, which kappa does not. Of the number of
    categories all that may occur count, also those that nobody chose.

    Parameters
    ----------
    table, clusters, alpha
        As in `fleiss`; at least two categories.
    """
    shares, each, groups = _by_item(table, clusters)
    k = table.shape[1]
    if not len(each) or k < 2:
        return _none("no item has two labels" if k >= 2 else "there is one category only")
    n, pi = len(each), shares.mean(axis=0)
    observed, expected = float(each.mean()), 1 - float(pi @ (1 - pi)) / (k - 1)
    on_expected = -(shares - pi) @ (1 - 2 * pi) / (k - 1)
    return _beyond_chance(observed, expected, (each - observed) / n, on_expected / n, groups, alpha, "Gwet")


def krippendorff(
    table: Floats, apart: Floats | None, clusters: Clusters = None, alpha: float = 0.05
) -> Interval:
    """Return Krippendorff's alpha (2004, "Content Analysis", 2nd ed., 11.3), for any number of labels.

    Parameters
    ----------
    table
        Labels by category, shape (items, categories); an item with fewer than two is left out.
    apart
        Squared distance of two categories, of any scale, shape (k, k); None: ordinal
        (`ordinal_distances`), which depends on how often each category was chosen.
    clusters, alpha
        As in `cohen`. Krippendorff's own interval is a bootstrap of pairs of labels that takes the expected
        disagreement as known; this one takes it as estimated, and items as the units.
    """
    keep = table.sum(axis=1) >= 2
    x, groups = table[keep], _kept(clusters, keep)
    if not len(x):
        return _none("no item has two labels")
    size, chosen = x.sum(axis=1), x.sum(axis=0)
    n = float(size.sum())
    squared = ordinal_distances(chosen) if apart is None else apart
    weighted = x / (size - 1)[:, None]
    each = np.einsum("uc,cd,ud->u", weighted, squared, x)
    pairs = n * (n - 1)
    observed = float(each.sum()) / n
    expected = float(chosen @ squared @ chosen) / pairs
    on_observed = (each - observed * size) / n
    on_expected = (2 * x @ squared @ chosen - expected * (2 * n - 1) * size) / pairs
    if apart is None:
        along = _ordinal_slopes(chosen)
        on_observed += x @ np.einsum("cd,cdg->g", weighted.T @ x, along) / n
        on_expected += x @ np.einsum("c,d,cdg->g", chosen, chosen, along) / pairs
    return _beyond_chance(observed, expected, on_observed, on_expected, groups, alpha, "Krippendorff")


def ordinal_distances(chosen: Floats) -> Floats:
    """Return Krippendorff's ordinal distance, squared: how many labels lie between two categories.

    Parameters
    ----------
    chosen
        How often each category was chosen, shape (k,).
    """
    upto = np.cumsum(chosen)
    return np.asarray(np.abs((upto - chosen / 2)[:, None] - (upto - chosen / 2)) ** 2)


def _ordinal_slopes(chosen: Floats) -> Floats:
    """Return how each ordinal distance changes with each category's count, shape (k, k, k)."""
    k = len(chosen)
    middle = np.tril(np.ones((k, k))) - np.eye(k) / 2  # of a category's middle rank, by category
    at = middle @ chosen
    return np.asarray(2 * (at[:, None] - at)[:, :, None] * (middle[:, None, :] - middle[None, :, :]))


def _by_item(table: Floats, clusters: Clusters) -> tuple[Floats, Floats, NDArray[np.object_] | None]:
    """Return of items with two labels: the shares of the categories, and the share of unlike pairs."""
    size = table.sum(axis=1)
    keep = size >= 2
    x, m = table[keep], size[keep]
    each = 1 - (x * (x - 1)).sum(axis=1) / (m * (m - 1))
    return x / m[:, None], each, _kept(clusters, keep)


def _kept(clusters: Clusters, keep: NDArray[np.bool_]) -> NDArray[np.object_] | None:
    return None if clusters is None else np.asarray(clusters)[keep]


def _none(reason: str) -> Interval:
    return Interval(mean=math.nan, low=math.nan, high=math.nan, n=0, clusters=0, method="", reason=reason)


def _beyond_chance(
    observed: float,
    expected: float,
    on_observed: Floats,
    on_expected: Floats,
    groups: NDArray[np.object_] | None,
    alpha: float,
    name: str,
) -> Interval:
    """Return ``1 - observed / expected`` with its interval, from each item's influence on both.

    On the scale of ``log(observed / expected)``, where it is nearer to normal and cannot pass 1. Where the
    influences say nothing (all agree, or all items are alike), up to ``1 - (alpha/2)^(1/G)`` of the items
    may be different (Hanley & Lippman-Hand 1983, JAMA 249:1743).
    """
    from scipy.special import stdtrit

    n = len(on_observed)
    _, codes = np.unique(np.arange(n) if groups is None else groups, return_inverse=True)
    count = int(codes.max()) + 1
    method = f"{name}, delta method" + (f", {count} clusters" if count < n else "")
    value = 1 - observed / expected if expected > 0 else math.nan
    low = high = math.nan
    reason = None
    if expected <= 0:
        reason = "only one category was used: by chance alone all would agree"
    elif count < 2:
        reason = "one item alone says nothing about others"
    else:
        ratio = observed / expected
        effect = np.bincount(codes, (ratio * on_expected - on_observed) / expected, minlength=count)
        se = math.sqrt(count / (count - 1) * float(((effect - effect.mean()) ** 2).sum()))
        unseen = (1 - (alpha / 2) ** (1 / count)) / expected
        if se > 1e-12 and observed > 0:
            half = float(stdtrit(count - 1, 1 - alpha / 2)) * se / ratio
            low, high = 1 - ratio * math.exp(half), 1 - ratio * math.exp(-half)
        else:
            low, high = value - unseen, min(1.0, value + unseen)
            reason = "all items are alike: the interval allows for as many unlike ones as may be unseen"
    return Interval(mean=value, low=low, high=high, n=n, clusters=count, method=method, reason=reason)
