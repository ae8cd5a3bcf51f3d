"""The commands that take a study through the journey, and how they fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.world import Project, project
from workbench.offline.classifier import TfidfClassifier
from workbench.offline.server import OfflineServer
from workbench.store.journal import Journal

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def fresh(url: str, store: str, tmp_path: Path) -> Project:
    """Give a project in which nothing was run."""
    return project(tmp_path, url, store)


def test_plan_spends_nothing(fresh: Project) -> None:
    """It prints calls, tokens, USD, minutes and the smallest difference; the journal stays empty."""
    done = fresh("plan", "tickets")
    assert done.exit_code == 0, done.output
    for word in ("72 calls", "tokens in", "USD", "minutes", "Smallest difference"):
        assert word in done.stdout
    journal = Journal(fresh.root / ".workbench" / "journal.sqlite")
    assert not journal.executions()
    journal.close()


def test_from_run_to_rollback(url: str, store: str, tmp_path: Path) -> None:
    """Run, run again, compare, report, promote, history, rollback, sync: each says what it did."""
    commands = project(tmp_path, url, store, name="walked")
    ran = commands("run", "tickets")
    assert ran.exit_code == 0, ran.output
    assert "72 calls" in ran.stdout
    assert re.search(r"promote.*shots@mine", ran.stdout, re.IGNORECASE)
    page = Path(re.findall(r"^report: (.*)$", ran.stdout, re.MULTILINE)[0])
    assert "<html" in page.read_text(encoding="utf-8")
    again = commands("resume", "tickets")
    assert again.exit_code == 0, again.output
    assert "0 calls" in again.stdout
    assert "shots@mine" in commands("compare", "tickets").stdout
    assert commands("report", "tickets").stdout.strip() == str(page)
    promoted = commands("promote", "tickets", "--why", "the examples explain the labels")
    assert promoted.exit_code == 0, promoted.output
    assert "walked@production from nothing to version" in promoted.stdout
    assert "the examples explain the labels" in commands("history", "tickets").stdout
    back = commands("rollback", "tickets")
    assert back.exit_code == 0, back.output
    assert "terse@mine" in back.stdout
    moves = commands("history", "tickets").stdout
    assert "rollback" in moves
    assert "promote" in moves
    assert "MLflow has execution" in commands("sync", "tickets").stdout
    nowhere = commands("rollback", "tickets")
    assert nowhere.exit_code == 2
    assert "no earlier version" in nowhere.stderr


def test_promote_without_the_verdict(url: str, store: str, tmp_path: Path) -> None:
    """The card says why; exit code 1, and no alias moves."""
    commands = project(tmp_path, url, store, name="kept-here", incumbent="shots")
    done = commands("promote", "tickets")
    assert done.exit_code == 1, done.output
    assert re.search("keep", done.stdout, re.IGNORECASE)
    assert "No alias was ever moved" in commands("history", "tickets").stdout


def test_a_store_that_is_not_there_does_not_hide_the_result(url: str, store: str, tmp_path: Path) -> None:
    """The card is printed, then the error with its remedy, which works."""
    commands = project(tmp_path, url, NOWHERE, name="delivered-later")
    done = commands("run", "tickets")
    assert done.exit_code == 2
    assert "shots@mine" in done.stdout
    assert "no MLflow server answers there" in done.stderr
    assert "workbench sync" in done.stderr
    mended = Project(root=commands.root, store=store)("sync", "tickets")
    assert mended.exit_code == 0, mended.output


def test_a_wrong_key_ends_with_its_reason_and_no_verdict(store: str, tmp_path: Path) -> None:
    """Nothing was answered: the command says why, and what was asked is kept as rows."""
    with OfflineServer(models=[TfidfClassifier()], api_key="right-" + "key-of-a-test") as server:
        commands = project(tmp_path, server.base_url, store, name="refused")
        done = commands("run", "tickets")
    assert done.exit_code == 2
    assert "HTTP 401" in done.stderr
    assert "the same command again" in done.stderr
    assert "keep" not in done.stdout.lower()
    journal = Journal(tmp_path / ".workbench" / "journal.sqlite")
    (execution,) = journal.executions()
    assert {trial.error_kind for trial in journal.trials(execution.execution_id)} == {"auth"}
    journal.close()


def test_a_budget_that_is_reached_is_said(url: str, store: str, tmp_path: Path) -> None:
    """The run ends in order; a higher budget goes on where it ended."""
    commands = project(tmp_path, url, store, name="frugal")
    commands.change("budget_usd: 1", "budget_usd: 0.0002")
    done = commands("run", "tickets")
    assert "the budget of 0.0002 USD is reached" in done.stderr
    commands.change("budget_usd: 0.0002", "budget_usd: 1")
    more = commands("run", "tickets")
    assert more.exit_code == 0, more.output
    assert "already answered" in more.stdout


def test_a_budget_of_the_command_line(url: str, store: str, tmp_path: Path) -> None:
    """It replaces the study file's: too small for an answer of each arm there is no verdict; more resumes."""
    commands = project(tmp_path, url, store, name="capped")
    assert "Budget: 0.5 USD and 900 tokens" in (
        commands("plan", "tickets", "--budget-usd", "0.5", "--budget-tokens", "900").stdout
    )
    done = commands("run", "tickets", "--budget-tokens", "30")
    assert done.exit_code == 2
    assert "the budget of 1 USD and 30 tokens is reached" in done.stderr
    assert "the same command again" in done.stderr
    assert commands("sync", "tickets").exit_code == 2  # there is nothing of it
    more = commands("resume", "tickets", "--budget-tokens", "100000")
    assert more.exit_code == 0, more.output
    assert "100% done: 72 of 72" in more.stderr
    wrong = commands("run", "tickets", "--budget-tokens", "0")
    assert (wrong.exit_code, "above 0" in wrong.stderr) == (2, True)


