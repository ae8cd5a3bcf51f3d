"""`workbench`: the group of commands, and the ones that take a study through the journey."""

from __future__ import annotations

import traceback
from typing import Any

import click

from workbench.cli.approve import approve
from workbench.cli.demo import demo
from workbench.cli.doctor import doctor
from workbench.cli.echo import echo
from workbench.cli.gate import gate
from workbench.cli.hold import hold
from workbench.cli.init import init
from workbench.cli.journey import compare, history, plan, promote, report, resume, rollback, run, sync
from workbench.cli.serve import lab, offline, ui
from workbench.cli.verify import verify
from workbench.errors import WorkbenchError

__all__ = ["main"]


class _Commands(click.Group):
    """Shows the workbench's errors as they are: subject, problem, remedy; no traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; a workbench error ends with exit code 2, any other with 1 and its traceback."""
        try:
            return super().invoke(context)
        except WorkbenchError as error:
            echo("error: ", fg="red", nl=False, err=True)
            echo(str(error), err=True)
            context.exit(2)
        except KeyboardInterrupt:
            echo("interrupted: what is finished is kept; the same command again resumes", err=True)
            context.exit(130)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception:
            echo(traceback.format_exc(), err=True)
            context.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Choose a prompt before you promote it."""


for command in (
    demo,
    init,
    plan,
    run,
    resume,
    compare,
    gate,
    approve,
    promote,
    rollback,
    history,
    report,
    sync,
    hold,
    ui,
    lab,
    offline,
    doctor,
    verify,
):
    main.add_command(command)
