"""Choose the threshold of a semantic cache for a stated budget of wrong answers, and check the choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.semantic.truth import RIGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.semantic.curve import CacheCurve

__all__ = ["Safe", "safe_threshold", "share_bounds", "split_groups"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Safe(Shown):
    """A threshold within a budget of wrong answers, or none. Made by `safe_threshold`.

    Parameters
    ----------
    budget
        Most wrong answers, as a share of all requests.
    threshold
        The chosen one; None: none is safe.
    hit_rate
        Of the whole log at it; 0 where none is.
    chosen_on, checked_on
        Requests of the half on which it was chosen, and of the other one.
    wrong_high
        Upper bound of the wrong share on the half on which it was chosen.
    checked_wrong, checked_low, checked_high
        Wrong share of the other half, with bounds; NaN where no threshold is safe.
    table
        One row a threshold: ``threshold``, ``wrong``, ``wrong_high`` on the first half, ``safe``.
    alpha
        Error of the choice (one-sided).
    """

    budget: float
    threshold: float | None
    hit_rate: float
    chosen_on: int
    checked_on: int
    wrong_high: float
    checked_wrong: float
    checked_low: float
    checked_high: float
    table: pd.DataFrame
    alpha: float

    @property
    def confirmed(self) -> bool | None:
        """Whether the other half does not contradict the choice; None where nothing was chosen."""
        return None if self.threshold is None else bool(self.checked_low <= self.budget)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a threshold."""
        return self.table

    @property
    def summary(self) -> str:
        """The choice, and what the other half says of it."""
        if self.threshold is None:
            top = self.table.iloc[-1]
            return (
                f"no safe threshold for {self.budget:.2%} wrong of all requests: by the {self.chosen_on:,} "
                f"requests of one half even cosine {top['threshold']:g} is only known to stay below "
                f"{top['wrong_high']:.2%}"
            )
        said = "confirmed" if self.confirmed else "NOT confirmed"
        return (
            f"cosine {self.threshold:g} serves {self.hit_rate:.1%} of all requests; wrong answers at "
            f"most {self.wrong_high:.2%} of all (budget {self.budget:.2%}; chosen on {self.chosen_on:,} "
            f"requests); {said} on the other {self.checked_on:,}: {self.checked_wrong:.2%} "
            f"({self.checked_low:.2%} to {self.checked_high:.2%})"
        )


def split_groups(groups: NDArray[np.int64], seed: int = 1) -> NDArray[np.bool_]:
    """Return which requests are in the first half, whole answer groups together.

    Parameters
    ----------
    groups
        Shape (requests,): number of each request's answer; -1 (not known) is a group of its own each.
    """
    names, codes = np.unique(_apart(groups), return_inverse=True)
    drawn = np.random.default_rng(seed).permutation(len(names)) < (len(names) + 1) // 2
    return np.asarray(drawn[codes])