def test_sync_delivers_what_a_study_was_before_it_was_edited(url: str, store: str, tmp_path: Path) -> None:
    """Every execution that the journal holds, also where the study as it stands was never run."""
    commands = project(tmp_path, url, NOWHERE, name="edited")
    assert commands("run", "tickets").exit_code == 2  # no store
    commands.change("temperature: 0.0", "temperature: 0.5")
    done = Project(root=commands.root, store=store)("sync", "tickets")
    assert done.exit_code == 0, done.output
    journal = Journal(tmp_path / ".workbench" / "journal.sqlite")
    (execution,) = journal.executions()
    assert execution.execution_id in done.stdout
    assert not journal.pending(execution.execution_id, limit=1)
    journal.close()


def test_an_endpoint_that_is_not_there_is_told_while_it_is_tried(store: str, tmp_path: Path) -> None:
    """A line of its own says which and why, once, before the run gives up; nothing is of unknown cost."""
    done = project(tmp_path, f"{NOWHERE}/v1", store, name="nobody")("run", "tickets")
    assert done.exit_code == 2
    held = [line for line in done.stderr.splitlines() if line.startswith("  mine: ")]
    assert held
    assert "the connection failed" in held[0]
    assert len(held) == len({re.sub(r"\d+", "#", line) for line in held})
    assert "unknown cost" not in done.stderr
    assert "Start the endpoint" in done.stderr


def test_a_study_that_is_not_there(fresh: Project) -> None:
    """Exit code 2; the error names the file and what to do, without a traceback."""
    done = fresh("plan", "no-such")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: study 'no-such'")
    assert "workbench init" in done.stderr
    assert "Traceback" not in done.output


def line(text: str, piece: str) -> int:
    """Return the number of the first line that holds a piece."""
    return next(number for number, row in enumerate(text.splitlines(), start=1) if piece in row)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("scorers: [exact]", "scorers: [exact", "YAML"),
        ("scorers: [exact]", "scorer: [exact]", "scorers"),
        ("  expected: label", "  expcted: label", "expected"),
        ("budget_usd: 1", "budget_usd: much", "budget_usd"),
        ("  - name: shots", "  - nam: shots", "name"),
    ],
)
def test_a_study_file_names_the_line_of_its_mistake(fresh: Project, old: str, new: str, says: str) -> None:
    """Malformed YAML, a key that is not one, a value of the wrong type."""
    fresh.change(old, new)
    done = fresh("plan", "tickets")
    number = line(fresh.file.read_text(encoding="utf-8"), new)
    assert done.exit_code == 2
    found = re.search(r"study\.yaml, line (\d+)", done.stderr)
    assert found, done.stderr
    # An open bracket is seen where the next line cannot go on.
    assert number <= int(found[1]) <= number + 1
    assert says in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("expected: label", "expected: lable", "label"),
        ("file: tickets.csv", "file: tickts.csv", "tickts.csv"),
        ("incumbent: terse", "incumbent: ters", "Did you mean 'terse'"),
        ("      {{text}}", "      {{txt}}", "Did you mean 'text'"),
        ("scorers: [exact]", "scorers: [exakt]", "exact"),
        ("score: exact,", "score: polite,", "polite"),
        ("model: tfidf,", "modell: tfidf,", "modell"),
        ("labels: [alpha, beta]", "labls: [alpha, beta]", "labl"),
        ("examples: {n: 4, seed: 1}", "examples: {n: 400, seed: 1}", "400"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_spent(
    fresh: Project, old: str, new: str, says: str
) -> None:
    """Exit code 2, the problem and its remedy on standard error, nothing on standard output."""
    fresh.change(old, new)
    done = fresh("run", "tickets")
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert done.stderr.startswith("error: ")
    assert not done.stdout
    assert "Traceback" not in done.output


def test_a_table_with_a_broken_line_is_named_with_it(fresh: Project) -> None:
    """A line with more cells than the header."""
    table = fresh.file.parent / "tickets.csv"
    table.write_text(table.read_text(encoding="utf-8") + "a,b,c,d,e\n", encoding="utf-8")
    done = fresh("plan", "tickets")
    assert done.exit_code == 2
    assert "tickets.csv" in done.stderr
    assert "line 42" in done.stderr


def test_ids_that_occur_twice_are_named(fresh: Project) -> None:
    """Two cases of one id would be one."""
    table = fresh.file.parent / "tickets.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    named = [f"id,{rows[0]}", *(f"case-{number % 30},{row}" for number, row in enumerate(rows[1:]))]
    table.write_text("\n".join(named) + "\n", encoding="utf-8")
    done = fresh("plan", "tickets")
    assert done.exit_code == 2
    assert "case-0" in done.stderr


def test_help_names_every_command(fresh: Project) -> None:
    """With one line each."""
    done = fresh("--help")
    for name in ("demo", "init", "plan", "run", "promote", "rollback", "history", "report", "doctor"):
        assert re.search(rf"^  {name} +\w", done.stdout, re.MULTILINE), name
