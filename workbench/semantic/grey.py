"""Certify a log without answer keys: which pairs to label, and what the labels say of every threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.errors import InputError
from workbench.semantic.truth import UNKNOWN, WRONG

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.semantic.curve import CacheCurve

__all__ = ["BINS", "certify", "grey_sample"]

BINS = 8
"""Strata of cosine between the lowest and the highest pair: labels spread over the whole grey zone."""


def _unknown(curve: CacheCurve) -> pd.DataFrame:
    """Return the different pairs whose truth is not known, with how many events each stands for."""
    open_ones = curve.truth == UNKNOWN
    found = pd.DataFrame(
        {
            "request": curve.replay.request[open_ones],
            "source": curve.replay.source[open_ones],
            "cosine": curve.replay.cosine[open_ones],
        }
    )
    return found.drop_duplicates(["request", "source"], ignore_index=True)


def grey_sample(curve: CacheCurve, n: int, *, seed: int = 1) -> pd.DataFrame:
    """Return pairs to label, by a stratified random sample with known probabilities.

    Pairs whose truth is not known are put into `BINS` strata of equal width in cosine; the labels are shared
    out evenly, what a stratum lacks goes to the others, and pairs are drawn at random within each.

    Parameters
    ----------
    n
        Number of labels that can be paid for, at least 1.

    Returns
    -------
    DataFrame
        ``request``, ``source``, ``cosine``, ``probability`` (of being in the sample, in (0, 1]).

    Raises
    ------
    InputError
        Where n is not positive.
    """
    if n < 1:
        raise InputError("grey zone", f"{n} labels", "Ask for at least one pair.")
    pairs = _unknown(curve)
    if pairs.empty:
        return pairs.assign(probability=pd.Series(dtype="float64"))
    strata = pd.cut(pairs["cosine"], min(BINS, n), labels=False, include_lowest=True)
    sizes = strata.value_counts().sort_index()
    shares = _shared_out(np.asarray(sizes, dtype=np.int64), n)
    rng = np.random.default_rng(seed)
    parts = []
    for stratum, size, share in zip(sizes.index, sizes, shares, strict=True):
        members = np.flatnonzero(strata == stratum)
        drawn = pairs.iloc[np.sort(rng.choice(members, share, replace=False))]
        parts.append(drawn.assign(probability=share / size))
    return pd.concat(parts, ignore_index=True)


def _shared_out(sizes: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return how many to draw from each stratum: as even as their sizes allow."""
    out = np.zeros(len(sizes), dtype=np.int64)
    left = min(n, int(sizes.sum()))
    while left:
        room = np.flatnonzero(out < sizes)
        each = max(1, left // len(room))
        for stratum in room:
            more = min(each, int(sizes[stratum] - out[stratum]), left)
            out[stratum] += more
            left -= more
    return out


def certify(
    curve: CacheCurve,
    sample: pd.DataFrame,
    labels: Mapping[tuple[int, int], bool],
    *,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return, by threshold, the wrong share of all requests with bounds, known truth and labels together.

    The share of wrong ones among unknown hits is the weighted mean of the labels of those that are served at
    the threshold (Hájek), with Clopper and Pearson's one-sided bounds at Kish's effective size (Korn &
    Graubard 1998, Survey Methodology 24:193). A threshold none of whose unknown hits is labeled is bounded by
    nothing and all.

    Parameters
    ----------
    sample
        Of `grey_sample`.
    labels
        (request, source) -> whether the served answer was right; pairs that nobody labeled are left out.
    alpha
        Error of each bound.

    Returns
    -------
    DataFrame
        ``threshold``, ``labeled``, ``wrong_of_all``, ``low``, ``high``.
    """
    done = curve.replay
    # A pair may be in several events (one a group of thresholds): it is served where any of them is.
    events: dict[tuple[int, int], list[int]] = {}
    for i, pair in enumerate(zip(done.request.tolist(), done.source.tolist(), strict=True)):
        events.setdefault(pair, []).append(i)
    served = done.served
    drawn = zip(sample["request"].tolist(), sample["source"].tolist(), sample["probability"], strict=True)
    told = [((request, source), 1 / p) for request, source, p in drawn if (request, source) in labels]
    wrong = np.array([not labels[pair] for pair, _ in told], dtype=float)
    weight = np.array([each for _, each in told], dtype=float)
    at = np.array([served[events[pair]].any(axis=0) for pair, _ in told], dtype=bool)
    at = at.reshape(len(told), served.shape[1])
    known, unknown = done.counts(curve.truth == WRONG), done.counts(curve.truth == UNKNOWN)
    rows = []
    for k, threshold in enumerate(done.thresholds):
        here = at[:, k]
        found = (0.0, 0.0, 0.0) if unknown[k] == 0 else _share(wrong[here], weight[here], alpha)
        mean, low, high = ((known[k] + unknown[k] * each) / done.requests for each in found)
        rows.append((float(threshold), int(here.sum()), mean, low, high))
    return pd.DataFrame(rows, columns=["threshold", "labeled", "wrong_of_all", "low", "high"])


def _share(
    wrong: NDArray[np.float64], weight: NDArray[np.float64], alpha: float
) -> tuple[float, float, float]:
    """Return a weighted share with one-sided bounds; NaN, 0 and 1 where nothing is labeled."""
    from scipy.stats import beta

    if not len(wrong):
        return float("nan"), 0.0, 1.0
    mean = float((weight * wrong).sum() / weight.sum())
    size = float(weight.sum() ** 2 / (weight**2).sum())
    hits = mean * size
    low = 0.0 if hits <= 0 else float(beta.ppf(alpha, hits, size - hits + 1))
    high = 1.0 if hits >= size else float(beta.ppf(1 - alpha, hits + 1, size - hits))
    return mean, low, high
