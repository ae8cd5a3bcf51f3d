"""The replay: GPTCache's protocol and decisions, what cheap approximations get wrong, and how it scales."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

from tests.evidence.ledger import QUICK, Ledger
from tests.evidence.questions import ROOT, data_folder, mock_pairs, question_texts, stream, vectors_of
from workbench.semantic.approximate import approximate_neighbors
from workbench.semantic.neighbors import BLOCK, neighbors
from workbench.semantic.policy import CachePolicy
from workbench.semantic.replay import Replay, replay

__all__ = ["replays"]

PUBLISHED = {0.6: (914, 82, 3), 0.8: (888, 72, 39), 0.9: (715, 43, 241)}
"""Right, wrong, miss by cosine, of the very pairs and model, by the data's README."""

STREAM = 300 if QUICK else 8_000
LARGE = 0 if QUICK else 64_000
VERY_LARGE = 0 if QUICK else 300_000
SWEEP = np.linspace(0.7, 0.99, 50)


def replays(ledger: Ledger) -> None:
    """Add the rows on the replay."""
    folder = data_folder("qqp_gptcache")
    if folder is None:
        print("  skipped: the recorded questions are not on this machine (set WORKBENCH_DATA)")
        return
    _protocol(ledger, folder)
    texts, _ = stream(folder, STREAM)
    vectors = vectors_of(texts)
    _gptcache(ledger, vectors)
    _approximations(ledger, vectors)
    _scale(ledger, folder, vectors)


def _protocol(ledger: Ledger, folder: Path) -> None:
    origins, asked = mock_pairs(folder)
    if QUICK:
        origins, asked = origins[:80], asked[:80]
    texts = list(dict.fromkeys(origins + asked))
    nodes = [texts.index(text) for text in origins + asked]
    n = len(origins)
    near = neighbors(vectors_of(texts), floor=0.6)
    done = replay(
        near, nodes, np.arange(2 * n), sorted(PUBLISHED),
        cacheable=[False] * n + [True] * n, storable=[False] * 2 * n, warm=range(n),
    )  # fmt: skip
    for cosine, published in PUBLISHED.items():
        hits = done.hits(cosine)
        right = int((hits["request"] - n == hits["source"]).sum())
        figure = (right, len(hits) - right, n - len(hits))
        name = f"GPTCache's protocol, {n} imported, {n} asked, cosine {cosine:.2f}: right, wrong, miss"
        if QUICK:
            ledger.exact(f"{name} (sum)", sum(figure), n)
        else:
            ledger.exact(name, figure, published)


def _environment() -> Path | None:
    """Return the interpreter of an environment with GPTCache in it; None where it cannot be had."""
    place = ROOT / ".workbench" / "gptcache"
    python = place / "bin" / "python"
    if not (place / "installed").exists():
        venv.create(place, with_pip=True, clear=True)
        wanted = ["gptcache==0.1.44", "faiss-cpu==1.15.1", "numpy", "sqlalchemy<2.1", "setuptools<81"]
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", *wanted], check=False, capture_output=True
        )
        if done.returncode:
            return None
        (place / "installed").touch()
    return python


