"""Which trials become traces: all of a small execution, a stated part of a large one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from workbench.core.records import Score, Trial

__all__ = ["MAX_TRACES", "PER_ARM", "Selection", "select"]

MAX_TRACES = 2_000
"""Up to so many trials, each is a trace."""

PER_ARM = 200
"""Above, so many of each arm; beside them as many failures and as many flips at most."""


class Selection(list[Trial]):
    """The trials that become traces.

    Parameters
    ----------
    trials
        In their order.
    of
        How many there were to choose from.
    """

    def __init__(self, trials: Iterable[Trial], of: int) -> None:
        super().__init__(trials)
        self.of = of

    @property
    def sampled(self) -> bool:
        """Whether some trials are left out."""
        return len(self) < self.of

    @property
    def words(self) -> str:
        """What was chosen, in a line."""
        if not self.sampled:
            return f"all {self.of:,} trials"
        return (
            f"{len(self):,} of {self.of:,} trials: the first {PER_ARM} of each arm, at most as many of its "
            "failures and of its flips against the incumbent; all trials are in trials.parquet"
        )


def select(trials: Sequence[Trial], scores: Iterable[Score] = (), incumbent: str | None = None) -> Selection:
    """Return the trials that become traces.

    Parameters
    ----------
    trials
        All trials so far, in the order in which they landed (a seeded one: the first are a fair sample).
    scores
        Their scores, which tell the flips.
    incumbent
        The arm against which a flip is one: a trial whose value of some score differs from the incumbent's
        on the same case and repeat. None: no flips are added.
    """
    if len(trials) <= MAX_TRACES:
        return Selection(trials, len(trials))
    values: dict[str, dict[str, float | None]] = defaultdict(dict)
    for score in scores:
        values[score.trial_id][score.scorer] = score.value
    base = {
        (trial.case_id, trial.repeat): values.get(trial.trial_id)
        for trial in trials
        if trial.arm == incumbent
    }
    counts: dict[tuple[str, str], int] = defaultdict(int)
    chosen = []
    for trial in trials:
        other = base.get((trial.case_id, trial.repeat))
        flip = other is not None and trial.arm != incumbent and values.get(trial.trial_id) != other
        wanted = False
        for kind, holds in (("first", True), ("failed", trial.status != "ok"), ("flip", flip)):
            if holds and counts[trial.arm, kind] < PER_ARM:
                counts[trial.arm, kind] += 1
                wanted = True
        if wanted:
            chosen.append(trial)
    return Selection(chosen, len(trials))
