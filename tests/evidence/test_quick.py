"""The short version of every evidence command runs with the tests."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def rooms() -> list[str]:
    """Return the names of the evidence modules: those that have a `main`."""
    found = []
    for path in sorted(Path(__file__).parent.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in body):
            found.append(path.stem)
    return found


@pytest.mark.evidence
@pytest.mark.parametrize("room", rooms())
def test_the_short_version(room: str) -> None:
    """Every exact and statistical row of it is reached."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.evidence.{room}"],
        cwd=ROOT,
        env=os.environ | {"QUICK": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # A timing row may be missed, and is listed after the count.
    assert any(
        " (quick version): " in line and line.endswith(" reached") for line in done.stdout.splitlines()
    )
