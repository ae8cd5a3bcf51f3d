"""What a live cache decided, and the same decisions made again from its log."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.core.show import Shown
from workbench.errors import InputError
from workbench.semantic.guard import Guard, admission
from workbench.semantic.index import SLACK, cosines
from workbench.semantic.live import HERE, settings_of
from workbench.semantic.neighbors import Neighbors, compressed, neighbors
from workbench.semantic.policy import CachePolicy
from workbench.semantic.replay import replay
from workbench.store.answers import DECISION_COLUMNS, Answers

__all__ = ["Decisions", "decisions", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions(Shown):
    """What a live cache decided. Made by `decisions`.

    Parameters
    ----------
    rows
        One row a decision, oldest first: `workbench.store.answers.DECISION_COLUMNS`.
    """

    rows: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """One row a decision."""
        return self.rows

    @property
    def requests(self) -> int:
        """How many requests there were."""
        return int((self.rows["kind"] != "landing").sum())

    @property
    def summary(self) -> str:
        """Requests, exact and semantic hits, misses; never cached, and not entered, by reason."""
        rows, n = self.rows, self.requests
        hits = rows[rows["kind"] == "hit"]
        landed = rows[rows["kind"] == "landing"]
        exact = int(hits["exact"].sum())
        rate = f"{len(hits) / n:.1%}" if n else "no rate"
        return (
            f"{n:,} requests: {exact:,} exact hits, {len(hits) - exact:,} semantic hits "
            f"({rate} of all), {(rows['kind'] == 'miss').sum():,} misses; never cached: "
            f"{_counts(rows[rows['kind'] == 'bypass'])}; of {len(landed):,} answers "
            f"{landed['reason'].isna().sum():,} entered, kept out: {_counts(landed)}; "
            f"{rows['expired'].sum():,} entries expired, {rows['evicted'].sum():,} evicted"
        )


def _counts(rows: pd.DataFrame) -> str:
    counts = rows["reason"].value_counts()
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "none"


def decisions(answers: Answers) -> Decisions:
    """Return every decision that is in a store."""
    rows = pd.DataFrame(answers.decisions(), columns=list(DECISION_COLUMNS))
    rows["exact"] = rows["exact"].map({1: True, 0: False}).astype(object)
    rows["reason"] = rows["reason"].astype(object).where(rows["reason"].notna(), None)
    return Decisions(rows=rows.astype({"cosine": "float64", "text_id": "Int64", "source": "Int64"}))


def verify(answers: Answers, policy: CachePolicy) -> pd.DataFrame:
    """Replay a store's log and return the requests that the replay decides otherwise; none, if all is well.

    Parameters
    ----------
    answers
        The store.
    policy
        Under which all of it was decided.

    Returns
    -------
    table
        Columns seq, source, cosine, exact as decided, and ``replayed_`` before each as replayed; missing
        values: no hit.

    Raises
    ------
    InputError
        Where a part of the log was decided under another policy.
    """
    rows = decisions(answers).rows
    if not set(rows["settings"]) <= {settings_of(policy)}:
        raise InputError(
            f"semantic cache {answers.path}",
            f"its decisions were made under {rows['settings'].nunique()} policies, or not under this one",
            f"The last: {json.loads(rows['settings'].iloc[-1])}. Start a new store where a policy changes.",
        )
    # What was kept out changed nothing; an answer found to be there already must be found so again.
    rows = rows[(rows["kind"] != "landing") | rows["reason"].isna() | (rows["reason"] == HERE)]
    rows = rows.reset_index(drop=True)
    again = _replayed(answers, rows, policy)
    as_decided = rows.loc[rows["kind"] == "hit", ["seq", "source", "cosine", "exact"]]
    both = as_decided.merge(again, on="seq", how="outer", suffixes=("", "_again"))
    names = ("source", "cosine", "exact")
    differs = pd.Series(False, index=both.index)
    for name in names:
        one, other = both[name].astype(object), both[f"{name}_again"].astype(object)
        differs |= ~((one == other).fillna(False).astype(bool))
    return both[differs].rename(columns={f"{name}_again": f"replayed_{name}" for name in names})


def _replayed(answers: Answers, rows: pd.DataFrame, policy: CachePolicy) -> pd.DataFrame:
    """Return seq, source, cosine, exact of every hit of the replay."""
    asked = rows["kind"] != "bypass"
    keys = pd.MultiIndex.from_frame(rows.loc[asked, ["partition", "text_id"]])
    codes, nodes = pd.factorize(keys)
    node = np.zeros(len(rows), dtype=np.int64)
    node[asked] = codes
    known = answers.texts()
    texts = [known[int(text)][0] for _, text in nodes]
    vectors = np.array([known[int(text)][1] for _, text in nodes], dtype=np.float32)
    groups, _ = pd.factorize(pd.Index([partition for partition, _ in nodes]))
    assert policy.threshold is not None
    near = _near(vectors, groups, policy.threshold)
    guard: Guard | None = policy.guard
    hits = replay(
        near,
        node,
        rows["at_s"].to_numpy(),
        [policy.threshold],
        policy,
        cacheable=asked,
        storable=np.zeros(len(rows), dtype=bool),
        landed=rows["kind"] == "landing",
        admit=None if guard is None else admission(guard, texts),
    ).hits(policy.threshold)
    seq = rows["seq"].to_numpy()
    return hits.assign(seq=seq[hits["request"]], source=seq[hits["source"]]).drop(columns="request")


def _near(vectors: np.ndarray, groups: np.ndarray, threshold: float) -> Neighbors:
    """Return the neighbors with the cosines that the live cache sees."""
    if not len(vectors):
        return Neighbors(
            floor=threshold, starts=np.zeros(1, np.int64), others=np.zeros(0, np.int32),
            cosines=np.zeros(0, np.float32),
        )  # fmt: skip
    rough = neighbors(vectors, groups, floor=threshold - SLACK)
    low = np.repeat(np.arange(len(rough), dtype=np.int32), np.diff(rough.starts))
    once = low > rough.others
    low, high = low[once], rough.others[once]
    exact = cosines(vectors[low], vectors[high])
    starts, others, near = compressed(len(rough), [low], [high], [exact])
    return Neighbors(floor=rough.floor, starts=starts, others=others, cosines=near)
