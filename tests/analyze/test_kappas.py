"""Agreement beyond chance: against plain loops, and against scikit-learn and statsmodels."""

from __future__ import annotations

import itertools
import math
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from workbench.analyze.bootstrap import resamples
from workbench.analyze.intervals import Interval
from workbench.analyze.kappas import cohen, fleiss, gwet, krippendorff, ordinal_distances
from workbench.analyze.ratings import counts, distances

K = 4
tables = st.lists(st.lists(st.integers(-1, K - 1), min_size=3, max_size=3), min_size=3, max_size=40).map(
    np.array
)
"""Items × three raters; -1 is missing."""


def same(found: Interval, expected: float) -> bool:
    """Whether a figure is the expected one to 1e-9, or both are missing."""
    if math.isnan(expected):
        return math.isnan(found.mean)
    return abs(found.mean - expected) < 1e-9 * max(1.0, abs(expected))


# ---- the same statistics as plain loops ------------------------------------------------------------------


def loop_cohen(pairs: list[tuple[int, int]], power: int) -> float:
    """Cohen's weighted kappa, pair by pair."""
    apart = {
        (i, j): (abs(i - j) / (K - 1)) ** power if power else float(i != j)
        for i in range(K)
        for j in range(K)
    }
    if not pairs:
        return math.nan
    observed = sum(apart[pair] for pair in pairs) / len(pairs)
    expected = sum(apart[a, b] for a, _ in pairs for _, b in pairs) / len(pairs) ** 2
    return math.nan if expected == 0 else 1 - observed / expected


def loop_fleiss(items: list[list[int]], gwet_instead: bool = False) -> float:
    """Fleiss' kappa or Gwet's AC1, item by item."""
    items = [item for item in items if len(item) >= 2]
    if not items:
        return math.nan
    agreed, share = 0.0, dict.fromkeys(range(K), 0.0)
    for item in items:
        pairs = list(itertools.permutations(item, 2))
        agreed += sum(a == b for a, b in pairs) / len(pairs) / len(items)
        for label in item:
            share[label] += 1 / len(item) / len(items)
    by_chance = sum(p * p for p in share.values())
    if gwet_instead:
        by_chance = sum(p * (1 - p) for p in share.values()) / (K - 1)
    return math.nan if abs(1 - by_chance) < 1e-12 else (agreed - by_chance) / (1 - by_chance)


def loop_alpha(items: list[list[int]], scale: str) -> float:
    """Krippendorff's alpha from all pairs of labels within items, against all pairs of labels at all."""
    items = [item for item in items if len(item) >= 2]
    labels = [label for item in items for label in item]
    total = Counter(labels)

    def apart(a: int, b: int) -> float:
        if scale == "nominal":
            return float(a != b)
        if scale == "interval":
            return float((a - b) ** 2)
        low, high = min(a, b), max(a, b)
        return float((sum(total[g] for g in range(low, high + 1)) - (total[a] + total[b]) / 2) ** 2)

    observed = sum(
        apart(a, b) / (len(item) - 1) for item in items for a, b in itertools.permutations(item, 2)
    )
    expected = sum(apart(a, b) for a, b in itertools.permutations(labels, 2))
    if not labels or expected == 0:
        return math.nan
    return 1 - (observed / len(labels)) / (expected / (len(labels) * (len(labels) - 1)))


def rows(table: NDArray[np.int64]) -> list[list[int]]:
    """The labels of each item."""
    return [[int(label) for label in row if label >= 0] for row in table]


@given(tables, st.sampled_from([0, 1, 2]))
def test_cohen_is_the_plain_loop(table: NDArray[np.int64], power: int) -> None:
    """Any weights, any missing labels."""
    pairs = [(int(a), int(b)) for a, b, _ in table if a >= 0 and b >= 0]
    apart = distances(range(K), power, "ordinal")
    assert same(cohen(table[:, 0], table[:, 1], apart), loop_cohen(pairs, power))


@given(tables)
def test_fleiss_and_gwet_are_the_plain_loops(table: NDArray[np.int64]) -> None:
    """Any missing labels."""
    assert same(fleiss(counts(table, K)), loop_fleiss(rows(table)))
    assert same(gwet(counts(table, K)), loop_fleiss(rows(table), gwet_instead=True))


@given(tables, st.sampled_from(["nominal", "ordinal", "interval"]))
def test_alpha_is_the_plain_loop(table: NDArray[np.int64], scale: str) -> None:
    """Any scale, any missing labels."""
    apart = {"nominal": distances(range(K), 0, "nominal"), "interval": distances(range(K), 2, "interval")}
    assert same(krippendorff(counts(table, K), apart.get(scale)), loop_alpha(rows(table), scale))


