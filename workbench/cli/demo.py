"""`workbench demo`: the main job on the study that ships, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from workbench.cli.echo import echo
from workbench.cli.journey import ask, open_study
from workbench.view.terminal import terminal

__all__ = ["demo"]

STUDY = "support-triage"

NEXT = """\
What to open next
  make lab    JupyterLab at the quickstart: the same journey in fourteen lines
  make ui     the MLflow UI: experiment {study}, select the arms, press Compare
  {report}
              the report, one file, opens without a network"""


@contextmanager
def _phase(title: str, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
    echo(title, bold=True)
    began = clock()
    yield
    echo(f"  {clock() - began:.1f} s")


@click.command()
def demo() -> None:
    """Run the study support-triage: plan, run, compare, decide, record; on this machine, without a key."""
    began = time.perf_counter()
    echo("The models are small classifiers on this machine, not language models; prices are made up.\n")
    with _phase("1 plan"):
        bench = open_study(STUDY)
        plan = bench.plan()
        echo(plan.summary)
    with _phase("2 run: a real HTTP endpoint on loopback; stop with Ctrl-C, run again to resume"):
        run = ask(bench, plan)
    with _phase("3 compare and decide"):
        result = bench.compare(run)
        decision = bench.decide(result)
        report = bench.report(result, decision)
    with _phase("4 record in MLflow: runs, traces, prompt versions, report"):
        bench.sync()
    echo(terminal(decision))
    echo(NEXT.format(study=STUDY, report=report))
    echo(f"\ndone in {time.perf_counter() - began:.0f} s")