def _apart(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the groups with every request that is in none in one of its own."""
    return np.where(groups < 0, groups.max(initial=-1) + 1 + np.arange(len(groups)), groups)


def share_bounds(
    wrong: NDArray[np.float64], groups: NDArray[np.int64], alpha: float = 0.05
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return one-sided lower and upper bounds of shares, each at 1 - alpha, for requests in groups.

    Clopper and Pearson's exact bounds at the effective sample size of Korn & Graubard (1998, Survey
    Methodology 24:193): n over the design effect (the variance of the share with groups as clusters over
    the variance without, at least 1), and Student's quantile over the normal one squared for few groups.

    Parameters
    ----------
    wrong
        Shape (k, n): 0 or 1, one row a threshold, in order.
    groups
        Shape (n,), numbers.
    """
    from scipy.stats import beta, norm, t

    k, n = wrong.shape
    codes = np.unique(groups, return_inverse=True)[1]
    clusters = int(codes.max(initial=-1)) + 1
    if clusters < 2:
        return np.zeros(k), np.ones(k)
    share = wrong.mean(axis=1)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    sums = np.add.reduceat((wrong.T - share)[order], starts, axis=0)
    variance = clusters / (clusters - 1) * (sums**2).sum(axis=0) / n**2
    plain = share * (1 - share) / n
    effect = np.maximum(1.0, np.divide(variance, plain, out=np.ones(k), where=plain > 0))
    # Where nothing wrong is seen, nothing says how it would cluster: the nearest threshold at which something
    # is stands in; without one, the groups are what was looked at.
    seen = np.flatnonzero(plain > 0)
    if len(seen):
        nearest = seen[np.abs(seen - np.arange(k)[:, None]).argmin(axis=1)]
        effect = effect[nearest]
    else:
        effect = np.full(k, n / clusters)
    few = (t.ppf(1 - alpha, clusters - 1) / norm.ppf(1 - alpha)) ** 2
    size = n / effect / few
    hits = share * size
    with np.errstate(invalid="ignore"):
        low = np.where(hits <= 0, 0.0, beta.ppf(alpha, hits, size - hits + 1))
        high = np.where(hits >= size, 1.0, beta.ppf(1 - alpha, hits + 1, size - hits))
    return low, high


def _wrong(curve: CacheCurve) -> NDArray[np.float64]:
    """Return, thresholds × requests, whether a request is served what is not known to be right."""
    done, bad = curve.replay, curve.truth != RIGHT
    wrong = np.zeros((len(done.thresholds), done.requests))
    np.maximum.at(wrong.T, done.request[bad], done.served[bad].astype(float))
    return wrong


def safe_threshold(
    curve: CacheCurve,
    groups: NDArray[np.int64],
    budget: float,
    *,
    alpha: float = 0.05,
    seed: int = 1,
    first: NDArray[np.bool_] | None = None,
    population: Literal["future", "log"] = "future",
) -> Safe:
    """Choose the lowest threshold whose wrong answers are known to stay within a budget.

    The log is replayed whole, since half a log confuses fewer questions; its requests are split by answer
    group. Thresholds are tried from the highest down, and the first one whose upper bound is above the budget
    ends it: so the error of the choice is alpha without a correction for the number tried (fixed-sequence
    testing; Angelopoulos et al. 2021, Learn then Test, section 3.2). What is not known counts as wrong.

    Parameters
    ----------
    curve
        Of the whole log.
    groups
        Shape (requests,): number of each request's answer; -1 where not known.
    budget
        Wrong answers ÷ all requests, in (0, 1).
    first
        Shape (requests,): the half on which to choose; None: drawn by `seed`.
    population
        Whose wrong share must stay within the budget: that of ``future`` requests like these, or of this
        ``log``, half of which is known by then (finite population correction: Cochran 1977, section 2.5).

    Raises
    ------
    InputError
        Where the budget is no share.
    """
    if not 0 < budget < 1:
        raise InputError("safe threshold", f"the budget is {budget}", "Give wrong ÷ all requests, in (0, 1).")
    done = curve.replay
    half = split_groups(groups, seed) if first is None else np.asarray(first, dtype=bool)
    own = _apart(groups)
    wrong = _wrong(curve)
    share, (_, high) = wrong[:, half].mean(axis=1), share_bounds(wrong[:, half], own[half], alpha)
    if population == "log":
        high = share + (high - share) * np.sqrt(1 - half.mean())
    within = high <= budget
    # From the highest down, up to the first that fails.
    safe = np.logical_and.accumulate(within[::-1])[::-1]
    at = int(np.argmax(safe)) if safe.any() else None
    table = pd.DataFrame({"threshold": done.thresholds, "wrong": share, "wrong_high": high, "safe": safe})
    checked = [float("nan")] * 3
    if at is not None:
        row = wrong[at : at + 1, ~half]
        checked = [float(row.mean()), *(float(each[0]) for each in share_bounds(row, own[~half], alpha))]
    return Safe(
        budget=budget,
        threshold=None if at is None else float(done.thresholds[at]),
        hit_rate=0.0 if at is None else float(curve.table["hit_rate"].iloc[at]),
        chosen_on=int(half.sum()),
        checked_on=int((~half).sum()),
        wrong_high=float("nan") if at is None else float(high[at]),
        checked_wrong=checked[0],
        checked_low=checked[1],
        checked_high=checked[2],
        table=table,
        alpha=alpha,
    )
