"""The quickstart in a real JupyterLab, in a real browser."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from tests.browser.serving import free_port, serving
from tests.browser.watching import Watch
from workbench.bench.home import Home
from workbench.cli.serve import lab_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
RUNS_WITHIN_S = 300
WIDTH = 1400

ERRORS = '[data-mime-type="application/vnd.jupyter.stderr"]'
"""JupyterLab shows a traceback in the same way as what is written to standard error."""

# The text of a prompt, not what is drawn of it: JupyterLab skips drawing cells out of view.
ENDED = """() => {
    if (document.querySelector('[data-mime-type="application/vnd.jupyter.stderr"]')) return 'stopped';
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')];
    return prompts.length && prompts.every(one => /^\\[\\d+\\]:$/.test(one.textContent.trim())) && 'done';
}"""


def shorten(table: Path) -> None:
    """Keep a part of the tickets: a browser needs no more."""
    part = pd.read_csv(table).head(200)
    table.unlink()
    part.to_csv(table, index=False)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a JupyterLab on a copy of the notebooks and studies, with settings of its own."""
    folder = tmp_path_factory.mktemp("lab")
    for name in ("notebooks", "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shorten(folder / "notebooks" / "tickets.csv")
    port, token = free_port(), secrets.token_hex(16)
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environ |= {"JUPYTER_TOKEN": token, "WORKBENCH_HOME": str(folder), "MLFLOW_TRACKING_URI": ""}
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        environ[f"JUPYTER_{name}"] = str(folder / ".jupyter" / name.lower())
    for name in ("SETTINGS_DIR", "WORKSPACES_DIR"):
        environ[f"JUPYTERLAB_{name}"] = str(folder / ".jupyter" / name.lower())
    command = lab_command(Home.find(folder), port, browser=False)
    address = f"http://127.0.0.1:{port}"
    with serving(command, environ, folder, f"{address}/api/status?token={token}"):
        yield f"{address}/?token={token}"


@pytest.fixture(scope="module")
def opened(lab: str, chromium: Browser) -> tuple[Page, Watch]:
    """Return a page with the quickstart open, as `workbench lab` opens it, and what it did so far."""
    page = chromium.new_page(viewport={"width": WIDTH, "height": 900})
    page.set_default_timeout(60_000)
    watch = Watch(page)
    page.goto(lab)
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("| Idle").wait_for()  # JupyterLab forgets what is run before the kernel is there
    page.get_by_role("button", name="No", exact=True).click()  # it asks whether it may fetch its news
    return page, watch


def choose(page: Page, menu: str, *items: str) -> None:
    """Click through a menu of the menu bar."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    for name in items:
        page.locator(".lm-Menu-itemLabel").get_by_text(name, exact=True).click()


def stretch(page: Page) -> None:
    """Make the window as tall as the notebook: what is out of view is not drawn."""
    last = page.locator(".jp-Cell").last
    page.set_viewport_size({"width": WIDTH, "height": 12_000})
    page.locator(".jp-WindowedPanel-outer").first.evaluate("panel => panel.scrollTo(0, 0)")
    page.locator(".jp-Cell h1").wait_for()
    last.scroll_into_view_if_needed()
    box = last.bounding_box()
    assert box
    page.set_viewport_size({"width": WIDTH, "height": int(box["y"] + box["height"]) + 120})


def cell(page: Page, code: str) -> Locator:
    """Return the code cell that contains some code."""
    return page.locator(".jp-CodeCell").filter(has=page.locator(".jp-InputArea-editor", has_text=code))


def test_run_all(opened: tuple[Page, Watch], shots: Path) -> None:
    """Run All Cells ends without an error, and the live monitor, while it lasts, moves and offers Stop."""
    page, _ = opened
    choose(page, "Run", "Run All Cells")
    monitor, errors = page.locator(".wb-monitor"), page.locator(ERRORS)
    monitor.or_(errors).first.wait_for()
    assert not errors.all_inner_texts()
    assert monitor.get_by_role("button", name="Stop").is_visible()
    monitor.get_by_text(re.compile(r"^running: [1-9][\d,]* of [\d,]+ trials$")).wait_for()  # it moves
    monitor.screenshot(path=shots / "lab-monitor.png")
    page.wait_for_function(ENDED, timeout=1000 * RUNS_WITHIN_S)
    assert not errors.all_inner_texts()
    page.screenshot(path=shots / "lab-end.png")


def test_results_are_visible(opened: tuple[Page, Watch], shots: Path) -> None:
    """The plan, the finished monitor, the drawn quality against cost and the promotion stand on the page."""
    from playwright.sync_api import expect

    page, _ = opened
    stretch(page)
    plan = cell(page, "bench.plan(").locator(".jp-OutputArea-output")
    for words in (
        "smallest difference",
        "Tokens in",
        "USD",
        "terse@offline/minilm",
        "few-shot@offline/tfidf",
    ):
        expect(plan.get_by_text(words, exact=False).first).to_be_visible()
    run = cell(page, "bench.run(").locator(".jp-OutputArea")
    done = re.search(r"done: ([\d,]+) of ([\d,]+) trials", run.inner_text())
    assert done
    assert done[1] == done[2]
    result = cell(page, "bench.compare(").locator(".jp-OutputArea-output")
    pictures = result.locator("img")
    expect(pictures.first).to_be_visible()
    widths = pictures.evaluate_all("all => all.map(one => one.complete ? one.naturalWidth : 0)")
    assert widths
    assert all(width > 300 for width in widths), widths
    expect(result.locator("table").first).to_be_visible()
    last = cell(page, "bench.promote(").locator(".jp-OutputArea-output")
    expect(last.get_by_text("production is now version", exact=False)).to_be_visible()
    assert page.locator(".jp-OutputArea mjx-container").count() == 0, "prices were taken for formulas"
    page.screenshot(path=shots / "lab-light.png")


def test_dark(opened: tuple[Page, Watch], shots: Path) -> None:
    """In the dark theme the cards take its ground and its color of text; the pictures keep their white."""
    page, _ = opened
    choose(page, "Settings", "Theme", "JupyterLab Dark")
    page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
    page.locator("#jupyterlab-splash").wait_for(state="detached")
    heading = cell(page, "bench.compare(").get_by_text("incumbent terse@offline/minilm", exact=False).first
    assert brightness(heading, "color") > 180
    assert brightness(page.locator(".jp-Notebook").first, "backgroundColor") < 60
    assert brightness(cell(page, "bench.compare(").locator("img").first, "backgroundColor") == 255
    page.screenshot(path=shots / "lab-dark.png")


def brightness(thing: Locator, style: str) -> float:
    """Return how bright a color is, 0 to 255, as the browser computed it."""
    color = thing.evaluate("(one, style) => getComputedStyle(one)[style]", style)
    parts = [float(part) for part in re.findall(r"[\d.]+", color)]
    return sum(parts[:3]) / 3


def test_nothing_leaves_this_machine(opened: tuple[Page, Watch]) -> None:
    """The page asked for nothing off loopback, and complained about nothing."""
    _, watch = opened
    assert len(watch.requests) > 20
    assert watch.sockets
    assert not watch.strays
    assert not watch.complaints
