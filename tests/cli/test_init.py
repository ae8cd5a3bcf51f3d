"""`workbench init`: what it writes runs as it is."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from tests.bench.world import tickets
from tests.cli.world import Project


def table(folder: Path, frame: pd.DataFrame) -> str:
    """Write a person's table, and return its path."""
    path = folder / "mine.csv"
    frame.to_csv(path, index=False)
    return str(path)


def test_study_and_notebook_run_as_they_are(tmp_path: Path) -> None:
    """Over 40 rows of two labels: Run All shows the result, and `workbench run` finds it in the journal."""
    root = tmp_path / "project"
    root.mkdir()
    commands = Project(root=root, store="")
    done = commands("init", "My Study", table(tmp_path, tickets()))
    assert done.exit_code == 0, done.output
    assert "next: workbench plan my-study" in done.stdout
    folder = root / "experiments" / "my-study"
    assert sorted(path.name for path in folder.iterdir()) == ["mine.csv", "my-study.ipynb", "study.yaml"]
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environ |= {"WORKBENCH_HOME": str(root), "MLFLOW_TRACKING_URI": ""}
    notebook = nbformat.read(folder / "my-study.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}})
    client.execute(env=environ)
    pages = [
        output.data["text/html"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    assert any("few-shot@offline/minilm" in page for page in pages)
    ran = commands("run", "my-study")
    assert ran.exit_code == 0, ran.output
    assert "0 calls" in ran.stdout
    assert "few-shot@offline/minilm" in ran.stdout


@pytest.mark.parametrize(
    ("frame", "arguments", "says"),
    [
        (tickets().rename(columns={"label": "kind"}), (), "--expected"),
        (tickets(), ("--expected", "lable"), "label"),
        (tickets(), ("--text", "body"), "no column 'body'"),
        (tickets(), ("--expected", "text"), "not a set of labels"),
        (tickets()[["label"]], (), "no column of inputs|no column to ask about"),
        (tickets().head(0), (), "no rows"),
        (tickets(), ("--model", "nowhere/gpt"), "no endpoint is known"),
    ],
)
def test_a_table_that_does_not_suit_is_said(
    tmp_path: Path, frame: pd.DataFrame, arguments: tuple[str, ...], says: str
) -> None:
    """Exit code 2, and nothing is written."""
    root = tmp_path / "project"
    root.mkdir()
    done = Project(root=root, store="")("init", "mine", table(tmp_path, frame), *arguments)
    assert done.exit_code == 2, done.output
    assert any(part in done.stderr for part in says.split("|")), done.stderr
    assert not (root / "experiments" / "mine").exists()


def test_columns_may_be_named(tmp_path: Path) -> None:
    """Where their names say nothing."""
    root = tmp_path / "project"
    root.mkdir()
    commands = Project(root=root, store="")
    frame = tickets().rename(columns={"label": "kind", "text": "body"})
    done = commands("init", "mine", table(tmp_path, frame), "--expected", "kind", "--text", "body")
    assert done.exit_code == 0, done.output
    planned = commands("plan", "mine")
    assert planned.exit_code == 0, planned.output


def test_a_study_is_not_overwritten(tmp_path: Path) -> None:
    """A second init of the same name leaves the first as it was."""
    root = tmp_path / "project"
    root.mkdir()
    commands = Project(root=root, store="")
    path = table(tmp_path, tickets())
    assert commands("init", "mine", path).exit_code == 0
    file = root / "experiments" / "mine" / "study.yaml"
    file.write_text("edited", encoding="utf-8")
    done = commands("init", "mine", path)
    assert done.exit_code == 2
    assert "exists already" in done.stderr
    assert file.read_text(encoding="utf-8") == "edited"


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    """The path is named."""
    done = Project(root=tmp_path, store="")("init", "mine", str(tmp_path / "none.csv"))
    assert done.exit_code == 2
    assert "none.csv" in done.stderr
