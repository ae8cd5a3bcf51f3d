"""What every `EventLog` promises; a room's test calls `check` with its own, empty one."""

from __future__ import annotations

import threading
from contextlib import suppress

from workbench.promote.places import EventLog

__all__ = ["check"]


def check(log: EventLog) -> None:
    """Events come back by kind, oldest first, equal to what was written, with their time."""
    first = log.add_event("one", {"n": 1, "text": "a", "none": None})
    log.add_event("other", {"n": 2})
    log.add_event("one", {"n": 3})
    assert dict(first.payload) == {"n": 1, "text": "a", "none": None}
    assert [event.payload["n"] for event in log.events("one")] == [1, 3]
    assert [event.payload["n"] for event in log.events()] == [1, 2, 3]
    times = [event.at for event in log.events()]
    assert times == sorted(times)
    assert log.events("never") == []
    _alone(log)


def _alone(log: EventLog) -> None:
    """Whoever is in there keeps others out, and comes out by an exception too."""
    inside: list[int] = []

    def enter(number: int) -> None:
        with suppress(KeyError), log.alone("move"):
            inside.append(number)
            assert inside[-1] == number
            raise KeyError(number)

    with log.alone("move"):
        others = [threading.Thread(target=enter, args=(number,)) for number in range(3)]
        for other in others:
            other.start()
        assert not inside
    for other in others:
        other.join(timeout=30)
    assert sorted(inside) == [0, 1, 2]
