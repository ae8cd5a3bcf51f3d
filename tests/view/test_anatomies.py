"""The card of a prompt's anatomy: every block with its figures, static, escaped."""

from __future__ import annotations

import dataclasses

import pytest

from tests.analyze.test_anatomy import BLOCKS, FRAME, table
from tests.view.hostile import plain, shown, texts
from tests.view.world import PAYLOADS
from workbench.analyze.anatomy import Anatomy, anatomy
from workbench.analyze.compare import compare
from workbench.view import charts


def told(text: str = "Be kind.", *, confirmed: bool = False) -> Anatomy:
    """Return the anatomy of a prompt whose second block says this."""
    blocks = BLOCKS.assign(text=BLOCKS["text"].mask(BLOCKS["block"] == 2, text))
    rest = table({"whole": 0.1, "w23": 0.1}, first=400)
    again = (rest, compare(rest, "exact", "whole", 0.03)) if confirmed else None
    return anatomy(FRAME, compare(FRAME, "exact", "whole", 0.03), blocks, confirmation=again)


def test_each_block_has_its_verdict_effect_and_price() -> None:
    """Needed, not needed and kept blocks, what they add, tokens and USD; the shortest in the heading."""
    html = plain(shown(told()))
    assert "Shortest that is not worse: w2" in html
    for said in ("needed", "not needed", "kept", "it holds text of the case", "+30.0 points", "$0.0200"):
        assert said in html
    words = texts(charts.anatomy(told()))
    assert "1. Sort" in words
    assert "not needed; 30 tokens, $0.0300 per 1,000" in words
    assert "{{text}}" not in words


def test_a_confirmation_is_told() -> None:
    """All superfluous blocks left out together, judged on other cases."""
    assert "on other cases" in plain(shown(told(confirmed=True)))
    assert "on other cases" not in plain(shown(told()))


def test_unknown_tokens_are_dashes() -> None:
    """A model that counts no tokens: no size, no share saved, no zero."""
    bare = dataclasses.replace(told(), tokens=float("nan"), shortest_tokens=float("nan"))
    html = plain(shown(bare))
    assert "nan" not in html.lower()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_prompts_are_text(payload: str) -> None:
    """A block may hold anything: nothing runs, in the card and the picture."""
    found = told(payload)
    shown(found)
    texts(charts.anatomy(found))
