"""A promoted study in MLflow's own UI, as `workbench ui` serves it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import workbench as wb
from tests.browser.serving import free_port, serving
from tests.browser.watching import Watch
from workbench.bench.home import Home
from workbench.cli.serve import ui_command, ui_environment
from workbench.record.entities import trace_id

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

TICKETS = Path(__file__).resolve().parents[2] / "experiments" / "support-triage" / "tickets.csv"
STUDY = "triage"
MEASURES = ("quality_mean", "cost_usd_per_1000", "latency_p95_s")

# What MLflow's own pages complain about, whatever is in the store.
THEIRS = ("mlflow/users/current", "ResizeObserver loop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A store in which a small study was run and promoted."""

    home: Home
    experiment: str
    arms: pd.DataFrame
    trials: pd.DataFrame
    chosen: str


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Run the quickstart's two prompts on forty tickets, and promote: the weakest arm is the incumbent."""
    folder = tmp_path_factory.mktemp("study")
    store = f"sqlite:///{folder / '.workbench' / 'mlflow.db'}"
    models = ["offline/minilm", "offline/tfidf"]
    bench = wb.Bench(STUDY, models=models, home=folder, tracking_uri=store)
    try:
        examples, rest = wb.Dataset.from_csv(TICKETS, expected="label").split(16, seed=1)
        cases = rest.sample(40, seed=1)
        terse = wb.Variant("terse", "Answer with one of {{labels}}.\n\n{{text}}", labels=cases.labels)
        shots = terse.replace(name="few-shot", examples=examples)
        incumbent = "terse@offline/tfidf"
        plan = bench.plan([terse, shots], cases, scorers=[wb.exact()], incumbent=incumbent, budget_usd=1)
        run = bench.run(plan, show=False)
        trials, result = run.result(), bench.compare(run)
        decision = bench.decide(result)
        bench.promote(decision)
        bench.sync()
        experiment = bench.recording.recorder.open().client.get_experiment_by_name(STUDY)
    finally:
        bench.close()
    assert decision.chosen
    return Filled(
        home=Home.find(folder, tracking_uri=store),
        experiment=str(experiment.experiment_id),
        arms=result.arms.set_index("arm"),
        trials=trials,
        chosen=decision.chosen,
    )


