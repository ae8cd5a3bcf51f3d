"""The notebooks run top to bottom, headless and offline, and end in visible results."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from pandas.testing import assert_frame_equal

from tests.contract import CONTRACT

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the notebooks and studies, with a store of its own."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("notebooks", "experiments"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return folder


def test_quickstart_is_the_contract() -> None:
    """The code of notebook 01 is the notebook contract, word for word."""
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code") + "\n"
    assert code == CONTRACT


def test_tickets_are_those_of_the_study() -> None:
    """The quickstart sorts the study's tickets by team, two topics a team; nothing else is changed."""
    study = pd.read_csv(ROOT / "experiments" / "support-triage" / "tickets.csv")
    tickets = pd.read_csv(ROOT / "notebooks" / "tickets.csv")
    others = [name for name in tickets.columns if name != "label"]
    assert_frame_equal(tickets[others], study[others])
    teams = {topic: set(tickets["label"][study["label"] == topic]) for topic in study["label"].unique()}
    assert all(len(named) == 1 for named in teams.values())
    assert Counter(team for named in teams.values() for team in named) == dict.fromkeys(
        ("finance", "orders", "product", "tech"), 2
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_clean(path: Path) -> None:
    """Notebooks are stored without outputs, counts or anything shaped like a key."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None
    assert not re.search(r"sk-[A-Za-z0-9]{16}", path.read_text())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_runs_and_shows(path: Path, project: Path) -> None:
    """Run All ends without an error; tables and a picture are in the outputs, nothing is fetched."""
    notebook = nbformat.read(path, as_version=4)
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environ |= {"WORKBENCH_HOME": str(project), "MLFLOW_TRACKING_URI": ""}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": project / "notebooks"}})
    client.execute(env=environ)
    pages = [
        output.data["text/html"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    assert any("<table" in page for page in pages)
    decided = sum("bench.decide(" in cell.source for cell in notebook.cells)
    assert sum("Decision ·" in page for page in pages) == decided, "a decision shows itself, once"
    assert any("data:image/svg+xml" in page for page in pages)
    assert not any(re.search(r"<script|(?:src|href)=['\"]https?:", page) for page in pages)
