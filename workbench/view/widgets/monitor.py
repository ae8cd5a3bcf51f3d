"""The live monitor of a run: progress, calls, tokens, USD, errors, time left, Stop; the kernel stays free.

The run tells the monitor what happens from its own thread, a few times a second; the monitor passes it on.
When the run ends, what was displayed turns into the run's static card, so that a saved, exported or reopened
notebook shows it without a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.redact import redact
from workbench.view.progress import progress_numbers, progress_words, run_name, still_card

if TYPE_CHECKING:
    from workbench.run.handle import Run
    from workbench.run.progress import Progress

__all__ = ["Feed", "monitor", "show"]

HERE = Path(__file__).parent


def snapshot(run: Run, at: Progress) -> dict[str, Any]:
    """Return what the page shows of a run: texts and numbers only, ready for JSON."""
    shown: dict[str, Any] = {
        "title": run_name(run),
        "label": progress_words(at),
        "reason": at.reason or "; ".join(at.endpoints),
        "running": at.state == "running",
        "done": at.done,
        "planned": at.planned,
        "numbers": [list(pair) for pair in progress_numbers(at, run.plan.budget_usd, run.plan.budget_tokens)],
    }
    return dict(redact(shown))


class Feed:
    """Hears a run's progress and passes it on, in order, until it has ended.

    Parameters
    ----------
    update
        Takes each progress; called from the run's thread.
    finished
        Takes the last progress, once, after the last update.
    """

    def __init__(
        self, update: Callable[[Progress], None], finished: Callable[[Progress], None] = lambda _: None
    ) -> None:
        self._update = update
        self._finished = finished
        self._ended = False

    def notify(self, event: Progress) -> None:
        """Take a snapshot of the run; those after its end are passed over."""
        if self._ended:
            return
        self._ended = event.state != "running"
        self._update(event)
        if self._ended:
            self._finished(event)


class Still:
    """A run's last card, to be displayed where its monitor was."""

    def __init__(self, run: Run, at: Progress) -> None:
        self._run, self._at = run, at

    def __repr__(self) -> str:
        return str(redact(f"{run_name(self._run)}: {self._at.summary}"))

    def _repr_html_(self) -> str:
        return still_card(self._run, self._at)


@cache
def _widget_class() -> Any:
    """Return the widget's class; made on first use, because its vendor is heavy."""
    import anywidget
    import traitlets

    class Monitor(anywidget.AnyWidget):  # type: ignore[misc]
        """A run as it goes. Its text/html twin shows the same where no widget can live."""

        _esm = HERE / "monitor.js"
        _css = HERE / "monitor.css"
        state = traitlets.Dict().tag(sync=True)

        def __init__(self, run: Run) -> None:
            self.run = run
            super().__init__(state=snapshot(run, run.progress))
            self.on_msg(self._asked)

        def _asked(self, _widget: Any, content: Any, _buffers: Any) -> None:
            if isinstance(content, dict) and content.get("kind") == "stop":
                self.run.stop()

        def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
            data, about = super()._repr_mimebundle_(**kwargs) or ({}, {})
            still = Still(self.run, self.run.progress)
            return data | {"text/plain": repr(still), "text/html": still._repr_html_()}, about

    return Monitor


def monitor(run: Run, *, finished: Callable[[Progress], None] = lambda _: None) -> Any:
    """Return a live widget of a run, with Stop; display it, or leave it as a cell's last line.

    Parameters
    ----------
    run
        What `bench.run` returns.
    finished
        Takes the last progress, once, from the run's thread.
    """
    widget = _widget_class()(run)

    def update(at: Progress) -> None:
        widget.state = snapshot(run, at)

    run.subscribe(Feed(update, finished))
    return widget


def show(run: Run) -> None:
    """Display the live monitor in a notebook; at the run's end it turns into the static card, to be kept.

    The card is put there at once, from the run's thread, and again when the next cell has run: what a thread
    sends counts as output of the cell that began it, and those who execute a notebook to export it take only
    what the current cell sends.
    """
    from IPython import get_ipython
    from IPython.display import DisplayHandle, display

    handle = DisplayHandle()
    ended: list[Still] = []

    def keep(at: Progress) -> None:
        ended.append(Still(run, at))
        handle.update(ended[-1])

    display(monitor(run, finished=keep), display_id=handle.display_id)
    shell = get_ipython()
    if shell is None:
        return

    def settle(_result: Any) -> None:
        if ended:
            handle.update(ended[-1])
            shell.events.unregister("post_run_cell", settle)

    shell.events.register("post_run_cell", settle)
