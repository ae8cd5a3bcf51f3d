"""The pilot: what earlier runs of the same study say about the arms of a plan. Found, not asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from workbench.core.identity import canonical
from workbench.core.protocols import Scorer
from workbench.core.records import Score, Trial
from workbench.plan.grid import Arm
from workbench.plan.spread import Spread, spread

if TYPE_CHECKING:
    from workbench.store.journal import Journal

__all__ = ["MOST_TRIALS", "Earlier", "Pilot", "earlier_trials", "pilot"]

MOST_TRIALS = 20_000
"""Of a study's earlier executions the latest are looked at, until so many trials are read."""

Rows = tuple[Sequence[Trial], Sequence[Score]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What an arm did before.

    Parameters
    ----------
    tokens_out
        Output tokens of its answers, by case.
    seconds
        Latency of its answers.
    cost_usd
        Cost of its calls, where known.
    """

    tokens_out: Mapping[str, Sequence[int]] = field(default_factory=dict)
    seconds: Sequence[float] = ()
    cost_usd: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """What earlier runs say.

    Parameters
    ----------
    arms
        By name of an arm of the plan; those never asked are not in it.
    spreads
        One a challenger that was asked beside the incumbent often enough.
    """

    arms: Mapping[str, Earlier] = field(default_factory=dict)
    spreads: tuple[Spread, ...] = ()


def earlier_trials(journal: Journal, study: str) -> Rows:
    """Return trials and scores of a study's earlier executions, the latest first, up to `MOST_TRIALS`."""
    trials: list[Trial] = []
    scores: list[Score] = []
    for execution in reversed(journal.executions(study)):
        if len(trials) >= MOST_TRIALS:
            break
        trials += journal.trials(execution.execution_id)
        scores += journal.scores(execution.execution_id)
    return trials, scores


def pilot(rows: Rows, arms: Sequence[Arm], incumbent: str, scorer: Scorer | None) -> Pilot:
    """Return what earlier trials say about these arms.

    An arm is known again by its prompt's content, its model and its parameters, whatever it was called. A
    call that answered several trials counts once.

    Parameters
    ----------
    rows
        Trials and their scores.
    incumbent
        Name of the arm that the others are compared with.
    scorer
        Whose score decides; only scores of its very definition count. None: no spread can be found.
    """
    names = {_content(arm.variant.hash, arm.model.name, arm.params): arm.name for arm in arms}
    found: dict[str, list[Trial]] = {}
    seen: set[tuple[str, str]] = set()
    for trial in rows[0]:
        name = names.get(_content(trial.variant_hash, trial.model, trial.params))
        if name is None or trial.status == "error" or (name, trial.call_key) in seen:
            continue
        seen.add((name, trial.call_key))
        found.setdefault(name, []).append(trial)
    return Pilot(
        arms={name: _earlier(trials) for name, trials in found.items()},
        spreads=() if scorer is None else _spreads(found, rows[1], incumbent, scorer),
    )


def _content(variant_hash: str, model: str, params: Mapping[str, Any]) -> tuple[str, str, str]:
    return variant_hash, model, canonical(params)


def _earlier(trials: Sequence[Trial]) -> Earlier:
    tokens: dict[str, list[int]] = {}
    for trial in trials:
        last = trial.attempts[-1].usage if trial.attempts else trial.usage
        if last is not None:
            tokens.setdefault(trial.case_id, []).append(last.tokens_out)
    return Earlier(
        tokens_out=tokens,
        seconds=[trial.latency_s for trial in trials if trial.latency_s is not None],
        cost_usd=[trial.cost_usd for trial in trials if trial.cost_usd is not None],
    )


def _spreads(
    found: Mapping[str, Sequence[Trial]], scores: Sequence[Score], incumbent: str, scorer: Scorer
) -> tuple[Spread, ...]:
    values = {
        score.trial_id: score.value
        for score in scores
        if score.scorer == scorer.name and score.digest == scorer.digest and score.value is not None
    }
    draws = pd.DataFrame(
        [
            (name, trial.case_id, trial.sample, trial.repeat, values[trial.trial_id])
            for name, trials in found.items()
            for trial in trials
            if trial.trial_id in values and trial.status == "ok"
        ],
        columns=["arm", "case_id", "sample", "repeat", "value"],
    )
    if incumbent not in set(draws["arm"]):
        return ()
    # One draw may have been made of two calls (a dataset whose case changed): the later one counts.
    table = draws.drop_duplicates(["arm", "case_id", "sample", "repeat"]).pivot(
        index=["case_id", "sample", "repeat"], columns="arm", values="value"
    )
    each = [
        spread(name, (table[name] - table[incumbent]).droplevel([1, 2]), seen=draws["value"])
        for name in table.columns
        if name != incumbent
    ]
    return tuple(one for one in each if one is not None)
