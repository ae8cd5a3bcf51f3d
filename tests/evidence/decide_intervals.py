"""Intervals: how often they hold the truth, how wide they are, who else gets the same, and in what time."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tests.evidence.ledger import QUICK, Ledger
from workbench.analyze.all_pairs import all_pairs
from workbench.analyze.bootstrap import Means, bootstrap
from workbench.analyze.correct import family, holm
from workbench.analyze.intervals import RARE_CLUSTERS, clustered_mean, mean_interval, t_interval, wilson
from workbench.analyze.pairs import Scale, paired

__all__ = ["intervals"]

SIMULATIONS = 150 if QUICK else 10_000
SIZES = (20, 50, 100, 200) if QUICK else (20, 30, 50, 100, 200, 500, 1_000)
SHARES = np.arange(0.02, 0.9801, 0.005)
FAMILIES = 25 if QUICK else 500
DRAWS = 2_000 if QUICK else 10_000
Z = NormalDist().inv_cdf(0.975)


def intervals(ledger: Ledger) -> None:
    """Add the rows on intervals, families and their oracles."""
    _by_enumeration(ledger)
    _ten_of_ten(ledger)
    _by_simulation(ledger)
    _differences(ledger)
    _families(ledger)
    _exact_oracles(ledger)
    _drawn_oracles(ledger)
    _evalstats(ledger)
    _in_seconds(ledger)


# ---- proportions, exactly ---------------------------------------------------------------------------


def _by_enumeration(ledger: Ledger) -> None:
    """Add up the probability of every outcome whose interval holds the truth."""
    from scipy.stats import binom
    from statsmodels.stats.proportion import proportion_confint

    means, least, others = [], [], []
    for n in SIZES:
        found = [mean_interval(np.repeat([1.0, 0.0], [right, n - right])) for right in range(n + 1)]
        chance = binom.pmf(np.arange(n + 1)[:, None], n, SHARES)
        bounds = np.array([(each.low, each.high) for each in found])
        theirs = np.column_stack(proportion_confint(np.arange(n + 1), n, 0.05, method="wilson"))
        ours, reference = (
            (chance * ((low[:, None] <= SHARES) & (high[:, None] >= SHARES))).sum(axis=0)
            for low, high in (bounds.T, theirs.T)
        )
        means.append(float(ours.mean()))
        least.append(float(ours.min()))
        others.append(float(reference.min()))
    sizes = ", ".join(map(str, SIZES))
    ledger.exact(
        f"95 % intervals of proportions, by enumeration, n {sizes}, p .02 to .98: mean coverage by n",
        ", ".join(f"{mean:.4f}" for mean in means),
        "0.94 to 0.97",
        all(0.94 <= mean <= 0.97 for mean in means),
    )
    ledger.exact(
        "  least coverage by n, against statsmodels' Wilson",
        ", ".join(f"{value:.4f}" for value in least),
        ", ".join(f"{value:.4f}" for value in others),
        all(one >= other - 1e-9 for one, other in zip(least, others, strict=True)),
    )


def _ten_of_ten(ledger: Ledger) -> None:
    """Hold an interval where a bootstrap or s / sqrt(n) gives [1, 1]."""
    naive = np.quantile(
        bootstrap([Means.of(np.ones((10, 1)), np.arange(10))], 10, draws=100)[0] + 1, [0.025, 0.975]
    )
    found = mean_interval(np.ones(10))
    ledger.exact(
        "10 of 10 right (a percentile bootstrap, as s / sqrt(n), gives"
        f" [{naive[0]:g}, {naive[1]:g}]): interval",
        f"[{found.low:.3f}, {found.high:g}] by {found.method}",
        "[0.722, 1] by Wilson",
    )
    thrice = mean_interval(np.ones(30), np.arange(30) // 3)
    ledger.exact(
        "  the same 10 cases asked 3 times each: not as sure as 30 cases",
        thrice.low < mean_interval(np.ones(30)).low and thrice.reason is not None,
        True,
    )


# ---- means, by simulation -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Cases × repeats to draw; `ALIKE` of a value's variance is its case's own.

    Parameters
    ----------
    name
        What is drawn.
    draw
        From a latent standard normal to a score.
    bounds
        Of the score; None: it has none.
    share
        Of the right ones, where it is a yes/no score; else None.
    """

    name: str
    draw: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    cases: int
    repeats: int = 1
    bounds: tuple[float, float] | None = None
    share: float | None = None

    @property
    def rarer(self) -> float:
        """min(n p, n (1 - p)) with n the cases, infinite where the score is not yes/no."""
        return math.inf if self.share is None else self.cases * min(self.share, 1 - self.share) + 1e-9

    def values(self, rng: np.random.Generator, arms: int = 1, size: int | None = None) -> NDArray[np.float64]:
        """Return scores, arms × cases × repeats; arms share their cases."""
        cases = size or self.cases
        own, chance = rng.normal(size=(1, cases, 1)), rng.normal(size=(arms, cases, self.repeats))
        return self.draw(math.sqrt(ALIKE) * own + math.sqrt(1 - ALIKE) * chance)


