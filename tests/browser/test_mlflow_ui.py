"""The unmodified MLflow UI in a real browser: arms side by side, a trace, the promoted prompt."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browser.serving import free_port, serving
from tests.browser.watching import Watch
from workbench.bench.bench import Bench
from workbench.cli.serve import ui_command, ui_environment
from workbench.record.store import open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Filled:
    """A UI on a store that holds one small study."""

    address: str
    experiment: str
    arms: dict[str, str]
    trace: str
    promoted: int


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Run four arms on 40 cases, point the alias at one of them, and serve MLflow's UI."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / "experiments").symlink_to(ROOT / "experiments")
    bench = Bench("support-triage", home=folder, tracking_uri=f"sqlite:///{folder}/mlflow.db")
    assert bench.study is not None
    plan = bench.plan(
        bench.study.variants[:2], bench.study.dataset.head(40), repeats=1, incumbent="described"
    )
    bench.compare(bench.run(plan))
    bench.sync()
    promoted = bench.recording.recorder.register(bench.name, plan.arms[0])
    bench.recording.recorder.set_alias(promoted.name, "production", promoted.version)
    client = open_store(bench.home.tracking_uri, bench.home.artifacts).client
    experiment = client.get_experiment_by_name(bench.name).experiment_id
    runs = {run.info.run_name: run.info.run_id for run in client.search_runs([experiment])}
    trace = client.search_traces(locations=[experiment], max_results=1)[0].info.trace_id
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = ui_command(bench.home, port)
    with serving(command, {**os.environ, **ui_environment()}, folder, f"{address}/health"):
        arms = {name: run for name, run in runs.items() if "@" in name}
        yield Filled(address, experiment, arms, trace, promoted.version)
    bench.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[tuple[Page, Watch]]:
    """A page, and what it asked for."""
    page = chromium.new_page(viewport={"width": 1500, "height": 1000})
    page.set_default_timeout(60_000)
    yield page, Watch(page)
    page.close()


def test_arms_side_by_side(filled: Filled, page: tuple[Page, Watch], shots: Path) -> None:
    """Compare shows the four arms by name, quality first, cost and p95 among the metrics."""
    shown, watch = page
    runs, experiments = quote(json.dumps(list(filled.arms.values()))), quote(json.dumps([filled.experiment]))
    shown.goto(f"{filled.address}/#/compare-runs?runs={runs}&experiments={experiments}")
    shown.get_by_text("Comparing 4 Runs").wait_for()
    for name in filled.arms:
        shown.get_by_text(name, exact=True).first.wait_for()
    for metric in ("quality_mean", "cost_usd_per_1000", "latency_p95_s"):
        shown.get_by_text(metric).first.wait_for(state="attached")
    shown.screenshot(path=shots / "mlflow-compare.png")
    assert not watch.strays


def test_a_trace(filled: Filled, page: tuple[Page, Watch], shots: Path) -> None:
    """A trace shows prompt, reply, tokens, cost and its linked prompt version."""
    shown, _ = page
    shown.goto(
        f"{filled.address}/#/experiments/{filled.experiment}/traces?selectedEvaluationId={filled.trace}"
    )
    shown.get_by_text("Sort the customer's message").first.wait_for()
    for words in ("Assistant", "1 linked prompt"):
        shown.get_by_text(words).first.wait_for()
    text = shown.inner_text("body")
    assert "tokens" in text
    assert "$0.0" in text
    shown.screenshot(path=shots / "mlflow-trace.png")


def test_the_prompt_and_its_alias(filled: Filled, page: tuple[Page, Watch], shots: Path) -> None:
    """The study's prompt lists its versions; the promoted one carries the alias."""
    shown, _ = page
    shown.goto(f"{filled.address}/#/prompts/support-triage?promptVersion={filled.promoted}")
    shown.get_by_text(f"Viewing version {filled.promoted}").wait_for()
    shown.get_by_text("production").first.wait_for()
    shown.screenshot(path=shots / "mlflow-prompt.png")