def test_alpha_is_the_published_one() -> None:
    """Krippendorff's own example of four observers with missing labels: .743, .815, .849."""
    nan = -1
    table = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    ).T
    by_category = counts(np.where(table > 0, table - 1, -1), 5)
    found = [
        krippendorff(by_category, apart).mean
        for apart in (distances(range(5), 0, "nominal"), None, distances(range(1, 6), 2, "interval"))
    ]
    assert np.round(found, 3).tolist() == [0.743, 0.815, 0.849]


@given(tables)
def test_others_get_the_same(table: NDArray[np.int64]) -> None:
    """scikit-learn's and statsmodels' kappas, on items that all have labelled."""
    full = table[(table >= 0).all(axis=1)]
    if len(full) < 2 or len(np.unique(full)) < 2:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for power, name in ((0, None), (1, "linear"), (2, "quadratic")):
            theirs = cohen_kappa_score(full[:, 0], full[:, 1], weights=name, labels=list(range(K)))
            assert same(cohen(full[:, 0], full[:, 1], distances(range(K), power, "ordinal")), float(theirs))
        assert same(fleiss(counts(full, K)), float(fleiss_kappa(counts(full, K))))


# ---- intervals -------------------------------------------------------------------------------------------


def draw(n: int, seed: int, right: float = 0.7) -> NDArray[np.int64]:
    """Labels of three raters who say the truth, or anything."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(3, n, p=[0.2, 0.3, 0.5])[:, None]
    return np.where(rng.random((n, 3)) < right, truth, rng.integers(0, 3, (n, 3)))


@pytest.mark.parametrize("power", [0, 1, 2])
def test_the_error_of_kappa_is_that_of_fleiss_cohen_and_everitt(power: int) -> None:
    """The error is statsmodels' analytic one, but for G / (G - 1)."""
    from scipy.stats import t

    table = draw(80, 1)
    found = cohen(table[:, 0], table[:, 1], distances(range(3), power, "ordinal"))
    half = math.log((1 - found.low) / (1 - found.mean)) * (1 - found.mean)
    matrix = np.zeros((3, 3))
    np.add.at(matrix, (table[:, 0], table[:, 1]), 1)
    theirs = cohens_kappa(matrix, wt=[None, "linear", "quadratic"][power])
    assert half / t.ppf(0.975, 79) * math.sqrt(79 / 80) == pytest.approx(theirs.std_kappa, abs=1e-9)


@pytest.mark.parametrize("name", ["fleiss", "gwet", "nominal", "ordinal", "interval", "clustered"])
def test_the_error_is_that_of_the_bootstrap(name: str) -> None:
    """The delta method's error is the cluster bootstrap's, within its noise."""
    from scipy.stats import t

    table = draw(150, 2)
    table[np.random.default_rng(3).random(table.shape) < 0.15] = -1
    groups = np.repeat(np.arange(75), 2) if name == "clustered" else np.arange(150)
    apart = {"nominal": distances(range(3), 0, "nominal"), "interval": distances(range(3), 2, "interval")}

    def figure(labels: NDArray[np.int64], clusters: NDArray[np.int64] | None = None) -> Interval:
        by_category = counts(labels, 3)
        if name in ("fleiss", "clustered"):
            return fleiss(by_category, clusters)
        return (
            gwet(by_category, clusters)
            if name == "gwet"
            else krippendorff(by_category, apart.get(name), clusters)
        )

    found = figure(table, groups)
    half = math.log((1 - found.low) / (1 - found.mean)) * (1 - found.mean)
    each = [
        figure(np.repeat(table, times[groups].astype(int), axis=0)).mean
        for times in resamples(int(groups.max()) + 1, 600, [4])
    ]
    assert half / t.ppf(0.975, groups.max()) == pytest.approx(np.std(each), rel=0.15)


def test_agreement_on_all_items_is_no_certainty() -> None:
    """Ten items on which all agree: kappa 1, and a lower bound well below it, with the reason."""
    codes = np.array([0, 1] * 5)
    found = cohen(codes, codes, distances(range(2), 0, "nominal"))
    assert found.mean == found.high == 1
    assert 0.3 < found.low < 0.6
    assert found.reason is not None


def test_one_category_says_nothing() -> None:
    """Where only one category is used, kappa is missing with its reason; AC1 is 1."""
    codes = np.zeros(10, dtype=np.int64)
    assert math.isnan(cohen(codes, codes, distances(range(2), 0, "nominal")).mean)
    assert gwet(counts(np.column_stack([codes, codes]), 2)).mean == 1


def test_ordinal_distances_count_the_labels_between() -> None:
    """Half of both ends, all of what lies between, squared."""
    assert ordinal_distances(np.array([2.0, 4.0, 6.0]))[0, 2] == (1 + 4 + 3) ** 2
