"""The verbs of a doubter: does the gate hold on such rows; does a decision follow from its artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.analyze.compare import Comparison
from workbench.bench.results import source_of
from workbench.promote.decision import Decision
from workbench.promote.equal import STUDIES, EqualArms
from workbench.promote.equal import equal_arms as deal
from workbench.promote.verify import Verification
from workbench.promote.verify import verify as recompute
from workbench.record.decisions import read_decision

if TYPE_CHECKING:
    from workbench.bench.bench import Bench

__all__ = ["equal_arms", "verify"]


def equal_arms(bench: Bench, result: Comparison, *, studies: int = STUDIES, seed: int = 1) -> EqualArms:
    """Say how often the result's gate promotes an arm where none is better, on these very rows.

    Parameters
    ----------
    result
        Of `compare`.
    studies, seed
        Studies of equal arms to make, at least 1; of the dealing.

    Raises
    ------
    DatasetError
        Where there is one arm only, or `studies` is below 1.
    """
    source = source_of(bench, result)
    return deal(source.frame, source.gate, result.incumbent, studies=studies, seed=seed)


def verify(bench: Bench, decision: Decision | str) -> Verification:
    """Recompute every figure of a recorded decision from its artifacts in MLflow.

    Parameters
    ----------
    decision
        Of `decide`: the latest one recorded of its execution; or the id of a decision's run, or of an
        execution.

    Raises
    ------
    RecordError
        Where it is not recorded, or cannot be read.
    """
    name = decision if isinstance(decision, str) else decision.execution_id
    store = bench.recording.recorder.open
    return bench.recording.now(lambda: recompute(read_decision(store(), name)))
