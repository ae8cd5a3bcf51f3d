"""The live monitor: state passed on from the run's thread, Stop passed back, a static twin that stays."""

from __future__ import annotations

import json
import threading
import types

from tests.view.test_cards import progress
from tests.view.world import PAYLOADS, unsafe
from workbench.view.progress import progress_card
from workbench.view.widgets.monitor import HERE, Feed, monitor, snapshot


class FakeRun:
    """A run that does as it is told; the handle's public face."""

    def __init__(self, at=None) -> None:
        self.plan = types.SimpleNamespace(study="support-triage", budget_usd=1.0, budget_tokens=50_000)
        self.execution_id = "abc"
        self.progress = at or progress()
        self.stopped = False
        self.listeners = []

    def subscribe(self, listener) -> None:
        """Take a listener, tell it the latest at once."""
        self.listeners.append(listener)
        listener.notify(self.progress)

    def tell(self, at) -> None:
        """Go on to a snapshot."""
        self.progress = at
        for listener in self.listeners:
            listener.notify(at)

    def stop(self) -> None:
        """Stop."""
        self.stopped = True


def test_the_feed_passes_on_in_order_and_ends_once():
    """Each snapshot is passed on; the end is told once; what comes after it is not."""
    seen, ends = [], []
    feed = Feed(lambda at: seen.append(at.done), lambda at: ends.append(at.done))
    for at in (progress(done=1), progress(done=2), progress(done=3, state="done"), progress(done=4)):
        feed.notify(at)
    assert seen == [1, 2, 3]
    assert ends == [3]


def test_what_holds_calls_back_is_shown():
    """While it runs: a model that is down, a rate limit; in the monitor and in its static twin."""
    at = progress(endpoints=("acme/small: down, <left> alone", "acme/small: at most 600 requests a minute"))
    assert snapshot(FakeRun(), at)["reason"] == "; ".join(at.endpoints)
    assert "&lt;left&gt; alone" in progress_card(at)
    assert all(line in at.summary for line in at.endpoints)


def test_budgets_and_doubts_stand_beside_the_figures():
    """What may be taken, in USD and tokens, and which calls may have been billed twice."""
    notes = {name: note for name, _, note in snapshot(FakeRun(), progress(in_doubt=2))["numbers"]}
    assert notes["Tokens in / out"] == "of 50,000"
    assert notes["USD"] == "of $1.00, 2 calls possibly billed twice"
    assert "2 calls possibly billed twice" in progress_card(progress(in_doubt=2))


def test_the_page_gets_texts_and_numbers_only():
    """The state is plain JSON with trials, tokens, USD, failures and time."""
    state = json.loads(json.dumps(snapshot(FakeRun(), progress())))
    assert state["running"] is True
    assert (state["done"], state["planned"]) == (90, 360)
    assert [name for name, _, _ in state["numbers"]] == ["Trials", "Tokens in / out", "USD", "Failed", "Time"]


def test_the_widget_follows_the_run_from_another_thread():
    """A snapshot told in the run's thread is the widget's state afterwards."""
    run = FakeRun()
    widget = monitor(run)
    assert widget.state["done"] == 90
    teller = threading.Thread(target=run.tell, args=(progress(done=360, state="done", left_s=None),))
    teller.start()
    teller.join()
    assert widget.state["done"] == 360
    assert widget.state["running"] is False


def test_stop_reaches_the_run_and_nothing_else_does():
    """Only the one known message from the page counts."""
    run = FakeRun()
    widget = monitor(run)
    for content in ({"kind": "other"}, "stop", None, [1]):
        widget._handle_custom_msg(content, [])
    assert run.stopped is False
    widget._handle_custom_msg({"kind": "stop"}, [])
    assert run.stopped is True


def test_a_run_that_has_ended_already_is_shown_ended():
    """Subscribing late still ends the monitor."""
    ends = []
    widget = monitor(FakeRun(progress(done=360, state="done")), finished=ends.append)
    assert widget.state["running"] is False
    assert len(ends) == 1


def test_the_static_twin_says_the_same():
    """Beside the widget stands the card, as HTML and as text, for where no widget can live."""
    for payload in ("plain", *PAYLOADS):
        run = FakeRun(progress(errors={payload: 2}, reason=payload))
        data, _ = monitor(run)._repr_mimebundle_()
        assert "application/vnd.jupyter.widget-view+json" in data
        assert "90 of 360 trials" in data["text/html"]
        assert "90 of 360 trials" in data["text/plain"]
        assert unsafe(data["text/html"]) == []


def test_the_page_never_makes_markup_from_text():
    """The script sets text only and names no address."""
    script = (HERE / "monitor.js").read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http"):
        assert word not in script
    assert "@import" not in (HERE / "monitor.css").read_text()


NOTEBOOK = """
import threading
from tests.view.test_cards import progress
from tests.view.test_monitor import FakeRun
from workbench.view.widgets.monitor import show
run, go = FakeRun(), threading.Event()
def tell():
    go.wait(60)
    run.tell(progress(done=360, state="done", left_s=None))
teller = threading.Thread(target=tell)
teller.start()
show(run)
"""


def test_in_a_notebook_the_widget_turns_into_its_static_card():
    """The run ends in a later cell: what an executed notebook keeps is the card with the last figures."""
    import nbformat
    from nbclient import NotebookClient

    cells = [nbformat.v4.new_code_cell(text) for text in (NOTEBOOK, "go.set(); teller.join()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert "360 of 360 trials" in output["data"]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in output["data"]


def test_a_run_that_has_ended_is_shown_as_its_card():
    """Shown after its end, in one cell: the card, no widget."""
    import nbformat
    from nbclient import NotebookClient

    text = NOTEBOOK.replace("teller.start()", "go.set(); teller.start(); teller.join()")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert "360 of 360 trials" in output["data"]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in output["data"]
