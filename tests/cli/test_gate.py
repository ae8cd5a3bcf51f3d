"""The gate of continuous integration: its exit codes, and the files it leaves."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.world import Project, project
from tests.promote.world import BETTER, UNCLEAR, WORSE, decided
from workbench.cli.gate import exit_code


def test_a_better_arm_passes_and_leaves_its_files(url: str, store: str, tmp_path: Path) -> None:
    """Exit code 0, XML and Markdown say the same; again it reads what is there, and `--read` asks nothing."""
    commands = project(tmp_path, url, store, name="gated")
    xml, text = tmp_path / "out" / "junit.xml", tmp_path / "out" / "gate.md"
    done = commands("gate", "tickets", "--junit", str(xml), "--markdown", str(text))
    assert done.exit_code == 0, done.output
    assert "run (0 of 72 trials were there); exit code 0" in done.stdout
    suite = ElementTree.parse(xml).getroot()[0]
    assert suite.get("name") == "gated"
    assert suite.get("failures") == "0"
    assert any("WB101" in case.get("name", "") for case in suite.iter("testcase"))
    assert text.read_text(encoding="utf-8").startswith("## gated: Promote shots")
    again = commands("gate", "tickets")
    assert again.exit_code == 0, again.output
    assert "read, all was answered" in again.stdout
    read = commands("gate", "tickets", "--read")
    assert read.exit_code == 0, read.output
    assert "nothing was asked" in read.stdout
    assert "No alias was ever moved" in commands("history", "tickets").stdout


def test_the_last_execution_is_read_by_the_gate_and_cases_of_today(
    url: str, store: str, tmp_path: Path
) -> None:
    """A gate changed since is shown; cases changed since are not enough evidence, and nothing is asked."""
    commands = project(tmp_path, url, store, name="reread")
    assert commands("gate", "tickets").exit_code == 0
    commands.change("margin: 0.02", "margin: 0.03")
    changed = commands("gate", "tickets", "--read")
    assert changed.exit_code == 0, changed.output
    assert "the gate was changed after the run" in " ".join(changed.stdout.replace("│", " ").split())
    table = commands.file.parent / "tickets.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("not left", "never left"), encoding="utf-8")
    other = commands("gate", "tickets", "--read")
    assert other.exit_code == 2, other.output
    assert "WB114" in other.stdout


def test_a_regression_is_one(url: str, store: str, tmp_path: Path) -> None:
    """Examples taken away: exit code 1, and both files name it."""
    commands = project(tmp_path, url, store, incumbent="shots", name="worsened")
    xml, text = tmp_path / "junit.xml", tmp_path / "gate.md"
    done = commands("gate", "tickets", "--junit", str(xml), "--markdown", str(text))
    assert done.exit_code == 1, done.output
    assert int(ElementTree.parse(xml).getroot()[0].get("failures", "0")) >= 2
    assert "**Regression**: terse" in text.read_text(encoding="utf-8")


def test_too_few_cases_are_two(url: str, store: str, tmp_path: Path) -> None:
    """A gate that wants more cases than there are: exit code 2, with how many are lacking."""
    commands = project(tmp_path, url, store, name="unsure")
    commands.change("margin: 0.02", "margin: 0.02, min_cases: 100")
    done = commands("gate", "tickets")
    assert done.exit_code == 2, done.output
    assert "WB108" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no-such",), "there is no"),
        (("tickets", "--read"), "holds no execution"),
        (("tickets", "--no-such-option"), "No such option"),
        ((), "Missing argument"),
    ],
)
def test_errors_are_three(
    url: str, store: str, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    """Never the code of a verdict: a study that is not there, nothing to read, a wrong command line."""
    done = project(tmp_path, url, store, name="wrong")("gate", *arguments)
    assert done.exit_code == 3, done.output
    assert says in done.stderr


def test_an_error_is_in_the_xml(url: str, store: str, tmp_path: Path) -> None:
    """One case with an error, so that the pipeline shows it; a file that cannot be written is one too."""
    commands = project(tmp_path, url, store, name="broken")
    xml = tmp_path / "junit.xml"
    commands.change("scorers: [exact]", "scorers: [exakt]")
    done = commands("gate", "tickets", "--junit", str(xml))
    assert done.exit_code == 3
    suite = ElementTree.parse(xml).getroot()[0]
    assert suite.get("errors") == "1"
    assert "exakt" in xml.read_text(encoding="utf-8")
    nowhere = commands("gate", "tickets", "--junit", str(tmp_path / "junit.xml" / "inside.xml"))
    assert nowhere.exit_code == 3


def test_a_store_that_is_not_there_does_not_change_the_verdict(url: str, store: str, tmp_path: Path) -> None:
    """The code stands for the evidence; that MLflow has not got it is said."""
    commands: Project = project(tmp_path, url, "http://127.0.0.1:9", name="offline-ci")
    done = commands("gate", "tickets")
    assert done.exit_code == 0, done.output
    assert "MLflow has not got it" in done.stderr


def test_the_codes() -> None:
    """By verdict; a regression with nothing to promote is 1, however open the rest is."""
    assert exit_code(decided({"few-shot": BETTER, "many": WORSE})) == 0
    assert exit_code(decided({"few-shot": WORSE})) == 1
    assert exit_code(decided({"few-shot": WORSE, "many": UNCLEAR})) == 1
    assert exit_code(decided({"few-shot": UNCLEAR})) == 2
