"""What a model writes is text: shown in a real browser, nothing of it runs and nothing is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.safety.payloads import PAYLOADS
from tests.safety.views import control, opened, pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = (
    "cards",
    "table of answers",
    "report",
    "report without its policy",
    "charts, as markup of the page",
    "live monitor",
)


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    """The pages, drawn once."""
    return pages()


def test_the_browser_would_show_it(chromium: Browser) -> None:
    """Taken for markup, most of the payloads do run or fetch something, and the watch sees it."""
    assert len(PAYLOADS) >= 40
    assert control(chromium) >= 40


def test_the_views_are_these(documents: dict[str, str]) -> None:
    """Every kind of view is looked at."""
    assert tuple(documents) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_and_nothing_is_fetched(name: str, chromium: Browser, documents: dict[str, str]) -> None:
    """No dialog, no flag, no request, whatever is clicked and touched; the text itself is there to read."""
    seen = opened(chromium, [(name, documents[name])])
    assert seen.executed == ()
    assert seen.fetched == ()
    assert seen.words > 100 or name.startswith("charts")
