"""What every `Sink` promises; a room's test calls `check` with its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.core.protocols import Sink
from workbench.core.records import Message, Score, Trial

__all__ = ["check", "trial"]


def trial(trial_id: str = "t1", **changes: object) -> Trial:
    """Return a small trial; any field can be changed."""
    fields: dict[str, object] = {
        "execution_id": "e1",
        "study": "s",
        "arm": "terse@m",
        "variant": "terse",
        "variant_hash": "0" * 64,
        "model": "m",
        "params": {"temperature": 0.7},
        "case_id": "c1",
        "case": {"text": "Where is my parcel?"},
        "repeat": 0,
        "call_key": f"key of {trial_id}",
        "messages": (Message(role="user", content="Where is my parcel?"),),
        "status": "ok",
        "output": "delivery",
        "expected": "delivery",
    }
    return Trial(trial_id=trial_id, **(fields | changes))  # type: ignore[arg-type]


def check(sink: Sink, stored: Callable[[], tuple[Sequence[Trial], Sequence[Score]]]) -> None:
    """Put trials and look at what is stored, through the sink's own way to look."""
    assert isinstance(sink, Sink)
    first = trial("t1")
    verdict = Score(trial_id="t1", scorer="exact", value=1.0)
    sink.put(first, [verdict])
    assert stored() == ([first], [verdict]), "stored before put returns"
    failed = trial("t2", status="error", output=None, error_kind="timeout", error="no answer")
    nothing = Score(trial_id="t2", scorer="exact", value=None, missing="error")
    sink.put(failed, [nothing])
    assert stored() == ([first, failed], [verdict, nothing]), "a failure is a row, a missing score too"
    mended = trial("t2")
    right = Score(trial_id="t2", scorer="exact", value=1.0)
    sink.put(mended, [right])
    assert stored() == ([first, mended], [verdict, right]), "the same trial again takes its place"
