"""Three-valued truth, the ceiling, and the curve that counts them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.errors import InputError
from workbench.semantic.curve import CURVE_COLUMNS, cache_curve
from workbench.semantic.neighbors import Neighbors, neighbors
from workbench.semantic.policy import CachePolicy
from workbench.semantic.replay import Replay, replay
from workbench.semantic.traffic import Traffic
from workbench.semantic.truth import RIGHT, UNKNOWN, WRONG, by_key, by_reply, judged, oracle

# Three nodes on a half circle: 0 and 1 are near (cosine .96), 2 is a little farther from 1 (.90).
ANGLES = np.array([0.0, 0.2838, 0.7348])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)


def log(answers: list[str | None]) -> Traffic:
    """Return a log that asks 0 1 2 0."""
    frame = pd.DataFrame({"at": range(4), "text": ["a", "b", "c", "a"], "key": answers})
    return Traffic.from_frame(frame, answer="key")


def near() -> Neighbors:
    """Return the neighbors of the three texts."""
    return neighbors(VECTORS, floor=0.5)


def done() -> Replay:
    """Return the replay of 0 1 2 0 at .95 and .99."""
    return replay(near(), [0, 1, 2, 0], range(4), [0.95, 0.99])


def test_by_key_right_wrong_or_unknown() -> None:
    """Equal keys, different keys, or one that is not known; the same text is no exception."""
    found = done()
    assert list(zip(found.request, found.source, strict=True)) == [(1, 0), (3, 0)]
    assert by_key(found, ["x", "x", "y", "x"]).tolist() == [RIGHT, RIGHT]
    assert by_key(found, ["x", "z", "y", "w"]).tolist() == [WRONG, WRONG]
    assert by_key(found, [None, "x", "y", np.nan]).tolist() == [UNKNOWN, UNKNOWN]


def test_by_reply_asks_a_scorer_once_a_pair() -> None:
    """The cached answer against the new case's expectation."""
    asked: list[tuple[int, int]] = []

    def score(request: int, source: int) -> bool | None:
        asked.append((request, source))
        return {1: True, 3: None}[request]

    assert by_reply(done(), score).tolist() == [RIGHT, UNKNOWN]
    assert sorted(asked) == [(1, 0), (3, 0)]


def test_judged_fills_in_only_what_was_unknown() -> None:
    """A key is worth more than a judge."""
    truth = by_key(done(), ["x", "y", "z", None])
    assert judged(done(), truth, {(1, 0): True, (3, 0): False}).tolist() == [WRONG, WRONG]


def test_the_ceiling_counts_known_answers_that_came_before() -> None:
    """Within a partition, in the order of the log, cacheable requests only."""
    answers = ["x", "x", None, "x", "y", "y"]
    groups, may = [0, 0, 0, 1, 0, 0], [True, True, True, True, True, False]
    assert oracle(answers, groups, may) == 1 / 6
    assert oracle(answers, [0] * 6, [True] * 6) == 3 / 6
    assert oracle(answers, [0] * 6, [True] * 6, order=[5, 4, 3, 2, 1, 0]) == 3 / 6


def test_the_curve_counts_and_bounds() -> None:
    """Rates of all requests; wrong as an interval where truth is not known; floor and ceiling beside them."""
    curve = cache_curve(log(["x", "y", None, "x"]), near(), [0.85, 0.95, 0.99], permutations=5)
    assert tuple(curve.frame.columns) == CURVE_COLUMNS
    first = curve.frame.iloc[0]
    # At .85: 1 is served by 0 (wrong), 2 is too far from 0 and 1 was never stored, the second 0 is served.
    assert (first["exact_hits"], first["semantic_hits"], first["wrong"], first["unknown"]) == (1, 1, 1, 0)
    assert (first["hit_rate"], first["wrong_of_all"], first["wrong_of_hits"]) == (0.5, 0.25, 0.5)
    assert first["hit_rate_low"] <= first["hit_rate_high"]
    assert (curve.floor, curve.ceiling) == (0.25, 0.25)
    assert "word-for-word repeats 25.0%" in curve.summary
    pairs = curve.pairs(0.95, log(["x", "y", None, "x"]))
    assert pairs[["text", "served_text", "truth"]].to_numpy().tolist() == [
        ["b", "a", "wrong"],
        ["a", "a", "right"],
    ]


def test_insert_always_lets_an_answer_wander() -> None:
    """Stored under every text it was given to, it serves texts the first one is far from."""
    curve = cache_curve(log(["x", "y", "z", "x"]), near(), [0.85], CachePolicy(insert="always"))
    assert curve.frame["semantic_hits"].tolist() == [2]
    assert curve.pairs(0.85, log(["x", "y", "z", "x"]))["served_text"].tolist() == ["a", "a", "a"]


def test_the_guard_of_the_policy_reads_the_texts_of_the_log() -> None:
    """Nobody is served with another text that it refuses; the very same text still serves."""

    class Nobody:
        def reason(self, request_text: str, cached_text: str) -> str | None:
            return f"{request_text} is not {cached_text}"

    plain = cache_curve(log(["x", "y", "z", "x"]), near(), [0.85])
    guarded = cache_curve(
        log(["x", "y", "z", "x"]), near(), [0.85], CachePolicy(guard=Nobody()), permutations=1
    )
    assert plain.frame[["exact_hits", "semantic_hits"]].to_numpy().tolist() == [[1, 1]]
    assert guarded.frame[["exact_hits", "semantic_hits", "wrong"]].to_numpy().tolist() == [[1, 0, 0]]


def test_neighbors_of_other_texts_are_refused() -> None:
    """Their numbers would mean nothing."""
    with pytest.raises(InputError, match="2 texts"):
        cache_curve(log(["x"] * 4), neighbors(VECTORS[:2], floor=0.5), [0.9])
