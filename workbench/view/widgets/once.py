"""A result that shows itself when its cell has run, so that nobody has to ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.core.show import Shown

__all__ = ["show_once"]


def show_once(result: Shown, shell: Any = None) -> None:
    """Show a result below the cell that made it, unless the cell shows it itself as its last line.

    It is output of that cell, so a saved, exported or headlessly executed notebook keeps it; a cell that ends
    in an error shows it as well.

    Parameters
    ----------
    result
        What to show.
    shell
        The notebook's shell; None: the running one. Where there is none, nothing is shown.
    """
    if shell is None:
        from IPython import get_ipython

        shell = get_ipython()
    if shell is None:
        return

    def after(ran: Any) -> None:
        shell.events.unregister("post_run_cell", after)
        if ran.result is not result:
            shell.display_pub.publish(*shell.display_formatter.format(result))

    shell.events.register("post_run_cell", after)
