"""Paired differences by case: the same case under two arms, so that hard cases cancel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from workbench.analyze.intervals import Clusters, clustered_mean

__all__ = ["Paired", "Scale", "paired", "paired_columns", "scale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What values a score takes.

    Parameters
    ----------
    binary
        Whether all are 0 or 1.
    bounds
        (0, 1) where all lie between; None: the range is unknown.
    reach
        The largest possible difference: 1, or the range seen; None where nothing varies or is amount-like.
    """

    binary: bool
    bounds: tuple[float, float] | None
    reach: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """A paired mean difference.

    Parameters
    ----------
    estimate
        The plain mean of the per-case differences; NaN without a common case.
    center, se
        Middle of the interval and its standard error; NaN below two clusters or where unknown.
    df
        Degrees of freedom, clusters - 1.
    n, clusters
        Common cases, and independent groups of them.
    sd
        Spread between cases that `se` stands for, ``se * sqrt(n)``: what a sample size is reckoned from.
    reason
        Why `se` is NaN; None where it is not.
    """

    estimate: float
    center: float
    se: float
    df: int
    n: int
    clusters: int
    sd: float
    reason: str | None = None


def scale(values: pd.Series) -> Scale:
    """Return what values a score takes, by those seen in the whole table."""
    known = values.dropna()
    unit = bool(known.between(0, 1).all())
    spread = float(known.max() - known.min()) if len(known) else 0.0
    return Scale(
        binary=bool(known.isin([0.0, 1.0]).all()),
        bounds=(0.0, 1.0) if unit else None,
        reach=1.0 if unit else (spread or None),
    )


def paired(differences: ArrayLike, clusters: Clusters = None, *, scale: Scale | None = None) -> Paired:
    """Return the mean of per-case differences and what its interval is made of.

    - Continuous: the paired t test (scipy's ``ttest_rel``), cluster-robust where cases share clusters.
    - Yes/no scores, and differences that are all equal: Agresti & Min (2005, Statistics in Medicine 24:729)
      add half a pair in favor of each side and one tied pair, so that n/n, 0/n and few discordant pairs
      are no certainties. Deviations: Student's quantile in place of the normal one; with repeats the
      added halves have the size of a typical difference that is not zero (the root mean square of those
      seen and one of the largest possible), not always the largest, which for single trials is the same.

    Parameters
    ----------
    differences
        Shape (n,): challenger minus incumbent, repeats averaged; NaN are left out.
    clusters
        Shape (n,): cases that are not independent; None: all are.
    scale
        Of the score; None for amounts (USD), where equal differences are plain facts with `se` 0.
    """
    d = np.asarray(differences, dtype=float)
    keep = ~np.isnan(d)
    d, groups = d[keep], None if clusters is None else np.asarray(clusters)[keep]
    n, plain = len(d), clustered_mean(d, groups)
    center, se, reason = plain.mean, plain.se, None
    if plain.clusters < 2:
        center, reason = math.nan, "fewer than two cases are scored for both arms"
    elif scale is not None and (scale.binary or se == 0):
        if scale.reach is None:
            center = se = math.nan
            reason = "all differences are equal, and the range of the score is unknown"
        else:
            inflation = (
                max(1.0, plain.se / clustered_mean(d).se) if plain.clusters < n and plain.se > 0 else 1.0
            )
            inflation = max(inflation, math.sqrt(n / plain.clusters)) if plain.se == 0 else inflation
            squares = float((d**2).sum())
            added = (squares + scale.reach**2) / (np.count_nonzero(d) + 1)
            center = float(d.sum()) / (n + 2)
            se = inflation * math.sqrt(((squares + added) / (n + 2) - center**2) / (n + 2))
    return Paired(
        estimate=plain.mean,
        center=center,
        se=se,
        df=max(1, plain.clusters - 1),
        n=n,
        clusters=plain.clusters,
        sd=se * math.sqrt(n),
        reason=reason,
    )


def paired_columns(
    matrix: pd.DataFrame, pairs: list[tuple[str, str]], clusters: pd.Series, scale: Scale | None = None
) -> pd.DataFrame:
    """Return `paired` for several pairs of columns of a cases × arms table.

    Parameters
    ----------
    matrix
        Cases × arms; a column that is absent counts as missing.
    pairs
        (challenger, incumbent), one row each, in order.
    clusters
        Indexed by case.

    Returns
    -------
    DataFrame
        The fields of `Paired` as columns.
    """
    absent = np.full(len(matrix), np.nan)
    columns = dict(zip(matrix.columns, matrix.to_numpy(dtype=float).T, strict=True))
    groups = clusters.reindex(matrix.index)
    codes = None if groups.is_unique else pd.factorize(groups)[0]
    rows = [
        paired(columns.get(arm, absent) - columns.get(other, absent), codes, scale=scale)
        for arm, other in pairs
    ]
    names = list(Paired.__slots__)
    return pd.DataFrame([[getattr(row, name) for name in names] for row in rows], columns=names)