def _gptcache(ledger: Ledger, vectors: np.ndarray) -> None:
    python = (
        None if QUICK and not (ROOT / ".workbench" / "gptcache" / "installed").exists() else _environment()
    )
    if python is None:
        print("  skipped: GPTCache is not there (the full version installs it into .workbench/gptcache)")
        return
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/vectors.npy", vectors)
        script = Path(__file__).with_name("gptcache_replay.py")
        done = subprocess.run(
            [python, script, f"{folder}/vectors.npy", "0.85", folder],
            env={**os.environ, "PYTHONPATH": ""}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        ledger.exact("GPTCache ran", done.stderr[-300:], "it did", False)
        return
    theirs = json.loads(done.stdout.splitlines()[-1])
    began = time.perf_counter()
    near = neighbors(vectors, floor=0.7)
    graph_s = time.perf_counter() - began
    began = time.perf_counter()
    ours = replay(near, np.arange(len(vectors)), np.arange(len(vectors)), [0.85]).hits(0.85)
    one_s = graph_s + time.perf_counter() - began
    began = time.perf_counter()
    replay(near, np.arange(len(vectors)), np.arange(len(vectors)), SWEEP)
    sweep_s = graph_s + time.perf_counter() - began
    pairs = sorted(zip(ours["request"].tolist(), ours["source"].tolist(), strict=True))
    ledger.exact(
        f"{len(vectors):,} questions at cosine .85: requests served by the same entry as in GPTCache 0.1.44",
        len(set(pairs) & {tuple(each) for each in theirs["served"]}),
        len(theirs["served"]),
        pairs == sorted(tuple(each) for each in theirs["served"]) and bool(pairs),
    )
    ratio, swept = theirs["seconds"] / one_s, 50 * theirs["seconds"] / sweep_s
    ledger.timing(
        "  times as fast as GPTCache, vectors given: one threshold; 50 thresholds",
        f"{ratio:.0f}; {swept:,.0f} ({theirs['seconds']:.1f} s, {one_s:.2f} s, {sweep_s:.2f} s for 50)",
        "at least 40; more",
        ratio >= 40 and swept > ratio,
    )


def _nearest_earlier(vectors: np.ndarray, near_starts: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the nearest earlier request of each, -1 without one: all that a cheap pass would keep."""
    out = np.full(len(vectors), -1)
    for i in range(len(vectors)):
        earlier = others[near_starts[i] : near_starts[i + 1]]
        earlier = earlier[earlier < i]
        if len(earlier):
            out[i] = earlier[0]
    return out


def _approximations(ledger: Ledger, vectors: np.ndarray) -> None:
    """Compare the replay with two passes that need none; their errors are shown, nobody uses them."""
    n, level = len(vectors), 0.8
    near = neighbors(vectors, floor=0.7)
    exact = replay(near, np.arange(n), np.arange(n), [level])
    hits = set(exact.hits(level)["request"].tolist())
    nearest = _nearest_earlier(vectors, near.starts, near.others)
    cosine = np.einsum("ij,ij->i", vectors, vectors[nearest])
    stored = np.zeros(n, dtype=bool)
    only = set()
    for i in range(n):
        # Served only where the nearest earlier request itself was stored.
        if nearest[i] >= 0 and stored[nearest[i]] and cosine[i] >= level:
            only.add(i)
        else:
            stored[i] = True
    everything = {i for i in range(n) if nearest[i] >= 0 and cosine[i] >= level}
    always = replay(near, np.arange(n), np.arange(n), [level], CachePolicy(insert="always"))
    ledger.exact(
        "insert-always by one comparison each (the nearest earlier request): other decisions than its replay",
        len(everything ^ set(always.hits(level)["request"].tolist())),
        0,
    )
    for name, found in (
        ("only the nearest earlier request", only),
        ("insert-always for on-miss", everything),
    ):
        ledger.timing(
            f"cheap approximation '{name}' at cosine {level:g}: hit rate against the replay's",
            f"{len(found) / n:.2%} against {len(hits) / n:.2%} "
            f"({len(found ^ hits):,} of {n:,} decided otherwise)",
            "shown",
            True,
        )


def _scale(ledger: Ledger, folder: Path, vectors: np.ndarray) -> None:
    if LARGE:
        vectors = vectors_of(question_texts(folder, LARGE))
    began = time.perf_counter()
    near = neighbors(vectors, floor=0.7)
    graph_s = time.perf_counter() - began
    began = time.perf_counter()
    done = replay(near, np.arange(len(vectors)), np.arange(len(vectors)), SWEEP)
    replay_s = time.perf_counter() - began
    bare_s = _bare(vectors)
    ledger.timing(
        f"{len(vectors):,} unique prompts, exact: neighbors; replay of 50 thresholds",
        f"{graph_s:.1f} s ({near.pairs:,} pairs; {graph_s / bare_s:.2f} × the bare product); "
        f"{replay_s:.2f} s ({_range(done)})",
        "60 s; 3 s",
        graph_s <= 60 and replay_s <= 3,
    )
    if VERY_LARGE:
        _very_large(ledger, vectors)


def _range(done: Replay) -> str:
    rates = done.frame["hit_rate"]
    return f"hit rate {rates.iloc[-1]:.1%} to {rates.iloc[0]:.1%}"


def _bare(vectors: np.ndarray) -> float:
    began = time.perf_counter()
    for a in range(0, len(vectors), BLOCK):
        for b in range(0, a + 1, BLOCK):
            vectors[a : a + BLOCK] @ vectors[b : b + BLOCK].T
    return time.perf_counter() - began


def _very_large(ledger: Ledger, vectors: np.ndarray) -> None:
    """Questions there are not so many: each is repeated with noise of its own, as paraphrases would be."""
    rng = np.random.default_rng(1)
    times = -(-VERY_LARGE // len(vectors))
    large = np.concatenate([vectors] * times)[:VERY_LARGE]
    large += (0.35 / np.sqrt(large.shape[1])) * rng.standard_normal(large.shape, dtype=np.float32)
    large /= np.linalg.norm(large, axis=1, keepdims=True)
    began = time.perf_counter()
    near = approximate_neighbors(large, floor=0.8)
    graph_s = time.perf_counter() - began
    began = time.perf_counter()
    replay(near, rng.permutation(len(large)), np.arange(len(large)), np.linspace(0.8, 0.99, 50))
    replay_s = time.perf_counter() - began
    ledger.timing(
        f"{len(large):,} prompts (questions with noise), approximate: neighbors; replay of 50 thresholds",
        f"{graph_s:.0f} s ({near.pairs:,} pairs, measured recall {near.recall or 1:.4f}); {replay_s:.1f} s",
        "printed, with the recall",
        near.recall is not None,
    )
