"""`bench.cache_study`: rates from a log and nothing else, a curve for each arm, the boilerplate shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.bench import world
from workbench.bench.cache_study import cache_study
from workbench.errors import InputError
from workbench.semantic.traffic import Traffic

LEVELS = [0.6, 0.7, 0.8, 0.9, 0.99]


class Words:
    """Embeds a text by its first words, as a model does that reads so many tokens and no more."""

    def __init__(self, most: int = 6) -> None:
        self.most = most
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a sum of one direction a word."""
        self.asked += texts
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().split()[: self.most]:
                row += np.random.default_rng(crc32(word.encode())).normal(size=64).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def log() -> Traffic:
    """Return a log in which some ask the same again, some in other words, and some nearly the same."""
    asked = [
        ("How do I pay by card", "pay"),
        ("How do I pay by card please", "pay"),
        ("How do I pay by invoice", "invoice"),
        ("Opening hours", "hours"),
        ("Opening hours", "hours"),
        ("Where is my parcel now", "parcel"),
        ("What are the opening hours", "hours"),
        ("Do you ship to islands", "ship"),
    ]
    frame = pd.DataFrame(asked * 3, columns=["text", "answer"])
    return Traffic.from_frame(frame.assign(at=range(len(frame))), answer="answer", name="desk")


def test_without_a_log_there_is_no_curve(url: str, store: str, tmp_path: Path) -> None:
    """Neither nothing nor the cases of a study are a log."""
    bench = world.bench(tmp_path, url, store=store, study="no-log")
    for none in (None, world.parts()[1]):
        with pytest.raises(InputError, match="no cache curve without a traffic log"):
            cache_study(bench, none)  # type: ignore[arg-type]
    bench.close()


def test_the_log_alone(url: str, store: str, tmp_path: Path) -> None:
    """Each text is embedded once; the curve, its floor and ceiling and the choice are there, no arms."""
    bench = world.bench(tmp_path, url, store=store, study="log-alone")
    words = Words()
    found = cache_study(bench, log(), thresholds=LEVELS, permutations=3, embedder=words)
    assert sorted(words.asked) == sorted(log().texts)
    assert found.frame["threshold"].tolist() == LEVELS
    assert found.curve.floor < found.frame["hit_rate"].iloc[0] <= 1
    assert found.curve.ceiling > found.curve.floor
    assert found.economics is None
    assert "what a hit saves is not said" in found.summary
    assert "Rates are of all requests of the log" in found.summary
    bench.close()


def test_every_arm_is_a_curve(url: str, store: str, tmp_path: Path) -> None:
    """Arms share the curve unless one fails more often; the rendered prompt is shown to be unsafe."""
    bench = world.bench(tmp_path, url, store=store, study="arms-curve")
    result = bench.compare(bench.run(world.plan(bench), show=False))
    found = cache_study(bench, log(), result, thresholds=LEVELS, permutations=2, budget=0.3, embedder=Words())
    assert set(found.frame["arm"]) == set(result.arms["arm"])
    assert all(curve is found.curve for curve in found.curves.values())
    assert found.economics is not None
    assert len(found.at()) == len(result.arms)
    rendered = found.rendered.set_index(["variant", "embedded"])
    # All prompts begin alike, so by their first words all are one.
    assert rendered.loc[("terse", "rendered prompt"), "cosine_median"] == pytest.approx(1)
    assert rendered.loc[("terse", "rendered prompt"), "wrong_of_all"] > 0.5
    assert rendered.loc[("terse", "text"), "wrong_of_all"] < rendered["wrong_of_all"].loc["terse"].iloc[1]
    assert "If the rendered prompt of terse were embedded: unsafe" in found.summary
    failing = replace(result, arms=result.arms.assign(error_share=[0.0, 0.5]))
    other = cache_study(
        bench, log(), failing, thresholds=LEVELS, permutations=0, rendered=0, embedder=Words()
    )
    kept, lost = (other.curves[arm].table["hit_rate"] for arm in result.arms["arm"])
    assert (lost <= kept).all()
    assert (lost < kept).any()
    bench.close()


def test_a_prompt_that_needs_more_than_the_log_has_is_named(url: str, store: str, tmp_path: Path) -> None:
    """It is not rendered, and the reason stands in its row."""
    bench = world.bench(tmp_path, url, store=store, study="needs-more")
    result = bench.compare(bench.run(world.plan(bench), show=False))
    found = cache_study(bench, log(), result, text="question", thresholds=LEVELS, embedder=Words())
    row = found.rendered.iloc[1]
    assert np.isnan(row["hit_rate"])
    assert row["reason"] == "it needs text, which the log does not have"
    assert "was not embedded as rendered" in found.summary
    bench.close()
