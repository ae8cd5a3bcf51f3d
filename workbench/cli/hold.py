"""`workbench hold`: what guards held back, and what a human says of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from workbench.bench.home import Home
from workbench.cli.echo import echo
from workbench.errors import InputError
from workbench.store.held import Decision, Held
from workbench.store.journal import Journal

__all__ = ["hold"]

_by = click.option("--by", required=True, help="The role that decides, or who.")
_note = click.option("--note", default="", help="Why.")
_item = click.argument("item", type=int)


def _open() -> Journal:
    return Journal(Home.find().journal)


def _decide(item: int, decision: Decision, by: str, note: str, text: str | None = None) -> None:
    with _open() as journal:
        held = journal.held.decide(item, decision, by=by, note=note, text=text)
    echo(f"item {item}: {held.state} by {held.decided_by}")


def _block(held: Held) -> str:
    until = datetime.fromtimestamp(held.deadline, UTC)
    wait = f" until {until:%Y-%m-%d %H:%M:%S} UTC" if held.state == "held" else ""
    who = f" by {held.decided_by}" if held.decided_by else ""
    lines = [f"item {held.item}: {held.state}{who}{wait}; {held.side}, {held.category} ({held.score:.2f})"]
    if held.side == "output":
        lines += [f"  asked: {line}" for line in held.asked.splitlines()]
    lines += [f"  {held.side}: {line}" for line in held.text.splitlines()]
    return "\n".join(lines)


@click.group()
def hold() -> None:
    """What guards held back: list it, approve it, edit it, reject it."""


@hold.command("list")
@click.option("--all", "every", is_flag=True, help="What is decided, too.")
def list_items(every: bool) -> None:
    """List what waits for a human, oldest first, and until when."""
    with _open() as journal:
        items = journal.held.items() if every else journal.held.items("held")
        for held in items.items:
            # Signs that steer a terminal are to be seen, not obeyed.
            echo("".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in _block(held)))
        echo(items.summary)


@hold.command()
@_item
@_by
@_note
def approve(item: int, by: str, note: str) -> None:
    """Let an item through as it is."""
    _decide(item, "approved", by, note)


@hold.command()
@_item
@_by
@_note
@click.option("--text", help="What is given in its place; left out: what standard input says.")
def edit(item: int, by: str, note: str, text: str | None) -> None:
    """Give another text in an item's place."""
    given = text if text is not None else sys.stdin.read()
    if not given.strip():
        raise InputError(f"held item {item}", "the edited text is empty", "Give --text, or reject the item.")
    _decide(item, "edited", by, note, given.rstrip("\n"))


@hold.command()
@_item
@_by
@_note
def reject(item: int, by: str, note: str) -> None:
    """Give the stated answer in an item's place."""
    _decide(item, "rejected", by, note)
