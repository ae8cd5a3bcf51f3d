"""What is held, from the command line: listed, approved, edited, rejected."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workbench.cli import main
from workbench.store.journal import Journal


class Desk:
    """A project's folder and its commands."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = Journal(root / ".workbench" / "journal.sqlite")

    def __call__(self, *arguments: str, given: str = "") -> Result:
        """Run `workbench hold`."""
        runner = CliRunner(env={"WORKBENCH_HOME": str(self.root)})
        return runner.invoke(main, ["hold", *arguments], input=given)

    def hold(self, text: str = "Go away.", deadline_s: float = 600.0) -> int:
        """Hold a reply back."""
        call = f"k{len(self.journal.held.items().items)}"
        asked = "Where is\nmy parcel?"
        held = self.journal.held.hold(
            call, side="output", guard="abuse", category="abuse", score=0.9, asked=asked, text=text,
            deadline_s=deadline_s,
        )  # fmt: skip
        return held.item


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A project where nothing is held."""
    return Desk(tmp_path)


def test_list(desk: Desk) -> None:
    """What waits is shown with what was asked and found; what is decided only when asked for."""
    assert desk("list").stdout == "nothing is held\n"
    desk.hold()
    shown = desk("list").stdout
    assert "item 1: held until 20" in shown
    assert "output, abuse (0.90)" in shown
    assert "  asked: my parcel?" in shown
    assert "  output: Go away." in shown
    assert desk("reject", "1", "--by", "shift lead").exit_code == 0
    assert "item 1" not in desk("list").stdout
    assert "item 1: rejected by shift lead" in desk("list", "--all").stdout


def test_decide(desk: Desk) -> None:
    """Each decision is written to the journal, once; an edit's text comes by option or on standard input."""
    for _ in range(4):
        desk.hold()
    assert desk("approve", "1", "--by", "shift lead", "--note", "is fine").stdout == (
        "item 1: approved by shift lead\n"
    )
    assert desk("edit", "2", "--by", "shift lead", "--text", "Please wait.").exit_code == 0
    assert desk("edit", "3", "--by", "shift lead", given="Please\nwait.\n").exit_code == 0
    assert desk("reject", "4", "--by", "shift lead").exit_code == 0
    found = [(held.state, held.text, held.note) for held in desk.journal.held.items().items]
    assert found == [
        ("approved", "Go away.", "is fine"),
        ("edited", "Please wait.", ""),
        ("edited", "Please\nwait.", ""),
        ("rejected", "Go away.", ""),
    ]
    again = desk("approve", "4", "--by", "someone else")
    assert again.exit_code == 2
    assert "rejected by shift lead already" in again.stderr


def test_nothing_to_give(desk: Desk) -> None:
    """An empty edit decides nothing; an unknown item is said to be one."""
    desk.hold()
    assert desk("edit", "1", "--by", "shift lead", given=" \n").exit_code == 2
    assert desk.journal.held.get(1).state == "held"
    assert "none of that number" in desk("approve", "9", "--by", "shift lead").stderr


def test_a_text_does_not_steer_the_terminal(desk: Desk) -> None:
    """Control signs of a held text are shown, not sent; a key in it is not shown."""
    key = "sk-" + "ant-" + "Ab3" * 12
    desk.hold(f"\x1b[2Jcleared {key}")
    shown = desk("list").stdout
    assert "\x1b" not in shown
    assert "\ufffd[2Jcleared" in shown
    assert key not in shown
