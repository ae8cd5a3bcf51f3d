"""`workbench approve`: somebody else stands behind a promotion, before it is made."""

from __future__ import annotations

import click

from workbench.cli.echo import echo
from workbench.cli.journey import finish, open_study
from workbench.promote.approval import approve as approved

__all__ = ["approve"]


@click.command()
@click.argument("study")
@click.option("--by", required=True, help="The role that approves, or who.")
@click.option("--note", default="", help="What was looked at.")
def approve(study: str, by: str, note: str) -> None:
    """Approve of what the decision promotes; the gate says how many must."""
    bench = open_study(study)
    _, _, decision = finish(bench)
    echo(approved(decision, bench.journal, by=by, note=note).summary)
    bench.sync()
