"""Trial tables in which every name from outside is a payload, for the tests of cards and charts."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html import unescape
from typing import Any

from tests.view.world import trials, unsafe
from workbench.analyze.compare import Comparison, compare
from workbench.core.show import Shown
from workbench.view.cards import renderers
from workbench.view.charts import svg

DRAWN = {"svg", "g", "path", "rect", "text", "tspan", "line", "defs", "clipPath", "title", "desc"}


def compared(payload: str = "", slice_of: str = "") -> Comparison:
    """Return a comparison of three arms, one of them named by the payload; a column ``topic`` makes slices.

    Slices carry `slice_of` in their names.
    """
    names = {"chain@offline/minilm": payload, "chain": payload} if payload else {}
    frame = trials().replace({"arm": names, "variant": names})
    topics = frame["case_id"].map(lambda case: f"{slice_of}{'abc'[int(case[1:]) % 3]}")
    frame = frame.assign(case_topic=topics, output=payload, expected=payload)
    return compare(frame, "exact", "terse@offline/minilm", 0.02)


def shown(result: Shown) -> str:
    """Return a result's card, and hold that it can neither run nor fetch anything."""
    html = renderers()[type(result)](result)
    assert unsafe(html) == []
    assert "<script" not in html.lower()
    return html


def texts(chart: Any) -> str:
    """Return the words of a chart, and hold that its picture holds shapes and words only."""
    root = ET.fromstring(svg(chart))
    for node in root.iter():
        assert node.tag.split("}")[-1] in DRAWN
        assert not any(name.lower().startswith("on") or "href" in name for name in node.attrib)
    return " ".join(text.strip() for text in root.itertext() if text.strip())


def plain(card: str) -> str:
    """Return a card's text as a reader sees it: dollars whole, spaces plain, signs as they are."""
    return unescape(card.replace("<span>$</span>", "$")).replace("\u00a0", " ")