@pytest.fixture(scope="module")
def address(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of MLflow's server on that store."""
    port, folder = free_port(), tmp_path_factory.mktemp("ui")
    address = f"http://127.0.0.1:{port}"
    with serving(ui_command(filled.home, port), ui_environment(), folder, f"{address}/health"):
        yield address


@pytest.fixture(scope="module")
def opened(address: str, chromium: Browser) -> tuple[Page, Watch]:
    """Return a page that closes what MLflow lays over its own pages, and what it did so far."""
    page = chromium.new_page(viewport={"width": 1600, "height": 1000})
    page.set_default_timeout(30_000)
    close = page.get_by_role("button", name="Close", exact=True)
    page.add_locator_handler(
        page.get_by_text("Ask questions about your experiments"), lambda _: close.first.click()
    )
    page.add_locator_handler(page.get_by_role("button", name="Got it"), lambda button: button.click())
    watch = Watch(page)
    page.goto(address)
    return page, watch


@pytest.fixture
def page(opened: tuple[Page, Watch]) -> Page:
    """Return the page."""
    return opened[0]


def row(page: Page, name: str) -> Locator:
    """Return the table row of a run."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def arms_selected(page: Page, filled: Filled) -> None:
    """Select the arms in the list of runs."""
    page.get_by_text("matching runs").wait_for()
    page.locator(".ag-row button").first.click()
    for arm in filled.arms.index:
        row(page, arm).get_by_role("checkbox").first.check()


def metrics(page: Page, runs: int) -> tuple[Locator, dict[str, list[str]]]:
    """Return the table of metrics of the page Compare, and its texts by name, one a run in its order."""
    links = page.locator("a[href*='#/metric?']")
    links.first.wait_for()
    names = links.all_inner_texts()
    for grid in page.get_by_role("grid").all():
        cells = grid.locator("[role=rowgroup] > *").all_inner_texts()
        if len(cells) == runs * len(names):
            return grid, {name: cells[runs * at : runs * (at + 1)] for at, name in enumerate(names)}
    raise AssertionError(f"no grid has {runs} values for each of {names}")


def same(shown: str, value: float) -> bool:
    """Whether a cell of MLflow's comparison shows a value; it rounds to three decimals or four digits."""
    return float(shown) == pytest.approx(value, rel=0.001, abs=0.00051)


def test_experiments(page: Page, address: str, shots: Path) -> None:
    """The study is an experiment; a click opens it."""
    page.goto(f"{address}/#/experiments")
    link = page.get_by_role("link", name=STUDY, exact=True)
    link.wait_for()
    page.screenshot(path=shots / "mlflow-experiments.png")
    link.click()
    page.get_by_text("Token Usage").first.wait_for()
    page.screenshot(path=shots / "mlflow-overview.png")


def test_arms_side_by_side(page: Page, address: str, filled: Filled, shots: Path) -> None:
    """Evaluation runs: a row an arm, quality, cost and p95 among the columns seen first."""
    page.goto(f"{address}/#/experiments/{filled.experiment}/evaluation-runs")
    heads = page.get_by_role("columnheader").or_(page.locator("th"))
    heads.get_by_text("quality_mean").first.wait_for()
    for name in MEASURES:
        head = heads.get_by_text(name, exact=True).first
        box = head.bounding_box()
        assert box
        assert box["x"] < 1600, name
    for arm, values in filled.arms.iterrows():
        found = page.get_by_role("row").filter(has_text=str(arm)).filter(has_not_text="decision")
        assert f"{values['quality_mean']:.3f}".rstrip("0") in found.inner_text()
    page.screenshot(path=shots / "mlflow-evaluation-runs.png")


def test_compare(page: Page, address: str, filled: Filled, shots: Path) -> None:
    """Selecting the arms and pressing Compare shows each one's quality, cost and p95, and draws them."""
    from playwright.sync_api import expect

    page.goto(f"{address}/#/experiments/{filled.experiment}/runs")
    arms_selected(page, filled)
    page.screenshot(path=shots / "mlflow-runs.png")
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Comparing 4 Runs").wait_for()
    axes = page.locator(".parcoords .axis-title")
    axes.first.wait_for()
    assert axes.all_text_contents() == ["USD per 1000 requests", "examples", "model", "quality_mean"]
    page.screenshot(path=shots / "mlflow-compare.png")
    arms = page.locator("tr").filter(has_text="Run Name:").locator("td").all_inner_texts()
    assert sorted(arms) == sorted(filled.arms.index)
    grid, shown = metrics(page, len(arms))
    for name in MEASURES:
        for arm, text in zip(arms, shown[name], strict=True):
            assert same(text, float(filled.arms.loc[arm, name])), (arm, name, text)
    grid.hover()
    page.mouse.wheel(0, 5000)
    # MLflow 3.17 leaves the names behind when the values are scrolled; this switch draws both anew.
    page.get_by_text("Show diff only").nth(1).click()
    expect(page.get_by_role("link", name="quality_mean", exact=True)).to_be_in_viewport()
    page.screenshot(path=shots / "mlflow-compare-metrics.png")
    page.get_by_role("tab", name="Scatter Plot").click()
    page.locator(".xtitle").get_by_text("USD per 1000 requests").wait_for()
    page.locator(".ytitle").get_by_text("Quality").wait_for()
    page.locator(".xtitle").scroll_into_view_if_needed()
    page.screenshot(path=shots / "mlflow-compare-scatter.png")


def test_report(page: Page, address: str, filled: Filled, shots: Path) -> None:
    """The execution's run shows the report, drawn, among its artifacts."""
    page.goto(f"{address}/#/experiments/{filled.experiment}/runs")
    page.get_by_role("link", name=re.compile(rf"^{STUDY} [0-9a-f]{{8}}$")).click()
    page.get_by_text("Smallest difference").first.wait_for()
    page.screenshot(path=shots / "mlflow-execution.png")
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("report.html").first.click()
    report = page.frame_locator("iframe").first
    picture = report.locator("img").first
    picture.wait_for()
    assert picture.evaluate("one => one.naturalWidth") > 300
    page.screenshot(path=shots / "mlflow-report.png")


def test_trace(page: Page, address: str, filled: Filled, shots: Path) -> None:
    """A trace shows the prompt as it was sent, the reply, tokens, cost, what was expected and the score."""
    trials = filled.trials.sort_values("case_id")
    trial = trials[trials["arm"] == "terse@offline/minilm"].iloc[0]
    traces = f"{address}/#/experiments/{filled.experiment}/traces"
    page.goto(traces)
    page.get_by_text("Rows per page").wait_for()
    page.get_by_role("columnheader", name="exact").first.wait_for()
    page.screenshot(path=shots / "mlflow-traces.png")
    page.goto(f"{traces}?traceId={trace_id(trial['trial_id'])}")
    trace = page.get_by_role("dialog")
    trace.get_by_text("Answer with one of billing, bug, cancellation").first.wait_for()
    shown = trace.inner_text()
    assert trial["case_text"] in shown
    assert trial["output"] in shown
    assert f"{trial['tokens_in'] + trial['tokens_out']} tokens" in shown
    assert f"${trial['cost_usd']:.6f}".rstrip("0") in shown
    assert "1 linked prompt" in shown
    trace.get_by_role("button", name="Assess").click()
    trace.get_by_text("expected", exact=True).first.wait_for()
    assert trial["expected"] in trace.inner_text()
    page.screenshot(path=shots / "mlflow-trace.png")


def test_prompt(page: Page, address: str, filled: Filled, shots: Path) -> None:
    """The study's prompt has a version an arm; the alias production stands at the chosen one."""
    page.goto(f"{address}/#/experiments/{filled.experiment}/prompts")
    page.get_by_role("row").get_by_role("link", name=STUDY, exact=True).click()
    page.get_by_role("row").filter(has_text="production").click()
    page.get_by_text("Viewing version 2").wait_for()
    assert page.get_by_text(filled.chosen, exact=True).first.is_visible()
    assert page.get_by_text("Answer with one of {{labels}}.").first.is_visible()
    assert page.get_by_text(re.compile("^Version [0-9]+$")).count() == len(filled.arms)
    page.screenshot(path=shots / "mlflow-prompt.png")


def test_nothing_leaves_this_machine(opened: tuple[Page, Watch]) -> None:
    """The pages asked for nothing off loopback, and complained about nothing of ours."""
    _, watch = opened
    assert len(watch.requests) > 50
    assert not watch.strays
    assert not [one for one in watch.complaints if not any(known in one for known in THEIRS)]
