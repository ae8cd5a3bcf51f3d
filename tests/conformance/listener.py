"""What every Listener must do."""

from __future__ import annotations

from collections.abc import Callable

from workbench.core.protocols import Listener
from workbench.run.progress import Progress

STATES = [
    Progress(
        execution_id="0123456789abcdef",
        state=state,
        reason=reason,
        planned=planned,
        done=done,
        reused=0,
        failed=0,
        tokens_in=0,
        tokens_out=0,
        usd=0.0,
        unpriced=0,
        elapsed_s=0.0,
    )
    for state, reason, planned, done in [
        ("running", "", 0, 0),
        ("running", "", 10, 0),
        ("budget", "<b>the budget is reached</b>", 10, 5),
        ("failed", "nobody there", 10, 0),
        ("done", "", 10, 10),
    ]
]
"""Snapshots at the edges: nothing planned, nothing done, ended in each way."""


def check_listener(make: Callable[[], Listener]) -> None:
    """Hold a listener to the Protocol: it takes every snapshot, in any order, again, and never raises."""
    listener = make()
    assert isinstance(listener, Listener)
    for _ in range(2):
        for event in (*STATES, *reversed(STATES)):
            listener.notify(event)
