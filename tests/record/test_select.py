"""The rule of volume: all of a small execution, a stated part of a large one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tests.record.examples import answer, make
from workbench.record.select import MAX_TRACES, PER_ARM, select


def test_up_to_the_limit_every_trial_is_a_trace() -> None:
    """Nothing is sampled, and the words say so."""
    trials, scores = answer(make("small", n=MAX_TRACES // 4, repeats=2))
    chosen = select(trials, scores, "terse@offline/minilm")
    assert list(chosen) == trials
    assert not chosen.sampled


def test_above_it_the_first_of_each_arm_its_failures_and_its_flips() -> None:
    """Late failures and late flips are there; the number is bounded and stated."""
    trials, scores = answer(make("large", n=1_200, repeats=1))
    last = next(
        i for i in range(len(trials) - 1, 0, -1) if trials[i].arm.startswith("long") and scores[i].value
    )
    scores[last] = replace(scores[last], value=0.0)
    plain = [replace(trial, status="ok") for trial in trials]
    plain[-3] = replace(plain[-3], status="refused")
    equal = [replace(score, value=1.0 if i != last else 0.0, missing=None) for i, score in enumerate(scores)]
    chosen = select(plain, equal, "terse@offline/minilm")
    counts = Counter(trial.arm for trial in chosen)
    assert plain[last] in chosen
    assert plain[-3] in chosen
    assert all(PER_ARM <= count <= PER_ARM + 2 for count in counts.values())
    assert chosen.words.startswith(f"{len(chosen):,} of 2,400 trials")