ALIKE = 0.5


def _yes_no(share: float, cases: int, repeats: int = 1) -> Cell:
    line = NormalDist().inv_cdf(share)
    return Cell(
        name=f"yes/no {share:g}, {cases} × {repeats}",
        draw=lambda latent: (latent < line).astype(float),
        cases=cases,
        repeats=repeats,
        bounds=(0.0, 1.0),
        share=share,
    )


def _skewed(latent: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    return -np.log(ndtr(-latent))  # exponential


def _stars(latent: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 + np.searchsorted([-2.0, -1.3, -0.5, 0.4], latent)  # 1 to 5, mostly 4 and 5


def _near_one(latent: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    return np.asarray(ndtr(latent) ** 0.25)  # beta(4, 1)


CELLS = (
    Cell(name="normal, 20 × 1", draw=lambda latent: latent, cases=20),
    Cell(name="normal, 30 × 3", draw=lambda latent: latent, cases=30, repeats=3),
    Cell(name="stars, 50 × 1", draw=_stars, cases=50),
    Cell(name="stars, 40 × 3", draw=_stars, cases=40, repeats=3),
    Cell(name="beta(4, 1), 50 × 1", draw=_near_one, cases=50, bounds=(0.0, 1.0)),
    Cell(name="exponential, 100 × 1", draw=_skewed, cases=100),
    Cell(name="exponential, 60 × 3", draw=_skewed, cases=60, repeats=3),
    _yes_no(0.5, 30, 3),
    _yes_no(0.8, 60, 3),
    _yes_no(0.9, 100, 3),
    _yes_no(0.95, 200, 5),
)
RARE = (_yes_no(0.95, 40, 3), _yes_no(0.98, 100, 3), _yes_no(0.99, 20, 5))


def _spread(cell: Cell, arms: int) -> tuple[float, float]:
    """Return the true mean and standard error of a case's mean, or of a difference, from very many cases."""
    values = cell.values(np.random.default_rng(0), arms, 50_000 if QUICK else 1_000_000).mean(axis=2)
    of = values[0] if arms == 1 else values[1] - values[0]
    return float(of.mean()), float(of.std()) / math.sqrt(cell.cases)


def _quantile(df: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, df))


def _by_simulation(ledger: Ledger) -> None:
    cells = CELLS[1::3] if QUICK else CELLS
    rows = [_covered(cell, seed) for seed, cell in enumerate(cells)]
    worst = min(range(len(rows)), key=lambda index: rows[index][0])
    ledger.share(
        f"means, continuous, ordinal and yes/no, clustered by case, min(np, n(1 - p)) >= 10: held, worst of"
        f" {len(cells)} cells ({cells[worst].name})",
        rows[worst][0],
        SIMULATIONS,
        low=0.935,
    )
    widths = [row[1] for row in rows]
    wide = max(range(len(rows)), key=widths.__getitem__)
    ledger.exact(
        f"  mean width against t with the true standard error, widest of them ({cells[wide].name})",
        f"{widths[wide]:.3f}",
        "at most 1.15",
        widths[wide] <= 1.15,
    )
    thin = [_thin(cell, seed) for seed, cell in enumerate(RARE)]
    ledger.exact(
        f"  elsewhere ({'; '.join(cell.name for cell in RARE)}; held"
        f" {', '.join(f'{row[2] / SIMULATIONS:.3f}' for row in thin)}): without width, not flagged",
        (sum(row[0] for row in thin), sum(row[1] for row in thin)),
        (0, 0),
    )


def _covered(cell: Cell, seed: int) -> tuple[int, float]:
    """Return how many intervals hold the mean, and their mean width over the reference's."""
    rng = np.random.default_rng([seed, 1])
    truth, error = _spread(cell, 1)
    clusters = np.repeat(np.arange(cell.cases), cell.repeats)
    held, width = 0, 0.0
    for _ in range(SIMULATIONS):
        found = mean_interval(
            cell.values(rng).ravel(), clusters, binary=cell.share is not None, bounds=cell.bounds
        )
        held += found.low <= truth <= found.high
        width += found.high - found.low
    return held, width / SIMULATIONS / (2 * _quantile(cell.cases - 1) * error)


def _thin(cell: Cell, seed: int) -> tuple[int, int, int]:
    """Return how many intervals have no width, rest on few rare cases and do not say so, hold the share."""
    rng = np.random.default_rng([seed, 2])
    clusters = np.repeat(np.arange(cell.cases), cell.repeats)
    flat = silent = held = 0
    for _ in range(SIMULATIONS):
        values = cell.values(rng)[0]
        found = mean_interval(values.ravel(), clusters, binary=True, bounds=cell.bounds)
        flat += not found.high - found.low > 0
        silent += int((values == 0).any(axis=1).sum()) < RARE_CLUSTERS and found.reason is None
        held += cell.share is not None and found.low <= cell.share <= found.high
    return flat, silent, held


def _differences(ledger: Ledger) -> None:
    """Two arms alike: how often the paired interval holds 0, and how wide it is."""
    cells = CELLS[3::4] if QUICK else CELLS
    rows = []
    for seed, cell in enumerate(cells):
        rng = np.random.default_rng([seed, 3])
        _, error = _spread(cell, 2)
        kind = Scale(
            binary=cell.share is not None,
            bounds=cell.bounds,
            reach=None if cell.bounds is None else cell.bounds[1] - cell.bounds[0],
        )
        held, width = 0, 0.0
        for _ in range(SIMULATIONS):
            one, other = cell.values(rng, 2).mean(axis=2)
            found = paired(other - one, scale=kind)
            half = _quantile(found.df) * found.se
            held += abs(found.center) <= half
            width += 2 * half
        rows.append((held, width / SIMULATIONS / (2 * _quantile(cell.cases - 1) * error)))
    worst = min(range(len(rows)), key=lambda index: rows[index][0])
    ledger.share(
        f"paired differences of the same scores: held, worst of {len(cells)} cells ({cells[worst].name})",
        rows[worst][0],
        SIMULATIONS,
        low=0.935,
    )
    wide = max(row[1] for row in rows)
    ledger.exact("  mean width against the reference's", f"{wide:.3f}", "at most 1.15", wide <= 1.15)


# ---- families -----------------------------------------------------------------------------------------


def grid(values: NDArray[np.float64], costs: NDArray[np.float64]) -> pd.DataFrame:
    """Return a trial table of arms × cases × repeats."""
    arm, case, repeat = (axis.ravel() for axis in np.indices(values.shape))
    return pd.DataFrame(
        {
            "arm": np.char.add("arm ", np.char.zfill(arm.astype(str), 2)),
            "case_id": np.char.add("c", case.astype(str)),
            "repeat": repeat,
            "status": "ok",
            "workload": "batch",
            "score_exact": values.ravel(),
            "cost_usd": costs.ravel(),
        }
    )


def _families(ledger: Ledger) -> None:
    """Eight arms alike, all 28 pairs."""
    rng = np.random.default_rng(4)
    cell = _yes_no(0.8, 60, 2)
    hits, narrower = 0, []
    for _ in range(FAMILIES):
        values = cell.values(rng, 8)
        table = all_pairs(grid(values, np.ones_like(values)), "exact", draws=1_000).table
        hits += bool((table["p_adjusted"] <= 0.05).any())
        found = [
            paired(
                values[i].mean(axis=1) - values[j].mean(axis=1),
                scale=Scale(binary=True, bounds=(0, 1), reach=1.0),
            )
            for i in range(8)
            for j in range(i + 1, 8)
        ]
        bonferroni = family([one.center for one in found], [one.se for one in found], [59] * 28)
        narrower.append(
            float((table["high"] - table["low"]).mean() / (bonferroni.high - bonferroni.low).mean())
        )
    ledger.share("all pairs of 8 equal arms: any difference shown", hits, FAMILIES, high=0.05)
    ledger.exact(
        "  mean width against Bonferroni's for the same pairs",
        f"{np.mean(narrower):.3f}",
        "below 1",
        float(np.mean(narrower)) < 1,
    )


def _in_seconds(ledger: Ledger) -> None:
    arms, cases = (20, 500) if QUICK else (40, 1_000)
    rng = np.random.default_rng(5)
    values = _yes_no(0.8, cases, 3).values(rng, arms)
    table = grid(values, rng.gamma(9.0, 1e-4, size=values.shape))
    start, worked = time.perf_counter(), time.process_time()
    found = all_pairs(table, "exact", 0.02, draws=DRAWS)
    seconds, cpu = time.perf_counter() - start, time.process_time() - worked
    ledger.timing(
        f"{arms} arms × {cases:,} cases × 3 repeats, all {len(found.table):,} pairs, {DRAWS:,} draws",
        f"{seconds:.1f} s ({cpu:.1f} s of processors)",
        "3 s on 2 processors",
        seconds <= 3,
    )


# ---- oracles ------------------------------------------------------------------------------------------


def _exact_oracles(ledger: Ledger) -> None:
    from scipy import stats
    from statsmodels.api import OLS
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import proportion_confint

    rng = np.random.default_rng(6)
    off: dict[str, float] = dict.fromkeys(
        (
            "Wilson (statsmodels)",
            "clustered error (statsmodels)",
            "t (scipy)",
            "paired t (scipy)",
            "Holm (statsmodels)",
        ),
        0.0,
    )
    for _ in range(20 if QUICK else 500):
        n, groups = int(rng.integers(5, 200)), int(rng.integers(3, 12))
        right, level = int(rng.integers(0, n + 1)), float(rng.uniform(0.001, 0.3))
        x, y, clusters = rng.normal(size=n), rng.exponential(size=n), rng.integers(0, groups, n)
        clusters[:2] = (0, 1)
        fit = OLS(x, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
        share = mean_interval(np.repeat([1.0, 0.0], [right, n - right]), alpha=level)
        student, pair, test = t_interval(x, alpha=level), paired(x - y), stats.ttest_rel(x, y)
        found = family([pair.center], [pair.se], [pair.df], level)
        p_values = rng.random(groups) ** 3
        for name, ours, theirs in (
            (
                "Wilson (statsmodels)",
                (share.low, share.high),
                proportion_confint(right, n, level, method="wilson"),
            ),
            ("clustered error (statsmodels)", clustered_mean(x, clusters).se, fit.bse[0]),
            (
                "t (scipy)",
                (student.low, student.high),
                stats.t.interval(1 - level, n - 1, loc=x.mean(), scale=stats.sem(x)),
            ),
            ("paired t (scipy)", found.p_value[0], test.pvalue),
            ("paired t (scipy)", (found.low[0], found.high[0]), test.confidence_interval(1 - level)),
            ("Holm (statsmodels)", holm(p_values), multipletests(p_values, method="holm")[1]),
        ):
            off[name] = max(off[name], float(np.abs(np.subtract(ours, theirs)).max()))
    for name, most in off.items():
        ledger.exact(f"largest distance from {name}", f"{most:.1e}", "at most 1e-6", most <= 1e-6)


def _drawn_oracles(ledger: Ledger) -> None:
    """Hold the analytic error against our bootstrap of clusters, and that against scipy's of values."""
    from scipy import stats

    rng = np.random.default_rng(7)
    x = _skewed(rng.normal(size=200))
    noise = 4 / math.sqrt(2 * DRAWS)  # four standard errors of a standard deviation
    ours = float(bootstrap([Means.of(x[:, None], np.arange(200))], 200, draws=DRAWS)[0].std())
    theirs = stats.bootstrap((x,), np.mean, n_resamples=DRAWS, method="percentile", rng=8, batch=500)
    ratio = ours / float(theirs.standard_error)
    ledger.exact(
        "our bootstrap's standard error over scipy's",
        f"{ratio:.3f}",
        f"1 ± {math.sqrt(2) * noise:.3f} (Monte Carlo error)",
        abs(ratio - 1) <= math.sqrt(2) * noise,
    )
    codes = np.repeat(np.arange(200), 3)
    repeated = _yes_no(0.8, 200, 3).values(rng)[0].ravel()
    drawn = float(bootstrap([Means.of(repeated[:, None], codes)], 200, draws=DRAWS)[0].std())
    ratio = clustered_mean(repeated, codes).se * math.sqrt(199 / 200) / drawn
    ledger.exact(
        "the analytic clustered error over the cluster bootstrap's, 200 cases × 3",
        f"{ratio:.3f}",
        f"1 ± {noise:.3f} (Monte Carlo error)",
        abs(ratio - 1) <= noise,
    )


def _evalstats(ledger: Ledger) -> None:
    if importlib.util.find_spec("evalstats") is None:
        print("  skipped: evalstats is not installed (pip install evalstats): no comparison with it")
        return
    from evalstats.core import resampling, stats_utils
    from evalstats.core.pareto import pareto_bootstrap

    rng = np.random.default_rng(9)
    off = 0.0
    for _ in range(20 if QUICK else 200):
        n = int(rng.integers(5, 200))
        right, x, p = int(rng.integers(0, n + 1)), rng.normal(size=n), rng.random(9) ** 3
        scores = _yes_no(0.7, 80, 3).values(rng)[0]
        moments = clustered_mean(scores.ravel(), np.repeat(np.arange(80), 3))
        size = moments.mean * (1 - moments.mean) / moments.se**2
        student = t_interval(x)
        for ours, theirs in (
            (wilson(right / n, n, Z), resampling.wilson_ci(right, n, 0.05)),
            ((student.low, student.high), resampling.t_interval_ci_1d(x, 0.05)),
            (wilson(moments.mean, size, Z), resampling.wilson_nested_od(scores, 0.05)),
            (holm(p), stats_utils.correct_pvalues(p, "holm")),
        ):
            off = max(off, float(np.abs(np.subtract(ours, theirs)).max()))
    ledger.exact(
        "largest distance from evalstats (Wilson; Wilson on the effective size with repeats; t; Holm)",
        f"{off:.1e}",
        "at most 1e-6",
        off <= 1e-6,
    )
    _front_of_evalstats(ledger, pareto_bootstrap)


def _front_of_evalstats(ledger: Ledger, theirs: Callable[..., object]) -> None:
    """Hold the probabilities of being on the front against those of another bootstrap, on an open score."""
    from workbench.analyze.frontier import frontier

    rng = np.random.default_rng(10)
    arms, cases = 4, 400
    values = (
        3 + rng.normal(size=(1, cases)) + rng.normal(size=(arms, cases)) + 0.05 * np.arange(arms)[:, None]
    )
    costs = rng.gamma(4.0, 1e-3, size=(arms, cases)) * (1 + 0.05 * np.arange(arms)[:, None])
    found = frontier(grid(values[:, :, None], costs[:, :, None]), "exact", draws=DRAWS).table.set_index("arm")
    names = [f"arm {number:02}" for number in range(arms)]
    other = theirs(values, -costs, names, DRAWS, np.random.default_rng(11))
    off = float(np.abs(found.loc[names, "p_front"].to_numpy() - other.p_frontier).max())  # type: ignore[attr-defined]
    noise = 4 * math.sqrt(2 * 0.25 / DRAWS)
    ledger.exact(
        "probability of being on the front, largest distance from evalstats'",
        f"{off:.4f}",
        f"at most {noise:.4f} (Monte Carlo error)",
        off <= noise,
    )
