"""`workbench plan, run, resume, compare, promote, rollback, history, report, sync`: one study at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from workbench.analyze.compare import Comparison
from workbench.bench.bench import Bench
from workbench.bench.home import Home, find_study
from workbench.cli.echo import echo
from workbench.cli.progress import ProgressLine
from workbench.errors import InputError, WorkbenchError
from workbench.plan.plan import Plan
from workbench.promote.decision import Decision
from workbench.run.handle import Run
from workbench.view.terminal import terminal

__all__ = [
    "ask",
    "compare",
    "finish",
    "history",
    "open_study",
    "plan",
    "promote",
    "report",
    "resume",
    "rollback",
    "run",
    "sync",
]

STUDY = click.argument("study")

F = TypeVar("F", bound=Callable[..., None])


def _budgets(command: F) -> F:
    """Add the options of a budget to a command."""
    usd = click.option("--budget-usd", type=float, help="The most to spend, instead of the study file's.")
    tokens = click.option("--budget-tokens", type=int, help="The most tokens, input and output, likewise.")
    return usd(tokens(command))


def open_study(study: str) -> Bench:
    """Return the bench of a study file: a name under ``experiments/``, or a path.

    Raises
    ------
    InputError
        Where there is no such file.
    """
    home = Home.find()
    if find_study(home, study) is None:
        raise InputError(
            f"study {study!r}",
            f"there is no {home.root / 'experiments' / study / 'study.yaml'}",
            "Name a study of experiments/, or give a path; `workbench init` writes one.",
        )
    return Bench(study)


def finish(bench: Bench, plan: Plan | None = None) -> tuple[Run, Comparison, Decision]:
    """Run what is missing of a study, compare and decide.

    Parameters
    ----------
    plan
        What to run; None: the study file's.

    Raises
    ------
    WorkbenchError
        Where the run gave up: a verdict on what was never answered would be none.
    """
    handle = ask(bench, plan or bench.plan())
    result = bench.compare(handle)
    return handle, result, bench.decide(result)


def ask(bench: Bench, plan: Plan) -> Run:
    """Ask what is missing of a plan, with a line of progress; return when it has ended.

    Raises
    ------
    WorkbenchError
        Where the run gave up, or ended before every arm had an answer, with its reason.
    """
    handle = bench.run(plan, show=False)
    handle.subscribe(ProgressLine())
    handle.result()
    where = handle.progress
    bare = [arm.arm for arm in where.arms if arm.done == arm.failed]
    if where.state == "failed" or (where.state != "done" and bare):
        raise WorkbenchError(
            f"run of {bench.name}",
            where.reason,
            f"{where.done - where.failed:,} answers are kept; the same command again asks the rest.",
        )
    return handle


@click.command()
@STUDY
@_budgets
def plan(study: str, budget_usd: float | None, budget_tokens: int | None) -> None:
    """Say what a run will cost and what it can show; spends nothing."""
    echo(str(open_study(study).plan(budget_usd=budget_usd, budget_tokens=budget_tokens)))


@click.command()
@STUDY
@_budgets
def run(study: str, budget_usd: float | None, budget_tokens: int | None) -> None:
    """Run a study (what is missing of it), compare, decide."""
    bench = open_study(study)
    plan = bench.plan(budget_usd=budget_usd, budget_tokens=budget_tokens)
    echo(plan.summary)
    _, result, decision = finish(bench, plan)
    echo(terminal(decision))
    echo(f"report: {bench.report(result, decision)}")
    bench.sync()


resume = click.Command(
    "resume",
    callback=run.callback,
    params=run.params,
    help="Resume a stopped run: only what is missing is asked.",
)


@click.command()
@STUDY
def compare(study: str) -> None:
    """Print the comparison of a study's arms; asks what is missing."""
    _, result, _ = finish(open_study(study))
    echo(str(result))


@click.command()
@STUDY
@click.option("--why", help="The reason to record; the decision's own if not given.")
def promote(study: str, why: str | None) -> None:
    """Promote what the decision says; exit code 1 where it says something else."""
    bench = open_study(study)
    _, _, decision = finish(bench)
    echo(terminal(decision))
    if decision.verdict != "promote":
        bench.sync()
        raise SystemExit(1)
    echo(str(bench.promote(decision, why=why)))
    bench.sync()


@click.command()
@STUDY
@click.option("--why", default="rolled back", show_default=True, help="The reason to record.")
def rollback(study: str, why: str) -> None:
    """Move the alias back to where it was before the last promotion."""
    echo(str(open_study(study).rollback(why=why)))


@click.command()
@STUDY
def history(study: str) -> None:
    """Print every move of a study's alias."""
    echo(str(open_study(study).history()))


@click.command()
@STUDY
def report(study: str) -> None:
    """Write the report of a study as one HTML file that opens without a network."""
    bench = open_study(study)
    _, result, decision = finish(bench)
    echo(str(bench.report(result, decision)))


@click.command()
@STUDY
def sync(study: str) -> None:
    """Deliver to MLflow what the journal holds of a study and the store has not seen; asks no model."""
    bench = open_study(study)
    plan = bench.plan()
    known = {execution.execution_id for execution in bench.journal.executions(plan.study)}
    if plan.execution_id in known or not known:
        bench.deliver(plan)
    bench.sync()  # executions of the study as it was before it was edited
    echo(f"MLflow has execution {', '.join(sorted(known))} of {bench.name} in {bench.home.tracking_uri}")
