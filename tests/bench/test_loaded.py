"""Others' runs are compared and decided like ours, and it is said that no plan fixed the gate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.bench.loaded import compare_loaded, decide_loaded, gate_for
from workbench.errors import InputError
from workbench.plan.gate import Gate
from workbench.record.sources.frames import from_frame


def loaded(better: float = 0.9) -> pd.DataFrame:
    """Return a plain table of two prompts on 300 questions, loaded."""
    rng = np.random.default_rng(1)
    parts = [
        pd.DataFrame(
            {
                "prompt": name,
                "id": range(300),
                "output": "x",
                "correct": rng.random(300) < right,
                "cost": 0.01,
            }
        )
        for name, right in (("old", 0.6), ("new", better))
    ]
    return from_frame(pd.concat(parts, ignore_index=True))


def test_from_a_table_to_a_verdict() -> None:
    """The better prompt is promoted by the gate given now, which is said to be no plan's."""
    frame = loaded()
    gate = gate_for(frame, None, 0.05, None)
    assert (gate.score, gate.margin) == ("correct", 0.05)
    result = compare_loaded(frame, gate, "old")
    assert result.differences["verdict"].tolist() == ["better"]
    decision = decide_loaded(frame, result, gate)
    assert (decision.verdict, decision.chosen) == ("promote", "new")
    assert any("gate was changed" in reason for reason in decision.reasons)


def test_a_gate_keeps_its_limits() -> None:
    """Score and margin are put into the gate given; the rest of it stays."""
    gate = gate_for(loaded(), None, 0.1, Gate(score="correct", min_cases=77))
    assert (gate.score, gate.margin, gate.min_cases) == ("correct", 0.1, 77)


def test_what_is_not_clear_is_asked() -> None:
    """Several scores and none named; an arm that is not there."""
    frame = loaded().assign(score_other=1.0)
    with pytest.raises(InputError, match="correct, other"):
        gate_for(frame, None, None, None)
    with pytest.raises(InputError, match="Did you mean 'old'"):
        compare_loaded(frame, gate_for(frame, "correct", None, None), "odl")
