"""The cache curve: by threshold, who is served, and how many of them wrongly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.semantic import truth as truths
from workbench.semantic.guard import admission
from workbench.semantic.policy import CachePolicy
from workbench.semantic.replay import Replay, replay

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from workbench.semantic.neighbors import Neighbors
    from workbench.semantic.traffic import Traffic

__all__ = ["CURVE_COLUMNS", "THRESHOLDS", "CacheCurve", "cache_curve"]

THRESHOLDS = tuple(float(level) for level in np.round(np.linspace(0.70, 0.995, 60), 4))
"""The default sweep, in raw cosine."""

CURVE_COLUMNS = (
    "threshold",
    "requests",
    "uncacheable",
    "exact_hits",
    "semantic_hits",
    "hit_rate",
    "hit_rate_low",
    "hit_rate_high",
    "right",
    "wrong",
    "unknown",
    "wrong_of_all",
    "wrong_of_all_high",
    "wrong_of_hits",
    "wrong_of_hits_high",
    "order_low",
    "order_high",
)
"""Columns of a curve. Rates are of all requests unless named otherwise. `hit_rate_low` and `_high` are its
range over seeded permutations of the log (NaN without); `wrong_of_all` counts what is known to be wrong,
`wrong_of_all_high` also what is not known; `order_low` and `_high` are the range of `wrong_of_all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheCurve(Shown):
    """What a semantic cache would have done with a log, by threshold. Made by `cache_curve`.

    The hit rate belongs to the log and to what is embedded, not to a prompt variant.

    Parameters
    ----------
    log
        Name of the log.
    policy
        Of the cache.
    table
        One row a threshold: `CURVE_COLUMNS`.
    ceiling
        Share of all requests that a cache without error could serve; NaN where no answer is known.
    floor
        Share of all requests that repeat an earlier text word for word.
    permutations
        How many other orders of the log were replayed.
    replay
        The replay in the log's own order.
    truth
        Shape (events,): of each of its events.
    """

    log: str
    policy: CachePolicy
    table: pd.DataFrame
    ceiling: float
    floor: float
    permutations: int
    replay: Replay = field(repr=False)
    truth: NDArray[np.int8] = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """One row a threshold."""
        return self.table

    @property
    def summary(self) -> str:
        """What the rates mean, the floor and the ceiling, and three rows of the sweep."""
        rows = self.table.iloc[[0, len(self.table) // 2, -1]].to_dict("records")
        n = self.replay.requests
        lines = [
            f"{self.log}: {n:,} requests, {self.replay.bypassed:,} never cached; rates are of all requests",
            f"word-for-word repeats {self.floor:.1%}, a cache without error {self.ceiling:.1%}",
            *(
                f"cosine {row['threshold']:g}: {row['hit_rate']:.1%} served, {row['wrong_of_all']:.2%} "
                f"wrongly ({row['wrong_of_hits']:.1%} of those served), {row['unknown']:,} not known"
                for row in rows
            ),
        ]
        return "\n".join(lines)

    def pairs(self, threshold: float, traffic: Traffic) -> pd.DataFrame:
        """Return who was served by whom at one of the thresholds, with both texts and the truth."""
        hits = self.replay.hits(threshold)
        known = pd.Series(
            self.truth,
            index=pd.MultiIndex.from_arrays([self.replay.request, self.replay.source]),
        )
        known = known[~known.index.duplicated()]
        text = traffic.rows["text"].to_numpy()
        words = {truths.RIGHT: "right", truths.WRONG: "wrong", truths.UNKNOWN: "unknown"}
        return hits.assign(
            text=text[hits["request"]],
            served_text=text[hits["source"]],
            truth=[words[int(known[pair])] for pair in zip(hits["request"], hits["source"], strict=True)],
        )


def cache_curve(
    traffic: Traffic,
    near: Neighbors,
    thresholds: Sequence[float] = THRESHOLDS,
    policy: CachePolicy | None = None,
    *,
    storable: NDArray[np.bool_] | None = None,
    judge: Callable[[Replay], NDArray[np.int8]] | None = None,
    permutations: int = 0,
    seed: int = 1,
) -> CacheCurve:
    """Replay a log for every threshold, in its own order and in seeded permutations of it.

    Parameters
    ----------
    traffic
        The log.
    near
        The neighbors of its nodes.
    thresholds, policy, storable
        As `replay` takes them; the policy's guard reads the log's texts.
    judge
        Gives the truth of a replay's events; None: by the log's answer keys.
    permutations
        How many other orders; times stay, so that a time to live meets the same traffic.

    Raises
    ------
    InputError
        Where `near` was made of other texts.
    """
    _check(near, traffic)
    rule = policy or CachePolicy()
    rows, cacheable = traffic.rows, traffic.cacheable
    answers = rows["answer"].to_numpy()
    admit = None if rule.guard is None else admission(rule.guard, traffic.texts)
    verdict = judge or (lambda done: truths.by_key(done, answers))

    def once(order: NDArray[np.int64] | None) -> Replay:
        return replay(
            near, traffic.nodes, rows["at_s"], thresholds, rule,
            cacheable=cacheable, storable=storable, order=order, admit=admit,
        )  # fmt: skip

    own = once(None)
    truth = verdict(own)
    rng = np.random.default_rng(seed)
    others = [once(rng.permutation(len(traffic))) for _ in range(permutations)]
    wrongs = [each.counts(verdict(each) == truths.WRONG) / len(traffic) for each in others]
    rates = [each.frame["hit_rate"].to_numpy() for each in others]
    table = _table(own, truth)
    table["hit_rate_low"], table["hit_rate_high"] = _range(rates)
    table["order_low"], table["order_high"] = _range(wrongs)
    return CacheCurve(
        log=traffic.name,
        policy=rule,
        table=table[list(CURVE_COLUMNS)],
        ceiling=truths.oracle(answers, traffic.partitions[traffic.nodes], cacheable),
        floor=traffic.repeated,
        permutations=permutations,
        replay=own,
        truth=truth,
    )


def _check(near: Neighbors, traffic: Traffic) -> None:
    if len(near) != len(traffic.texts):
        raise InputError(
            f"cache curve of {traffic.name}",
            f"the neighbors are of {len(near)} texts, the log has {len(traffic.texts)}",
            "Compute the neighbors of the log's own `texts` and `partitions`.",
        )


def _table(done: Replay, truth: NDArray[np.int8]) -> pd.DataFrame:
    right, wrong, unknown = (
        done.counts(truth == each) for each in (truths.RIGHT, truths.WRONG, truths.UNKNOWN)
    )
    hits = right + wrong + unknown
    with np.errstate(invalid="ignore"):  # a threshold that serves nobody has no share of wrong answers
        return done.frame.drop(columns="misses").assign(
            right=right,
            wrong=wrong,
            unknown=unknown,
            wrong_of_all=wrong / done.requests,
            wrong_of_all_high=(wrong + unknown) / done.requests,
            wrong_of_hits=wrong / hits,
            wrong_of_hits_high=(wrong + unknown) / hits,
        )


def _range(
    rates: list[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | tuple[float, float]:
    if not rates:
        return float("nan"), float("nan")
    stacked = np.vstack(rates)
    return stacked.min(axis=0), stacked.max(axis=0)
