"""What the commands print, all of it through here: no secret reaches a terminal or a log of one."""

from __future__ import annotations

from typing import Any

import click

from workbench.core.redact import redact

__all__ = ["echo"]


def echo(text: Any, *, err: bool = False, nl: bool = True, **style: Any) -> None:
    """Print a text without secrets.

    Parameters
    ----------
    err
        To standard error.
    nl
        End the line.
    style
        As `click.style` takes it: fg, bold, …
    """
    click.secho(str(redact(str(text))), err=err, nl=nl, **style)
