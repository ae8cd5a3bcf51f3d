"""Equal arms: how often the gate promotes one of arms that do not differ, on a person's own rows."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.analyze.cells import case_clusters, case_means, check_arm, scores
from workbench.analyze.correct import family
from workbench.analyze.intervals import wilson
from workbench.analyze.pairs import Scale, paired_columns, scale
from workbench.analyze.verdicts import judged
from workbench.core.show import Shown
from workbench.core.table import validate
from workbench.errors import DatasetError
from workbench.plan.gate import Gate
from workbench.promote.rules.wb101_quality import carries

__all__ = ["EQUAL_COLUMNS", "STUDIES", "EqualArms", "equal_arms"]

STUDIES = 500
"""Studies of equal arms that are made where nobody says how many."""

EQUAL_COLUMNS = ("rule", "promoted", "studies", "share", "low", "high")
"""Columns of a rule: in how many studies it promotes an arm, and the 95 % interval of that share (Wilson)."""

HIGHER, SINGLE, GATE = "the highest mean wins", "each test by itself", "the gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualArms(Shown):
    """How often arms that do not differ are promoted. Made by `equal_arms`.

    Parameters
    ----------
    score, incumbent
        As in the comparison.
    arms, cases
        How many there are.
    alpha
        Error that the gate allows, over all challengers.
    seed
        Of the dealing.
    promoted
        One row a study, a column a rule: whether it promotes any arm.
    """

    score: str
    incumbent: str
    arms: int
    cases: int
    alpha: float
    seed: int
    promoted: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row a rule: the columns of `EQUAL_COLUMNS`."""
        rows = []
        for rule in self.promoted:
            hits, studies = int(self.promoted[rule].sum()), len(self.promoted)
            low, high = wilson(hits / studies, studies, NormalDist().inv_cdf(0.975))
            rows.append((rule, hits, studies, hits / studies, low, high))
        return pd.DataFrame(rows, columns=list(EQUAL_COLUMNS))

    @property
    def summary(self) -> str:
        """How often each rule promotes an arm that is not better."""
        lines = [
            f"{len(self.promoted):,} studies of {self.arms} equal arms, {self.cases:,} cases each: within"
            " each case the answers are dealt to the arms at random, so that none is better. Promoted is one,"
        ]
        lines += [
            f"- {row['rule']}: in {row['share']:.1%} (95 % {row['low']:.1%} to {row['high']:.1%})"
            for row in self.frame.to_dict("records")
        ]
        return "\n".join([*lines, f"The gate allows {self.alpha:.0%}."])


def equal_arms(
    frame: pd.DataFrame, gate: Gate, incumbent: str, *, studies: int = STUDIES, seed: int = 1
) -> EqualArms:
    """Return how often a gate promotes an arm where none is better, from the rows of a real study.

    An A/A test by permutation (Kohavi, Tang & Xu 2020, Trustworthy Online Controlled Experiments, chapter
    19; Good 2005, chapter 3): within each case what the arms answered, repeats, failures and costs with it,
    is dealt to the arms at random, and to cases of one cluster alike. So no arm is better or cheaper, while
    everything else is as it was: how hard the cases are, how the arms agree, what is missing. Each such
    study is judged as a comparison is, and by the rule that carries a promotion (WB101); the other rules of a
    gate can only refuse. Beside it stands what an eager reader would do: take the highest mean, or believe
    any one of the tests.

    Parameters
    ----------
    frame
        A trial table.
    gate
        Score, margin and alpha are its own.
    incumbent
        Name of an arm.
    studies, seed
        How many, at least 1; of the dealing.

    Raises
    ------
    DatasetError
        Where there is no such score or arm, only one arm, or `studies` is below 1.
    """
    if studies < 1:
        raise DatasetError("equal arms", f"studies is {studies!r}", "Use a whole number of at least 1.")
    table = validate(frame)
    check_arm(table, incumbent)
    values, clusters = scores(table, gate.score), case_clusters(table)
    arms = [incumbent, *(arm for arm in table["arm"].unique() if arm != incumbent)]
    if len(arms) < 2:
        raise DatasetError("equal arms", "there is one arm only", "Compare at least two.")
    quality, cost = case_means(table, values), case_means(table, 1000 * table["cost_usd"])
    cases = pd.Index(table["case_id"].unique())
    quality, cost = (each.reindex(index=cases, columns=arms) for each in (quality, cost))
    groups = pd.factorize(clusters.reindex(cases))[0]
    rng = np.random.default_rng(seed)
    kind = scale(values)
    found = []
    for _ in range(studies):
        deal = rng.permuted(np.tile(np.arange(len(arms)), (groups.max() + 1, 1)), axis=1)[groups]
        found.append(_promotes(_dealt(quality, deal), _dealt(cost, deal), clusters, kind, gate))
    return EqualArms(
        score=gate.score,
        incumbent=incumbent,
        arms=len(arms),
        cases=len(cases),
        alpha=gate.alpha,
        seed=seed,
        promoted=pd.DataFrame(found, columns=[HIGHER, SINGLE, GATE]),
    )


def _dealt(matrix: pd.DataFrame, deal: NDArray[np.int64]) -> pd.DataFrame:
    moved = np.take_along_axis(matrix.to_numpy(dtype=float), deal, axis=1)
    return pd.DataFrame(moved, index=matrix.index, columns=matrix.columns)


def _promotes(
    quality: pd.DataFrame, cost: pd.DataFrame, clusters: pd.Series, kind: Scale, gate: Gate
) -> tuple[bool, bool, bool]:
    """Return whether any arm is promoted: by its mean, by a test of its own, by the gate."""
    first, *others = quality.columns
    pairs = [(arm, first) for arm in others]
    columns = paired_columns(quality, pairs, clusters, kind)
    rows = judged(columns, kind, gate.margin, gate.alpha)
    money = paired_columns(cost, pairs, clusters)
    cheaper = family(money["center"], money["se"], money["df"], gate.alpha).high < 0
    passed = [
        carries(row["verdict"], row["low"], bool(cheap), gate.margin)
        for row, cheap in zip(rows.to_dict("records"), cheaper, strict=True)
    ]
    alone = (rows["p_value"] <= gate.alpha) & (rows["difference"] > 0)
    return bool((rows["difference"] > 0).any()), bool(alone.any()), any(passed)
