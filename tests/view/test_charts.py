"""The charts: what they say, when they cannot be drawn, and that they need no network."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from tests.view.world import PAYLOADS, trials, world
from workbench.analyze.compare import compare
from workbench.view import charts, theme


@pytest.fixture(scope="module")
def study():
    """A study, made once."""
    return world()


def _texts(svg: str) -> str:
    return " ".join(text.strip() for text in ET.fromstring(svg).itertext() if text.strip())


def test_quality_cost_names_axes_units_denominators_and_the_incumbent(study):
    """What a reader needs stands in the picture itself."""
    text = _texts(charts.svg(charts.quality_cost(study.comparison)))
    for words in (
        "Cost (USD per 1,000 requests)",
        "Quality: exact (mean, %)",
        "95 % intervals",
        "120 attempted, 120 answered, 120 scored",
        "terse (incumbent)",
        "few-shot",
        "place on the front",
    ):
        assert words in text


def test_the_arm_to_promote_is_marked_by_shape_and_word(study):
    """A decision's arm is recognizable whatever its place on the front; without a decision none is marked."""
    chosen = "few-shot@offline/minilm"
    marked = charts.svg(charts.quality_cost(study.comparison, chosen))
    plain = charts.svg(charts.quality_cost(study.comparison))
    assert "few-shot (to promote)" in _texts(marked)
    assert "triangle: to promote" in _texts(marked)
    assert marked.count(f'stroke="{theme.INK}"') == plain.count(f'stroke="{theme.INK}"') + 1
    assert "to promote" not in _texts(plain)


def test_an_arm_without_a_price_is_named_not_placed_at_zero(study):
    """Unknown cost: the subtitle names the arm; without any price there are words instead of a picture."""
    frame = study.frame.copy()
    frame.loc[frame["variant"] == "chain", "cost_usd"] = np.nan
    some = compare(frame, "exact", study.comparison.incumbent, 0.02)
    assert "chain@offline/minilm (price unknown)" in _texts(charts.svg(charts.quality_cost(some)))
    frame["cost_usd"] = np.nan
    none = compare(frame, "exact", study.comparison.incumbent, 0.02)
    assert "No arm has both a known price and a score" in _texts(charts.svg(charts.quality_cost(none)))


def test_costs_far_apart_are_drawn_logarithmically(study):
    """Where the dearest costs twenty times the cheapest, the axis says that it is logarithmic."""
    frame = study.frame.copy()
    frame.loc[frame["variant"] == "chain", "cost_usd"] *= 100
    chart = charts.quality_cost(compare(frame, "exact", study.comparison.incumbent, 0.02))
    assert "logarithmic" in _texts(charts.svg(chart))


def test_free_arms_can_be_drawn(study):
    """A declared price of zero is a cost like any other."""
    frame = study.frame.assign(cost_usd=0.0)
    chart = charts.quality_cost(compare(frame, "exact", study.comparison.incumbent, 0.02))
    assert "few-shot" in _texts(charts.svg(chart))


def test_differences_show_margin_interval_verdict_and_cases(study):
    """Each challenger has its figures in words beside its interval."""
    text = _texts(charts.svg(charts.differences(study.comparison)))
    for words in ("margin", "60 cases", "percentage points", "hold for all challengers", "incumbent: terse"):
        assert words in text
    row = study.comparison.differences.iloc[0]
    assert f"{100 * row['difference']:+.1f} points (95 %" in text


def test_without_a_challenger_the_forest_says_so(study):
    """One arm: words, not an empty panel."""
    alone = compare(trials(("terse",)), "exact", study.comparison.incumbent, 0.02)
    assert "Only the incumbent ran" in _texts(charts.svg(charts.differences(alone)))
    assert "terse (incumbent)" in _texts(charts.svg(charts.quality_cost(alone)))


