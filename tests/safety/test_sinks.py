"""A study full of fake keys: none of them in anything that comes out of the workbench."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.safety.canaries import BODIES, CANARIES, OWN_KEY, found
from tests.safety.echoing import echoing
from tests.safety.sinks import notebook_output, sinks

SINKS = (
    "journal and its WAL",
    "repr and str",
    "rows read back",
    "cards",
    "mime bundles",
    "widget state",
    "report",
    "terminal card",
    "exact cache",
    "errors and tracebacks",
    "table from MLflow",
    "log, everything at DEBUG",
    "MLflow store and artifacts",
    "command line",
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each sink got of the whole journey."""
    with echoing() as base_url:
        return sinks(tmp_path_factory.mktemp("leaky"), base_url)


def test_the_search_finds_what_is_there() -> None:
    """The search itself sees every canary as it is, in a picture, and broken over lines."""
    whole = " ".join(CANARIES.values()) + OWN_KEY
    assert len(CANARIES) >= 12
    assert len(found(whole)) == len(BODIES) == len(CANARIES) + 1
    assert found("│ CanaryZ│\n│00Ab3") == ["CanaryZ00"]


def test_every_sink_is_looked_at(filled: dict[str, str]) -> None:
    """The sinks are those of the list, each holds something, and the mark shows that the keys got there."""
    assert tuple(filled) == SINKS
    assert all(len(content) > 100 for content in filled.values())
    assert all("[redacted]" in content for content in filled.values())


@pytest.mark.parametrize("sink", SINKS)
def test_no_key_in(sink: str, filled: dict[str, str]) -> None:
    """None of the fake keys, nor the key that the client was given, is in what this sink got."""
    assert found(filled[sink]) == []


def test_no_key_in_an_executed_notebook(tmp_path: Path) -> None:
    """A notebook that shows all of it, run headless as JupyterLab would: outputs, widget, last traceback."""
    with echoing() as base_url:
        outputs = notebook_output(tmp_path, base_url)
    assert "[redacted]" in outputs
    assert found(outputs) == []
