"""Approvals from the command line: asked for by the gate, given, and written down."""

from __future__ import annotations

from pathlib import Path

from tests.cli.world import project


def test_a_promotion_waits_for_its_approval(url: str, store: str, tmp_path: Path) -> None:
    """Refused without; with it promoted, in another process's words the same decision."""
    commands = project(tmp_path, url, store, name="approved")
    commands.change("margin: 0.02", "margin: 0.02, approvals: 1")
    refused = commands("promote", "tickets")
    assert refused.exit_code == 2, refused.output
    assert "0 of 1 approvals are given" in refused.stderr
    given = commands("approve", "tickets", "--by", "product owner", "--note", "read the flips")
    assert given.exit_code == 0, given.output
    assert "approved by product owner: read the flips" in given.stdout
    promoted = commands("promote", "tickets")
    assert promoted.exit_code == 0, promoted.output
    assert "product owner: read the flips" in commands("history", "tickets").stdout


def test_nothing_to_approve(url: str, store: str, tmp_path: Path) -> None:
    """Where the incumbent is kept there is nothing to approve."""
    commands = project(tmp_path, url, store, incumbent="shots", name="unapproved")
    done = commands("approve", "tickets", "--by", "legal")
    assert done.exit_code == 2
    assert "Only a decision to promote" in done.stderr
