"""`workbench gate`: a decision as an exit code, for continuous integration."""

from __future__ import annotations

import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from workbench.bench.bench import Bench
from workbench.bench.deciding import decide_last
from workbench.cli.echo import echo
from workbench.cli.journey import finish, open_study
from workbench.core.redact import redact
from workbench.errors import InputError, RecordError, WorkbenchError
from workbench.promote.decision import Decision
from workbench.view.junit import junit, junit_error
from workbench.view.pull_request import markdown
from workbench.view.terminal import terminal

__all__ = ["EXIT_CODES", "exit_code", "gate"]

EXIT_CODES = {"promote": 0, "keep": 1, "not enough evidence": 2, "error": 3}
"""What the process ends with; a challenger shown to be worse, and none promoted, is 1 as well."""

_FILE = click.Path(dir_okay=False, path_type=Path)


def exit_code(decision: Decision) -> int:
    """Return the exit code that a decision stands for, see `EXIT_CODES`."""
    if decision.verdict == "not enough evidence" and decision.regressions:
        return EXIT_CODES["keep"]
    return EXIT_CODES[decision.verdict]


class _Command(click.Command):
    """Ends a wrong command line with the code of an error: click's own 2 means something else here."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the command line."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            error.show()
            raise SystemExit(EXIT_CODES["error"]) from error


@click.command(cls=_Command)
@click.argument("study")
@click.option("--read", is_flag=True, help="Decide on the last execution as it lies there; asks no model.")
@click.option("--junit", "junit_file", type=_FILE, help="Write the rules as JUnit XML.")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write a summary for a pull request.")
def gate(study: str, read: bool, junit_file: Path | None, markdown_file: Path | None) -> None:
    """Run what is missing of a study and decide, for continuous integration.

    Exit codes: 0 promote; 1 keep the incumbent, or a challenger is shown to be worse and none is promoted;
    2 not enough evidence; 3 an error, and nothing was decided. No alias is moved: promote does that.
    """
    try:
        bench, decision, ground = _decided(study, read)
        code = exit_code(decision)
        _write(markdown_file, markdown(decision, ground))
        _write(junit_file, junit(decision, {"ground": ground, "exit code": str(code)}))
    except Exception as error:
        said = str(error) if isinstance(error, WorkbenchError) else traceback.format_exc()
        echo("error: ", fg="red", nl=False, err=True)
        echo(said, err=True)
        with suppress(InputError):  # it may be this file that cannot be written
            _write(junit_file, junit_error(study, said.strip().splitlines()[-1]))
        raise SystemExit(EXIT_CODES["error"]) from error
    echo(terminal(decision))
    echo(f"{ground}; exit code {code}")
    _deliver(bench)
    raise SystemExit(code)


def _decided(study: str, read: bool) -> tuple[Bench, Decision, str]:
    """Return the bench, the decision and on what it rests: read, resumed or run."""
    bench = open_study(study)
    plan = bench.plan()
    if read:
        decision = decide_last(bench, plan)
        return bench, decision, f"read execution {decision.execution_id}, nothing was asked"
    there = sum(trial.status == "ok" for trial in bench.journal.trials(plan.execution_id))
    _, _, decision = finish(bench)
    way = "run" if not there else "read, all was answered" if there == len(plan) else "resumed"
    counts = f"{there:,} of {len(plan):,} trials were there"
    return bench, decision, f"execution {plan.execution_id}: {way} ({counts})"


def _write(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(redact(text)), encoding="utf-8")
    except OSError as error:
        raise InputError(str(path), f"cannot be written ({error.strerror})", "Name another file.") from error


def _deliver(bench: Bench) -> None:
    """Let MLflow have it; the verdict stands without."""
    try:
        bench.sync()
    except RecordError as error:
        echo(f"MLflow has not got it: {error}", err=True)
