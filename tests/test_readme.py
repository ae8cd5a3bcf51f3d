"""The README keeps its word: its commands exist, its examples run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.contract import CONTRACT
from workbench.bench.models import Models
from workbench.cli import main
from workbench.define.study import Study
from workbench.score.specs import load_scorers

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_contract_is_in_the_readme() -> None:
    """The python block of the README is the notebook contract, word for word."""
    assert next(body for language, body in FENCES if language == "python") == CONTRACT


def test_the_study_file_is_one() -> None:
    """The README's whole study file is read, every key of it; its models have endpoints."""
    (body,) = (body for language, body in FENCES if language == "yaml" and body.startswith("name:"))
    folder = ROOT / "experiments" / "support-triage"
    study = Study.from_mapping(yaml.safe_load(body), folder=folder)
    assert study.variants[0].reask == 1
    assert len(load_scorers(study.scorers)) == 4
    assert Models(study.models, study.fallback).fallback


def test_commands_exist() -> None:
    """Every `make` target and `workbench` command named in the README exists."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z][\w-]*)", README))
    assert {"demo", "test"} <= named
    assert all(name in targets or name.startswith("evidence-") for name in named), named - targets
    commands = set(re.findall(r"(?:`|bin/)workbench (\w+)", README))
    assert {"init", "doctor", "plan", "run", "promote", "sync"} <= commands
    assert commands <= set(main.commands), commands - set(main.commands)


def test_examples_run(tmp_path: Path) -> None:
    """The README's python runs as it stands, in a process of its own, beside the tables."""
    (tmp_path / "tickets.csv").symlink_to(ROOT / "notebooks" / "tickets.csv")
    (tmp_path / "traffic.csv").symlink_to(ROOT / "experiments" / "faq-cache" / "traffic.csv")
    (tmp_path / "experiments").symlink_to(ROOT / "experiments")
    code = "\n".join(body for language, body in FENCES if language == "python")
    code += "\nprint(decision.verdict, result.frame['quality_mean'].round(3).to_list())\n"
    environ = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    environ |= {"WORKBENCH_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": ""}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("promote "), done.stdout
