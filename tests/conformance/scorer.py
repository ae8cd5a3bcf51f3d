"""What every `Scorer` must do, whoever wrote it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workbench.core.protocols import Scorer
from workbench.core.records import Trial

__all__ = ["a_trial", "check_scorer"]


def a_trial(output: str | None = "billing", expected: Any = "billing", **changes: Any) -> Trial:
    """Return an answered trial; `changes` are any of its fields."""
    fields: dict[str, Any] = {
        "trial_id": "t1",
        "execution_id": "e1",
        "study": "triage",
        "arm": "terse@acme/small",
        "variant": "terse",
        "variant_hash": "v1",
        "model": "acme/small",
        "params": {},
        "case_id": "c1",
        "case": {"text": "I was charged twice."},
        "repeat": 0,
        "call_key": "k1",
        "messages": (),
        "status": "ok",
    }
    return Trial(output=output, expected=expected, **(fields | changes))


def check_scorer(make: Callable[[], Scorer], answered: Trial) -> None:
    """Hold a scorer to the Protocol and to the law of missing.

    Parameters
    ----------
    make
        Makes the scorer; two of them are one definition.
    answered
        A trial that it gives a value.
    """
    one, other = make(), make()
    assert isinstance(one, Scorer)
    assert one.name
    assert one.digest
    assert (one.name, one.digest) == (other.name, other.digest)

    score = asyncio.run(one.score(answered))
    assert score.value is not None
    assert (score.trial_id, score.scorer, score.digest) == (answered.trial_id, one.name, one.digest)
    assert asyncio.run(one.score(answered)).value == score.value

    for status in ("refused", "truncated", "empty", "error"):
        unanswered = asyncio.run(one.score(replace(answered, status=status)))
        assert unanswered.value is None, f"{status} became a value"
        assert unanswered.missing
    assert asyncio.run(one.score(replace(answered, output=None))).value is None
