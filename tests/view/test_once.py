"""A result is shown once by the cell that made it, whatever the cell does with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from workbench.core.show import Shown
from workbench.view.widgets.once import show_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Shown):
    """A small result."""

    @property
    def frame(self) -> pd.DataFrame:
        """One row."""
        return pd.DataFrame({"a": [1]})

    @property
    def summary(self) -> str:
        """A word."""
        return "forty-two"


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Return a shell of its own, in which `make()` makes a result that is to be shown."""
    made = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    made.display_pub = CapturingDisplayPublisher()

    def make() -> Answer:
        answer = Answer()
        show_once(answer, made)
        return answer

    made.user_ns["make"] = make
    yield made
    made.restore_sys_module_state()


def published(shell: InteractiveShell, code: str) -> list[str]:
    """Return the pages that a cell displayed, beside its last expression."""
    shell.display_pub.outputs.clear()
    with capture_output():
        shell.run_cell(code)
    return [one["data"]["text/html"] for one in shell.display_pub.outputs]


def test_a_name_alone_is_enough(shell: InteractiveShell) -> None:
    """A cell that keeps the result in a name shows it once; the next cell does not show it again."""
    pages = published(shell, "answer = make()")
    assert len(pages) == 1
    assert "forty-two" in pages[0]
    assert not published(shell, "1 + 1")


def test_what_the_cell_shows_itself_is_not_shown_twice(shell: InteractiveShell) -> None:
    """The last expression shows itself: nothing is added to it."""
    assert not published(shell, "make()")
    assert not published(shell, "answer = make()\nanswer")


def test_an_error_later_in_the_cell_hides_nothing(shell: InteractiveShell) -> None:
    """What came before the error is shown, since it may say why."""
    assert len(published(shell, "answer = make()\n1 / 0")) == 1


def test_without_a_notebook_nothing_happens() -> None:
    """Outside of IPython there is nowhere to show it, and nothing fails."""
    show_once(Answer())