def test_a_score_outside_zero_to_one_is_not_called_percent(study):
    """A score from 1 to 5 keeps its own unit."""
    frame = study.frame.assign(score_exact=1 + 4 * study.frame["score_exact"])
    comparison = compare(frame, "exact", study.comparison.incumbent, 0.1)
    assert "(mean)" in _texts(charts.svg(charts.quality_cost(comparison)))
    assert "in its own unit" in _texts(charts.svg(charts.differences(comparison)))


def test_latency_counts_what_it_draws_and_marks_percentiles(study):
    """Failed calls are left out and counted; p50, p95 and p99 are marked."""
    text = _texts(charts.svg(charts.latency(trials(fail=0.2))))
    assert "of 360 trials" in text
    assert all(mark in text for mark in ("p50", "p95", "p99", "Latency, batch calls"))


def test_latency_has_a_panel_for_each_class(study):
    """Interactive and batch calls are not mixed."""
    both = pd.concat(
        [study.frame, study.frame.assign(workload="interactive", repeat=study.frame["repeat"] + 2)]
    )
    text = _texts(charts.svg(charts.latency(both)))
    assert "Latency, interactive calls" in text
    assert "Latency, batch calls" in text


def test_latency_of_many_calls_is_thinned_and_says_so():
    """12,000 calls: at most 5,000 points, the rule on the chart, the ends of each curve kept."""
    frame = trials(("terse", "few-shot", "chain"), cases=2000)
    spec = charts.latency(frame).to_dict()
    rows = [row for values in spec["datasets"].values() for row in values if "seconds" in row]
    assert 1_000 < len(rows) <= 5_000 + 9
    assert "evenly spaced" in str(spec["title"])
    drawn = [row["seconds"] for row in rows if row.get("arm", "").startswith("terse") and "mark" not in row]
    own = frame.loc[frame["variant"] == "terse", "latency_s"]
    assert min(drawn) == own.min()
    assert max(drawn) == own.max()


def test_without_latency_there_are_words(study):
    """Nothing answered: the chart says why it is empty."""
    text = _texts(charts.svg(charts.latency(study.frame.assign(status="error"))))
    assert "No call has a latency of its own" in text


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_hostile_name_stays_text_in_the_picture(study, payload):
    """The SVG is well-formed and holds no script, no handler, no address, whatever an arm is called."""
    renamed = dataclasses.replace(
        study.comparison,
        arms=study.comparison.arms.replace({"chain": payload, "chain@offline/minilm": payload}),
        differences=study.comparison.differences.replace({"chain@offline/minilm": payload}),
    )
    for draw in (charts.quality_cost, charts.differences):
        root = ET.fromstring(charts.svg(draw(renamed)))
        for node in root.iter():
            assert node.tag.split("}")[-1] in (
                "svg",
                "g",
                "path",
                "rect",
                "text",
                "tspan",
                "line",
                "defs",
                "clipPath",
            )
            assert not any(name.lower().startswith("on") or "href" in name for name in node.attrib)


def test_data_from_an_address_is_refused():
    """A chart that would fetch its data cannot be rendered here."""
    import altair as alt

    with pytest.raises(ValueError, match="not allowed"):
        charts.svg(alt.Chart("http://attacker.invalid/a.csv").mark_point())


def _luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_have_contrast_on_their_ground():
    """WCAG AA (4.5 to 1): white on every tone of a pill, the chart's text colors on white."""
    from workbench.view.fragments import TONES

    for ground in TONES.values():
        assert 1.05 / (_luminance(ground) + 0.05) >= 4.5, ground
    for ink in (theme.INK, theme.SOFT):
        assert 1.05 / (_luminance(ink) + 0.05) >= 4.5, ink


def test_the_palette_has_no_color_twice():
    """Eight colors, all different, for arms, places and verdicts."""
    assert len(set(theme.PALETTE)) == len(theme.PALETTE) == 8
    for mapping in (theme.FRONT_COLORS, theme.VERDICT_COLORS):
        assert len(set(mapping.values())) == len(mapping)
