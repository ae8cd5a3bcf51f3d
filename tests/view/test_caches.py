"""Cards, pictures and explorer of a semantic cache: complete, escaped, and the same without a kernel."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from tests.view.world import PAYLOADS, unsafe, world
from workbench.semantic.curve import cache_curve
from workbench.semantic.economics import cache_economics
from workbench.semantic.neighbors import neighbors
from workbench.semantic.study import CacheStudy, answer_groups
from workbench.semantic.threshold import safe_threshold
from workbench.semantic.traffic import Traffic
from workbench.view.caches import MOST_ROWS, cache_curve_card, cache_study_card, pairs_table, safe_card
from workbench.view.plots.cache import cache_frontier, cache_rates
from workbench.view.plots.canvas import svg
from workbench.view.widgets.explorer import HERE, MOST_STOPS, snapshot, stops, threshold_explorer

ARMS = world().comparison


def study(
    budget: float = 0.2, text: str = "question", *, arms: bool = True, price: bool = True
) -> CacheStudy:
    """Return the study of a made log whose texts begin with a word of the test's."""
    rng = np.random.default_rng(3)
    answers = rng.integers(0, 40, 400)
    raw = rng.normal(size=(40, 6))[answers] + 0.3 * rng.normal(size=(400, 6))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    keys = [None if i % 40 == 0 else f"k{answer}" for i, answer in enumerate(answers)]
    frame = pd.DataFrame({"at": range(400), "text": [f"{text} {i}" for i in range(400)], "key": keys})
    traffic = Traffic.from_frame(frame, answer="key", rules=(), name=f"{text} log")
    near = neighbors(vectors, floor=0.8)
    curve = cache_curve(traffic, near, np.round(np.linspace(0.8, 0.995, 40), 4), permutations=2)
    table = ARMS.arms if price else ARMS.arms.assign(cost_usd_per_1000=np.nan)
    curves = dict.fromkeys(ARMS.arms["arm"], curve) if arms else {}
    rendered = pd.DataFrame(
        [
            {
                "variant": text, "embedded": embedded, "requests": 100, "threshold": 0.9, "hit_rate": 0.5,
                "wrong_of_all": wrong, "wrong_of_hits": wrong, "cosine_median": 0.4, "reason": "",
            }
            for embedded, wrong in (("text", 0.01), ("rendered prompt", 0.9))
        ]
    )  # fmt: skip
    return CacheStudy(
        traffic=traffic,
        curve=curve,
        safe=safe_threshold(curve, answer_groups(traffic), budget),
        embedder="made",
        curves=curves,
        economics=cache_economics(table, curves, wrong_usd=0.01) if arms else None,
        rendered=rendered if arms else rendered.head(0),
        score="exact" if arms else None,
    )


def _texts(picture: str) -> str:
    return " ".join(text.strip() for text in ET.fromstring(picture).itertext() if text.strip())


def test_the_rates_say_denominator_bands_budget_and_choice() -> None:
    """What a reader needs stands in the picture; without a safe threshold that is said."""
    made = study()
    text = _texts(svg(cache_rates(made.curve, made.safe)))
    for words in (
        "Threshold (raw cosine)",
        "Served from the cache (%)",
        "Answered wrongly (%)",
        "shares of all 400 requests, 0 of them never cached",
        "2 other orders",
        "a cache without error",
        "repeated word for word",
        "budget",
        f"safe: {made.safe.threshold:g}",
    ):
        assert words in text
    none = study(0.0001)
    text = _texts(svg(cache_rates(none.curve, none.safe)))
    assert "no threshold is safe for 0.01% wrong" in text
    assert "safe: " not in text


def test_every_arm_is_a_curve_on_the_frontier() -> None:
    """Each arm by name, its axes with units, the threshold whose points are marked."""
    made = study()
    picture = svg(cache_frontier(made))
    text = _texts(picture)
    for arm in ARMS.arms["arm"]:
        assert arm in text
    assert "Cost (USD per 1,000 requests" in text
    assert "Quality: exact (mean, %)" in text
    assert f"at cosine {made.shown_at:g}, the safe threshold" in text
    assert "no arm can be drawn" in _texts(svg(cache_frontier(study(arms=False))))
    assert "No arm has both a known price" in _texts(svg(cache_frontier(study(price=False))))


def test_the_card_has_figures_arms_pairs_and_boilerplate() -> None:
    """All that the study says, the wrong pairs first; without a comparison no arms."""
    made = study()
    html = cache_study_card(made)
    assert f"cosine {made.shown_at:g} is safe" in html
    assert html.count("data:image/svg+xml") == 2
    for words in ("wrong ÷ all", "wrong ÷ hits", "net of wrong answers", "rendered prompt", "90.0\u00a0%"):
        assert words in html
    pairs = pairs_table(made, 0.85)
    known = pairs["truth"].map({"wrong": 0, "unknown": 1, "right": 2})
    assert known.is_monotonic_increasing
    assert (pairs["truth"] == "wrong").any()
    alone = cache_study_card(study(arms=False))
    assert alone.count("data:image/svg+xml") == 1
    assert cache_curve_card(made.curve).count("<tr>") == MOST_ROWS + 1


def test_no_safe_threshold_is_an_answer() -> None:
    """Card and heading say so."""
    none = study(0.0001)
    assert "No safe threshold" in safe_card(none.safe)
    assert "no threshold is safe for 0.01%" in cache_study_card(none)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_requests_are_text(payload: str) -> None:
    """Nothing that a user asked becomes markup, in the card and in the explorer's twin."""
    made = study(text=payload)
    assert unsafe(cache_study_card(made)) == []
    assert unsafe(threshold_explorer(made)._repr_mimebundle_()[0]["text/html"]) == []


def test_the_explorer_carries_every_stop() -> None:
    """Plain JSON, strict ones last, starting where the study shows figures, with the pairs of each."""
    made = study()
    state = json.loads(json.dumps(snapshot(made)))
    assert len(state["stops"]) <= MOST_STOPS + 1
    assert state["stops"][state["start"]]["label"] == f"{made.shown_at:g}"
    labels = [float(stop["label"]) for stop in state["stops"]]
    assert labels == sorted(stops(made))
    names = [name for name, _, _ in state["stops"][0]["numbers"]]
    assert names == ["Served", "Wrong", "Not known", "Wrong of served", "Never cached"]
    arms, pairs = state["stops"][0]["tables"]
    assert len(arms["rows"]) == len(ARMS.arms)
    assert pairs["columns"] == ["truth", "cosine", "asked", "answered as if asked"]


def test_the_page_never_makes_markup_from_text() -> None:
    """The script sets text only and names no address."""
    script = (HERE / "explorer.js").read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http"):
        assert word not in script
