"""How often answers are the JSON that was asked for: at first, after re-asks, after repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from workbench.core.records import Trial
from workbench.core.show import Shown
from workbench.define.answer import check_schema
from workbench.score.repair import repair as repaired
from workbench.score.structured import OUTCOMES, examine, first_outcome, outcome_of, schema_for
from workbench.score.verdict import Check, Unreadable

__all__ = ["Outcomes", "Stage", "Validity", "outcomes", "validity"]

Stage = Literal["first", "final", "repaired"]
"""Of which answer: the first one, the one after re-asks, the latter after repair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity(Check):
    """The answer is the JSON that was asked for: see `validity`."""

    schema: Mapping[str, Any] | None = None
    stage: Stage = "final"

    def __post_init__(self) -> None:
        """Hold that the schema is one."""
        Check.__post_init__(self)
        if self.schema is not None:
            check_schema(self.schema)

    @property
    def needs_expected(self) -> bool:
        """Never: the schema says it all."""
        return False

    def verdict(self, output: str, trial: Trial) -> tuple[float, str | None]:
        """Return 1 where the answer is JSON and fits, else 0 with what is wrong."""
        if self.stage == "first":
            ended, words = first_outcome(trial, self.schema)
        else:
            text = repaired(output) if self.stage == "repaired" else None
            ended, words = examine(output if text is None else text, schema_for(trial, self.schema))
        if ended == "empty":
            raise Unreadable("empty")
        return float(ended == "valid"), words


def validity(
    schema: Mapping[str, Any] | None = None, *, repair: bool = False, name: str = "json_valid"
) -> tuple[Validity, ...]:
    """Return checks of how often an answer is the JSON that was asked for: 1 where it is, else 0.

    ``<name>_first`` judges the model's first reply, ``<name>`` what came of it after re-asks (`Variant`'s
    ``reask``; without them the two are the same), ``<name>_repaired`` the latter after `repair`. A refusal, a
    truncated, an empty and a failed call are missing with that reason: `outcomes` counts them.

    Parameters
    ----------
    schema
        What an answer must fit; None: the schema it was asked with, or any JSON where it was asked with none.
    repair
        Whether to add ``<name>_repaired``.
    name
        The score's name.

    Raises
    ------
    InputError
        Where the schema or the name is malformed.
    """
    found = (
        Validity(name=f"{name}_first", schema=schema, stage="first"),
        Validity(name=name, schema=schema, stage="final"),
    )
    return (*found, Validity(name=f"{name}_repaired", schema=schema, stage="repaired")) if repair else found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes(Shown):
    """What became of the calls of each arm. Made by `outcomes`.

    Parameters
    ----------
    table
        One row an arm: ``arm``; ``attempted`` trials; the count of each outcome, which add up to these;
        ``replies`` (attempted without schema rejected and transport error); ``valid_first``, ``valid_final``,
        ``valid_repaired`` as shares of the replies, NaN where there is none; ``reasks``, the attempts that
        asked again; ``reasks_usd``, what they cost, NaN where any cost is unknown.
    """

    table: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    @property
    def summary(self) -> str:
        """One line an arm."""
        lines = []
        for row in self.table.to_dict("records"):
            counts = ", ".join(f"{row[name]} {name}" for name in OUTCOMES if row[name])
            line = f"{row['arm']}: of {row['attempted']:,} calls {counts or 'none'}"
            if row["replies"]:
                line += (
                    f"; valid at first {row['valid_first']:.1%}, after {row['reasks']} re-asks "
                    f"{row['valid_final']:.1%}, after repair {row['valid_repaired']:.1%}"
                )
            lines.append(line)
        return "\n".join(lines)


def _mended(trial: Trial, schema: Mapping[str, Any] | None) -> bool:
    text = repaired(trial.output or "")
    return text is not None and examine(text, schema_for(trial, schema))[0] == "valid"


def _row(arm: str, trials: list[Trial], schema: Mapping[str, Any] | None) -> dict[str, Any]:
    ended = [outcome_of(trial, schema) for trial in trials]
    counts = Counter(ended)
    first = sum(first_outcome(trial, schema)[0] == "valid" for trial in trials)
    mended = sum(
        after == "not JSON" and _mended(trial, schema) for trial, after in zip(trials, ended, strict=True)
    )
    replies = len(trials) - counts["schema rejected"] - counts["transport error"]
    asked = [
        attempt
        for trial in trials
        if trial.source == "call"
        for attempt in trial.attempts
        if attempt.purpose == "reask"
    ]

    def share(count: int) -> float:
        return count / replies if replies else float("nan")

    return {
        "arm": arm,
        "attempted": len(trials),
        **{name: counts[name] for name in OUTCOMES},
        "replies": replies,
        "valid_first": share(first),
        "valid_final": share(counts["valid"]),
        "valid_repaired": share(counts["valid"] + mended),
        "reasks": len(asked),
        "reasks_usd": sum(float("nan") if each.cost_usd is None else each.cost_usd for each in asked),
    }


def outcomes(trials: Iterable[Trial], schema: Mapping[str, Any] | None = None) -> Outcomes:
    """Return what became of the calls of each arm, one outcome each.

    Parameters
    ----------
    trials
        Of one run or of several; arms in the order in which they come.
    schema
        What an answer must fit; None: the schema it was asked with, or any JSON where it was asked with none.
    """
    by_arm: dict[str, list[Trial]] = {}
    for trial in trials:
        by_arm.setdefault(trial.arm, []).append(trial)
    rows = [_row(arm, each, schema) for arm, each in by_arm.items()]
    columns = ["arm", "attempted", *OUTCOMES, "replies", "valid_first", "valid_final", "valid_repaired"]
    return Outcomes(table=pd.DataFrame(rows, columns=[*columns, "reasks", "reasks_usd"]))
