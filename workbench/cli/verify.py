"""`workbench verify`: a recorded decision, recomputed from its artifacts."""

from __future__ import annotations

import click

from workbench.bench.home import Home
from workbench.cli.echo import echo
from workbench.promote.verify import verify as recompute
from workbench.record.decisions import read_decision
from workbench.record.runs import Recorder

__all__ = ["verify"]


@click.command()
@click.argument("decision")
def verify(decision: str) -> None:
    """Recompute every figure of a decision from its artifacts in MLflow.

    DECISION is the id of a decision's run, or of an execution: then its latest one. Exit codes: 0 all equal;
    1 not equal, and every difference is named; 2 it cannot be read.
    """
    home = Home.find()
    found = recompute(read_decision(Recorder(home.tracking_uri, home.folder).open(), decision))
    echo(found.summary)
    for one in found.differences:
        echo(f"  {one.where}: recorded {one.recorded}, recomputed {one.recomputed}")
    raise SystemExit(0 if found.ok else 1)
