"""Tests of progress: sums, pace, words."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.plan.world import plan
from tests.run.world import Counting, failure
from workbench.core.records import Trial
from workbench.run.progress import Tracker
from workbench.run.trials import answered, failed

PLAN = plan()
CELLS = list(PLAN.cells())
REPLY = asyncio.run(Counting().ask(CELLS[0].request))


def good(index: int) -> Trial:
    """Return an answered row."""
    return answered(PLAN, CELLS[index], REPLY, source="call")


def bad(index: int) -> Trial:
    """Return a failed row that may have cost something."""
    return failed(PLAN, CELLS[index], failure("timeout", status=None))


class Ticking:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def tracker(clock: Ticking) -> Tracker:
    """Return a tracker of the small plan."""
    return Tracker("x", {arm.name: 12 for arm in PLAN.arms}, clock)


def test_time_left_follows_the_pace() -> None:
    """6 of 24 in 12 s leave 36 s; rows of earlier runs count as done and not as pace."""
    clock = Ticking()
    tracked = tracker(clock)
    assert tracked.snapshot().left_s is None
    for index in range(4):
        tracked.add(good(index), earlier=True)
    for index in range(4, 10):
        tracked.add(good(index))
    clock.now += 12
    assert tracked.snapshot().left_s == pytest.approx(12 / 6 * 14)
    assert tracked.snapshot().elapsed_s == 12


def test_no_time_left_is_said_before_there_is_a_pace() -> None:
    """Until a quarter has landed it says that it is estimating; the pace is that of the last ones."""
    clock = Ticking()
    tracked = Tracker("x", {PLAN.arms[0].name: 4_000}, clock)
    clock.now += 60  # a slow start
    for _ in range(31):
        tracked.add(good(0))
    assert tracked.snapshot().left_s is None
    assert "estimating the time left" in tracked.snapshot().summary
    for _ in range(969):
        clock.now += 0.1
        tracked.add(good(0))
    assert tracked.snapshot().left_s == pytest.approx(300, rel=0.01)


def test_a_failed_row_asked_again_is_not_counted_twice() -> None:
    """Adding and removing a row leaves the sums as they were; its successor carries its attempts."""
    tracked = tracker(Ticking())
    empty = tracked.snapshot()
    tracked.add(bad(0), earlier=True)
    assert (tracked.snapshot().failed, tracked.snapshot().unpriced) == (1, 1)
    tracked.remove(bad(0))
    assert tracked.snapshot() == empty
    tracked.add(answered(PLAN, CELLS[0], REPLY, source="call", before=bad(0).attempts))
    after = tracked.snapshot()
    assert (after.done, after.failed, after.unpriced) == (1, 0, 1)
    assert after.usd == pytest.approx(0.002)


def test_reused_rows_cost_nothing_now() -> None:
    """A row from the journal is counted as reused, without tokens or cost."""
    tracked = tracker(Ticking())
    tracked.add(replace(good(0), source="journal"))
    shown = tracked.snapshot()
    assert (shown.done, shown.reused, shown.usd, shown.tokens_in) == (1, 1, 0.0, 0)


def test_the_first_end_counts_and_stops_the_clock() -> None:
    """A stop after the budget was reached does not rewrite why it ended."""
    clock = Ticking()
    tracked = tracker(clock)
    tracked.end("budget", "no money")
    tracked.end("stopped", "stopped")
    tracked.finish()
    clock.now += 50
    shown = tracked.snapshot()
    assert (shown.state, shown.reason, shown.elapsed_s) == ("budget", "no money", 0.0)


def test_it_says_all_in_a_line() -> None:
    """The summary has counts, tokens, USD, errors by kind and time; the frame one row an arm."""
    clock = Ticking()
    tracked = tracker(clock)
    tracked.add(good(0))
    tracked.add(bad(1))
    clock.now += 3725
    shown = tracked.snapshot()
    for words in (
        "2 of 24 trials",
        "0.002 USD + 1 at unknown cost",
        "1 failed (timeout 1)",
        "1:02:05 elapsed",
    ):
        assert words in shown.summary
    assert len(shown.frame) == 2
    assert shown.summary in str(shown)
