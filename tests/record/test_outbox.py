"""Delivery from a real journal: at least once in, exactly once there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.record.examples import answer, make
from workbench.core.records import Score, Trial
from workbench.errors import RecordError
from workbench.record.outbox import deliver
from workbench.record.runs import Recorder
from workbench.store.journal import Journal


class Flaky:
    """Takes one batch, then fails."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.left = 1

    def add_traces(self, trials: Sequence[Trial], scores: Iterable[Score]) -> int:
        """Write the first batch only."""
        self.left -= 1
        written = self.recorder.add_traces(trials, scores)
        if self.left < 0:
            raise RecordError("store", "went away after it wrote", "Deliver again.")
        return written


def test_all_that_is_pending_becomes_traces_once(recorder: Recorder, tmp_path: Path) -> None:
    """A delivery cut off after a write is repeated without doubles; then nothing is left."""
    plan = make("delivered")
    trials, scores = answer(plan)
    with Journal(tmp_path / "journal.db") as journal:
        for trial, score in zip(trials, scores, strict=True):
            journal.put(trial, [score])
        ids = recorder.begin(plan)
        with pytest.raises(RecordError, match="went away"):
            deliver(journal, plan.execution_id, Flaky(recorder), batch=6)
        done = deliver(journal, plan.execution_id, recorder, batch=6)
        assert (done.rows, done.traces, done.words) == (10, 4, "all 16 trials")
        assert deliver(journal, plan.execution_id, recorder).rows == 0
        assert not journal.pending(plan.execution_id)
    found = recorder.open().client.search_traces(locations=[ids.experiment_id])
    assert len(found) == 16
    assert all("exact" in {item.name for item in trace.info.assessments} for trace in found)


def test_a_later_score_is_delivered_to_the_trace_that_is_there(recorder: Recorder, tmp_path: Path) -> None:
    """A human's label joins the assessments."""
    plan = make("labeled", n=1, repeats=1)
    trials, scores = answer(plan)
    label = Score(trial_id=trials[0].trial_id, scorer="helpful", value=1.0, source="HUMAN", rater="r1")
    with Journal(tmp_path / "journal.db") as journal:
        for trial, score in zip(trials, scores, strict=True):
            journal.put(trial, [score])
        deliver(journal, plan.execution_id, recorder)
        journal.put_scores(plan.execution_id, [label])
        assert deliver(journal, plan.execution_id, recorder).traces == 1
    trace = recorder.open().client.get_trace(f"tr-{trials[0].trial_id}")
    sources = {item.name: item.source.source_type for item in trace.info.assessments}
    assert sources == {"exact": "CODE", "expected": "CODE", "helpful": "HUMAN"}


class Landing:
    """A store that is slow: while it takes a batch, another trial lands."""

    def __init__(self, recorder: Recorder, journal: Journal, later: list[tuple[Trial, Score]]) -> None:
        self.recorder, self.journal, self.later = recorder, journal, later
        self.most = 0

    def add_traces(self, trials: Sequence[Trial], scores: Iterable[Score]) -> int:
        """Take a batch, and let a trial land."""
        self.most = max(self.most, len(trials))
        if self.later:
            trial, score = self.later.pop()
            self.journal.put(trial, [score])
        return self.recorder.add_traces(trials, scores)


def test_what_lands_meanwhile_waits(recorder: Recorder, tmp_path: Path) -> None:
    """Rows that land during a delivery are neither lost nor marked; batches stay as small as asked."""
    plan = make("slow", n=2)
    pairs = list(zip(*answer(plan), strict=True))
    with Journal(tmp_path / "journal.db") as journal:
        for trial, score in pairs[:5]:
            journal.put(trial, [score])
        slow = Landing(recorder, journal, pairs[5:])
        assert deliver(journal, plan.execution_id, slow, batch=2).rows == 5
        assert len(journal.pending(plan.execution_id)) == 3
        assert deliver(journal, plan.execution_id, slow, batch=2).rows == 3
        assert slow.most == 2
    found = recorder.open().client.search_traces(
        locations=[recorder.open().client.get_experiment_by_name("slow").experiment_id]
    )
    assert len(found) == 8
